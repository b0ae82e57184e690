/**
 * The real state machine, block by block, and hosts that check on it: their chain answers from its state, their peers are functions,
 * their models toys. Executors are played by the workbench; what they hand out, the test may bend.
 */
import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { ChainWatch } from '../../../src/host/chain-watch.ts'
import type { HostContext } from '../../../src/host/context.ts'
import type { BlockNotice, TxOutcome } from '../../../src/host/ports.ts'
import { supervise } from '../../../src/host/tasks.ts'
import { createViewStore } from '../../../src/host/view-store.ts'
import type { Checking, CheckingOptions } from '../../../src/host/work/checking.ts'
import { createChecking } from '../../../src/host/work/checking.ts'
import type { CheckingComponents } from '../../../src/host/work/checks/checking-components.ts'
import type { KeptOpening } from '../../../src/host/work/ports.ts'
import { createSuspicions } from '../../../src/host/work/work-context.ts'
import { createWorkViewStore } from '../../../src/host/work/work-view.ts'
import { equalBytes, toHex, u32be } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { Logger } from '../../../src/lib/runtime.ts'
import type { CheckRequest } from '../../../src/protocol/gen/tailrace/v1/gossip.ts'
import type { ProbeRequest, WorkRequest } from '../../../src/protocol/gen/tailrace/v1/peer.ts'
import {
  QueryBatchRequest,
  QueryBatchResponse,
  QueryEpochRequest,
  QueryEpochResponse,
  QueryEscrowRequest,
  QueryEscrowResponse,
  QueryHostRequest,
  QueryHostResponse,
  QueryModelsRequest,
  QueryModelsResponse,
  QueryWorkDutiesRequest,
  QueryWorkDutiesResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'
import type { SignedOrder, WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { InferencePort } from '../../../src/protocol/inference.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import type { CheckWorld } from '../chain/chain-checks.ts'
import { ask } from '../chain/chain-duties.ts'
import type { Actor, ChainHarness, HostActor } from '../chain/chain-harness.ts'
import { ownerOf } from '../chain/chain-work.ts'
import { VirtualClock } from '../virtual-clock.ts'
import type { ToyOptions } from './toy-inference.ts'
import { createToyInference } from './toy-inference.ts'

/** Answers a request for work data, or throws like a peer that cannot be reached. */
export type Source = (from: Actor, request: WorkRequest) => WorkData | undefined | Promise<WorkData | undefined>

export interface AskedFor extends WorkRequest {
  /** Names. */
  readonly from: string
  readonly to: string
  readonly height: number
}

export interface SentTx {
  readonly from: string
  readonly message: TypedMessage
  readonly height: number
  readonly code: number
  readonly log: string
}

/** What a host has on disk: it outlives the process. */
export interface CheckDisk {
  readonly commitments: Map<string, Uint8Array>
  readonly kept: Map<string, KeptOpening>
  readonly orders: Map<string, SignedOrder>
}

export interface CheckingHost {
  readonly actor: HostActor
  readonly disk: CheckDisk
  readonly inference: ReturnType<typeof createToyInference>
  readonly checking: Checking
  readonly context: HostContext
  readonly components: CheckingComponents
  /** Codes of the notices of paid work so far. */
  notices(): string[]
  logged(message: string): number
  /** Ends the process; the disk stays, and what waits for a block only where it is said so. */
  stop(options?: { readonly keepsSent?: boolean }): Promise<void>
}

export interface CheckingHostOptions extends CheckingOptions {
  readonly toy?: ToyOptions
  readonly inference?: InferencePort & { readonly passes: ReturnType<typeof createToyInference>['passes'] }
  readonly disk?: CheckDisk
}

interface Waiting {
  readonly actor: Actor
  readonly messages: readonly TypedMessage[]
  readonly bytes: Uint8Array
  readonly settle: (outcome: TxOutcome) => void
}

export function newDisk(): CheckDisk {
  return { commitments: new Map(), kept: new Map(), orders: new Map() }
}

export class CheckingWorld {
  readonly clock = new VirtualClock()
  readonly chain: ChainHarness
  /** By peer id. */
  readonly sources = new Map<string, Source>()
  readonly asked: AskedFor[] = []
  readonly requests: CheckRequest[] = []
  readonly probes: (ProbeRequest & { readonly from: string; readonly to: string })[] = []
  readonly sent: SentTx[] = []
  /** Hashes of transactions with posted data. */
  readonly posted = new Map<string, WorkData>()
  /** Refuses in place of the chain: a code of codespace tailrace, or undefined. */
  refuse: (messages: readonly TypedMessage[]) => number | undefined = () => undefined
  readonly #listeners = new Set<(block: BlockNotice) => void>()
  readonly #hosts = new Set<CheckingHost>()
  readonly #callListeners = new Set<(message: CheckRequest) => void>()
  #waiting: Waiting[] = []
  #drawn = 0

  constructor({ chain }: Pick<CheckWorld, 'chain'>) {
    this.chain = chain
  }

  /** Blocks of what waits, of one second each; between them everybody runs on until nothing is left to do. */
  async blocks(count: number): Promise<void> {
    for (let block = 0; block < count; block++) {
      await this.#settle()
      const waiting = this.#waiting
      this.#waiting = []
      const results = this.chain.produce(waiting.map(({ bytes }) => bytes)).txResults.slice(1)
      const height = this.chain.height
      for (const [index, { actor, messages, bytes, settle }] of waiting.entries()) {
        const { code, codespace, log } = results[index] as (typeof results)[number]
        const hash = toHex(sha256(bytes)).toUpperCase()
        for (const message of messages) {
          this.sent.push({ from: actor.name, message, height, code, log })
          if (message.typeUrl === '/tailrace.v1.MsgPostWork' && message.value.data !== undefined) {
            this.posted.set(hash, message.value.data)
          }
        }
        settle({ code, codespace, log, height, hash })
      }
      for (const listener of [...this.#listeners]) {
        listener({ height, timeMs: this.clock.nowMs() })
      }
      await this.#settle()
      await this.clock.advance(1_000)
    }
  }

  /** Blocks until it holds. */
  async until(what: string | (() => string), holds: () => boolean, most = 60): Promise<void> {
    for (let block = 0; !holds(); block++) {
      if (block === most) {
        throw new Error(`not within ${most} blocks: ${typeof what === 'string' ? what : what()}`)
      }
      await this.blocks(1)
    }
  }

  /** In the next block. */
  submit(actor: Actor, messages: readonly TypedMessage[]): Promise<TxOutcome> {
    const refusal = this.refuse(messages)
    if (refusal !== undefined) {
      return Promise.resolve({ code: refusal, codespace: 'tailrace', log: 'refused by the test', height: 0, hash: '' })
    }
    const question = QueryAccountRequest.encode({ address: actor.address }).finish()
    const answer = this.chain.app.query('/cosmos.auth.v1beta1.Query/Account', question)
    const { account } = QueryAccountResponse.decode(answer.value)
    const committed = account === undefined ? 0n : BaseAccount.decode(account.value).sequence
    const sequence = committed + BigInt(this.#waiting.filter((other) => other.actor === actor).length)
    const bytes = this.chain.sign(actor, messages, { sequence })
    return new Promise((settle) => this.#waiting.push({ actor, messages, bytes, settle }))
  }

  startHost(actor: HostActor, options: CheckingHostOptions = {}): CheckingHost {
    const disk = options.disk ?? newDisk()
    const inference = options.inference ?? createToyInference(options.toy)
    const lines: string[] = []
    const logger: Logger = { log: (_level, message) => void lines.push(message), child: () => logger }
    const context = this.#hostContext(actor, logger)
    const components = this.#components(actor, disk, inference, logger)
    const checking = createChecking(context, components, options)
    const over = new AbortController()
    const tasks: Record<string, (signal: AbortSignal) => Promise<void>> = {
      chain_watch: (signal) => context.watch.run(signal),
      ...checking.tasks,
    }
    const running = Object.entries(tasks).map(([name, task]) => supervise(context, name, task, over.signal))
    const host: CheckingHost = {
      actor,
      disk,
      inference,
      checking,
      context,
      components,
      notices: () => components.view.current().notices.map(({ code }) => code),
      logged: (message) => lines.filter((line) => line === message).length,
      stop: async ({ keepsSent = false } = {}) => {
        over.abort()
        this.#hosts.delete(host)
        this.#waiting = this.#waiting.filter((waiting) => keepsSent || waiting.actor !== actor.device)
        await Promise.all(running)
      },
    }
    this.#hosts.add(host)
    // What a verifier keeps it hands out, as custody does.
    this.sources.set(
      `peer of ${actor.owner.name}`,
      this.honestSource((hash) => disk.kept.get(hash)?.data),
    )
    return host
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hosts].map((host) => host.stop()))
  }

  /** Order and tokens to whom the chain drew; scores to arbiters, and to verifiers who have committed. */
  honestSource(dataOf: (orderHash: string) => WorkData | undefined): Source {
    return (from, request) => {
      const data = dataOf(toHex(request.orderHash))
      const { checks } = this.#query(
        'Batch',
        QueryBatchRequest.encode({ id: request.batch }).finish(),
        QueryBatchResponse,
      )
      const check = checks.find(({ point }) => point === request.point)
      const isOwner = ({ host }: { host: Uint8Array }): boolean => equalBytes(host, ownerBytes(from))
      const isArbiter = check?.arbiters.some(isOwner) === true
      const checker = check?.checkers.find(isOwner)
      if (data === undefined || (checker === undefined && !isArbiter)) {
        return undefined
      }
      const maySee = request.withScores && (isArbiter || (checker?.commit.length ?? 0) > 0)
      return maySee ? data : { ...data, scores: new Uint8Array(0) }
    }
  }

  #query<T>(name: string, request: Uint8Array, codec: { decode(bytes: Uint8Array): T }): T {
    return ask(this.chain, name, request, codec)
  }

  #hostContext(actor: HostActor, logger: Logger): HostContext {
    const { clock } = this
    const owner = actor.owner.address
    const query = <T>(name: string, request: Uint8Array, codec: { decode(bytes: Uint8Array): T }) =>
      this.#query(name, request, codec)
    const chain = {
      chainId: this.chain.genesis.chainId,
      params: async () => this.chain.params,
      epoch: async () => query('Epoch', QueryEpochRequest.encode({}).finish(), QueryEpochResponse),
      host: async (address: string) =>
        query('Host', QueryHostRequest.encode({ address }).finish(), QueryHostResponse).host,
      balance: async () => 0n,
      submit: (messages: readonly TypedMessage[], _key: 'owner' | 'device', signal: AbortSignal) =>
        Promise.race([this.submit(actor.device, messages), rejection(signal)]),
      onBlock: (listener: (block: BlockNotice) => void) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      onConnection: () => () => undefined,
    } as unknown as HostContext['chain']
    const keys = {
      ownerAddress: owner,
      deviceAddress: actor.device.address,
      devicePublicKey: actor.device.publicKey,
    } as HostContext['keys']
    const view = createViewStore({ clock, logger, keys }, `peer of ${actor.owner.name}`)
    const watch = new ChainWatch({ chain, ownerAddress: owner, clock, logger })
    const rng = { bytes: (length: number) => sha256(u32be(this.#drawn++)).slice(0, length) }
    return { chain, keys, clock, logger, view, watch, rng } as unknown as HostContext
  }

  #components(actor: HostActor, disk: CheckDisk, inference: InferencePort, logger: Logger): CheckingComponents {
    const { clock } = this
    const query = <T>(name: string, request: Uint8Array, codec: { decode(bytes: Uint8Array): T }) =>
      this.#query(name, request, codec)
    return {
      inference,
      peers: {
        peerId: `peer of ${actor.owner.name}`,
        requestWork: async (peerId, request, signal) => {
          this.asked.push({ ...request, from: actor.owner.name, to: peerId, height: this.chain.height })
          const source = this.sources.get(peerId)
          if (source === undefined) {
            throw new CodedError('peer_unreachable', peerId)
          }
          return Promise.race([source(actor.owner, request), rejection(signal as AbortSignal)])
        },
        publishCheckRequest: async (message) => {
          this.requests.push(message)
          for (const listener of [...this.#callListeners]) {
            listener(message)
          }
          return { recipients: this.#callListeners.size }
        },
        onCheckRequest: (listener) => {
          this.#callListeners.add(listener)
          return () => this.#callListeners.delete(listener)
        },
        probe: async (peerId, request) => {
          this.probes.push({ ...request, from: `peer of ${actor.owner.name}`, to: peerId })
          return true
        },
      },
      keys: { signCheckRequest: async (message) => ({ ...message, signature: new Uint8Array(64) }) },
      chain: {
        models: async () => query('Models', QueryModelsRequest.encode({}).finish(), QueryModelsResponse).models,
        escrow: async (payer) => query('Escrow', QueryEscrowRequest.encode({ payer }).finish(), QueryEscrowResponse),
        batch: async (id) => query('Batch', QueryBatchRequest.encode({ id }).finish(), QueryBatchResponse),
        workDuties: async (host) =>
          query('WorkDuties', QueryWorkDutiesRequest.encode({ host }).finish(), QueryWorkDutiesResponse),
        postedWork: async (txHash) => this.posted.get(txHash),
      },
      store: storeOn(disk),
      view: createWorkViewStore({ clock, logger }),
      suspicions: createSuspicions(),
    }
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < 40; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

function storeOn({ commitments, kept, orders }: CheckDisk): CheckingComponents['store'] {
  return {
    putCommitment: async (name, bytes) => void commitments.set(name, bytes),
    commitment: async (name) => commitments.get(name),
    forgetCommitment: async (name) => void commitments.delete(name),
    keepOpening: async (opening) => {
      kept.set(toHex(opening.data.orderHash), opening)
      return true
    },
    keptOpening: async (orderHash) => kept.get(orderHash),
    job: async () => undefined,
    noteOrder: async (signed) => {
      const name = `${toHex(signed.order?.payer ?? new Uint8Array(0))}/${signed.order?.sequence}`
      const before = orders.get(name)
      orders.set(name, before ?? signed)
      return before !== undefined && !equalBytes(before.signature, signed.signature) ? before : undefined
    },
  }
}

function ownerBytes(owner: Actor): Uint8Array {
  return ownerOf({ owner, device: owner })
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
