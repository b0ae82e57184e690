/**
 * Paid work in one process, nothing of it simulated but time, wires and the models: the real state machine, real hosts, the real
 * order desk. Streams are in memory, every frame is encoded and decoded; the models are toys behind the real sampler.
 */

import { recountViolation } from '../../src/chain/invariants.ts'
import type { RunningDesk } from '../../src/gateway/desk/order-desk.ts'
import { startOrderDesk } from '../../src/gateway/desk/order-desk.ts'
import type { DeskOptions, DeskPeers } from '../../src/gateway/desk/ports.ts'
import type { OrderResult, PlacedOrder } from '../../src/gateway/ports.ts'
import type { WorkPeersPort } from '../../src/host/work/ports.ts'
import { CodedError, errorCode } from '../../src/lib/coded-error.ts'
import { MetricsRegistry } from '../../src/lib/metrics.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { addressOfPublicKey, encodeAddress } from '../../src/protocol/address.ts'
import type { GenesisHost } from '../../src/protocol/genesis.ts'
import type { Params } from '../../src/protocol/params.ts'
import { LOCAL_PARAMS } from '../../src/protocol/params.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { createApiKey, sessionKeyOf } from '../../src/protocol/work/session.ts'
import { TestChain } from './host-chain.ts'
import { TestChainPort } from './host-chain-port.ts'
import { samplingParams } from './sampling-logits.ts'
import { VirtualClock } from './virtual-clock.ts'
import type { TestKey } from './work/fixtures.ts'
import { secretsOf, testKey, WORK_MODEL } from './work/fixtures.ts'
import type { Death } from './work/life.ts'
import { Life } from './work/life.ts'
import { MemoryDeskStore } from './work/memory-desk-store.ts'
import type { NetworkHost, NetworkHostSetup, Surroundings } from './work/network-host.ts'
import { startHost } from './work/network-host.ts'
import { createNetworkPeers } from './work/network-peers.ts'
import type { WorkAnswers } from './work/work-answers.ts'
import { createWorkAnswers } from './work/work-answers.ts'
import { WorkPeers } from './work/work-peers.ts'

/** One epoch is long enough for a batch and all of its checks; two more for its close and its credit. */
export const NETWORK_PARAMS: Params = {
  ...LOCAL_PARAMS,
  epochLength: 60,
  sampleSize: 4,
  extensionSize: 4,
  openingPpm: 250_000,
  serving: { ...LOCAL_PARAMS.serving, countersignBlocks: 6, auditPpm: 0, checkFloor: 2 },
}
const GATEWAY_PEER = 'peer-gateway'
export const NETWORK_KEY = createApiKey(new Uint8Array(32).fill(9))
export const NETWORK_DEPOSIT = 10_000_000n
/** A utail for an output token, a quarter for one of the prompt. */
const MODEL_PRICE = 1_000_000n

export interface NetworkGateway {
  /** Undefined where it died before it had started. */
  readonly desk: RunningDesk | undefined
  readonly life: Life
}

export interface FollowedOrder {
  readonly placed: Promise<PlacedOrder>
  readonly tokens: number[]
  /** `running`, the finish, or the code of an error. */
  end: string
  result?: OrderResult
}

export interface WorkNetwork {
  readonly clock: VirtualClock
  readonly chain: TestChain
  readonly answers: WorkAnswers
  readonly deskStore: MemoryDeskStore
  readonly payer: TestKey
  readonly hosts: readonly NetworkHost[]
  readonly gateway: NetworkGateway
  host(name: string): NetworkHost
  order(wish?: NetworkWish): FollowedOrder
  advance(ms: number): Promise<void>
  blocks(count: number): Promise<void>
  /** Blocks until the probe holds. @throws CodedError `timed_out` */
  until(what: string, probe: () => boolean, most?: number): Promise<void>
  restartGateway(death?: Death): Promise<void>
  stop(): Promise<void>
}

export interface NetworkWish {
  readonly prompt?: readonly number[]
  readonly maxTokens?: number
  readonly signal?: AbortSignal
}

const SLICE_MS = 250

export async function createWorkNetwork(
  setups: Readonly<Record<string, NetworkHostSetup>>,
  options: { readonly params?: Params; readonly desk?: DeskOptions } = {},
): Promise<WorkNetwork> {
  const params = options.params ?? NETWORK_PARAMS
  const clock = new VirtualClock()
  const activity = { count: 0 }
  const names = Object.keys(setups)
  const developer = testKey('developer')
  const chain = new TestChain(params, names.map(genesisHostOf), clock, {
    accounts: [{ address: developer.address, amount: 10n * NETWORK_DEPOSIT }],
    models: [{ id: WORK_MODEL, manifestHash: new Uint8Array(32).fill(1), contextTokens: 256, price: MODEL_PRICE }],
  })
  const around: Surroundings = {
    clock,
    chain,
    peers: new WorkPeers(() => {
      activity.count += 1
    }),
    activity,
    settle: () => settle(activity),
  }
  const network = new RunningNetwork(around, options.desk ?? {})
  for (const name of names) {
    network.hosts.push(await startHost(name, setups[name] ?? {}, around))
  }
  const deposit = network.deposit(developer)
  const joined = Promise.all(network.hosts.map(({ contributor }) => contributor.join()))
  await network.blocks(2)
  await network.restartGateway()
  await network.blocks(6)
  await Promise.all([joined, deposit])
  return network
}

class RunningNetwork implements WorkNetwork {
  readonly clock: VirtualClock
  readonly chain: TestChain
  readonly answers: WorkAnswers
  readonly deskStore = new MemoryDeskStore()
  readonly payer = payerOfKey(NETWORK_KEY)
  readonly hosts: NetworkHost[] = []
  readonly #around: Surroundings
  readonly #deskOptions: DeskOptions
  #gateway:
    | { readonly desk: RunningDesk | undefined; readonly life: Life; readonly stopping: AbortController }
    | undefined

  constructor(around: Surroundings, deskOptions: DeskOptions) {
    this.clock = around.clock
    this.chain = around.chain
    this.answers = createWorkAnswers(around.chain, () => {
      around.activity.count += 1
    })
    this.#around = around
    this.#deskOptions = deskOptions
  }

  get gateway(): NetworkGateway {
    if (this.#gateway === undefined) {
      throw new CodedError('not_started', 'no gateway yet')
    }
    return this.#gateway
  }

  host(name: string): NetworkHost {
    const found = this.hosts.find((each) => each.name === name)
    if (found === undefined) {
      throw new CodedError('unknown_host', name)
    }
    return found
  }

  async deposit(developer: TestKey): Promise<void> {
    const value = {
      owner: developer.address,
      sessionPubkey: this.payer.publicKey,
      amount: NETWORK_DEPOSIT,
      models: [],
      maxPrice: 0n,
      spendLimit: 0n,
      expiryHeight: 1_000_000n,
    }
    const outcome = await this.chain.submit([{ typeUrl: '/tailrace.v1.MsgDepositEscrow', value }], developer.secret)
    if (outcome.code !== 0) {
      throw new CodedError('deposit_refused', outcome.log)
    }
  }

  order({
    prompt = [1, 2, 3, 4],
    maxTokens = 16,
    signal = new AbortController().signal,
  }: NetworkWish = {}): FollowedOrder {
    const { desk } = this.gateway
    const request = { model: WORK_MODEL, maxTokens, sampling: samplingParams(), stop: [], seed: undefined, choice: 0 }
    const place = async (): Promise<PlacedOrder> => {
      if (desk === undefined) {
        throw new CodedError('gateway_gone', 'the gateway did not start')
      }
      return desk.orders.place({ session: await desk.sessions.open(NETWORK_KEY), request, prompt, signal })
    }
    const followed: FollowedOrder = { placed: place(), tokens: [], end: 'running' }
    void read(followed)
    return followed
  }

  async advance(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += SLICE_MS) {
      await this.clock.advance(Math.min(SLICE_MS, ms - gone))
      await this.#around.settle()
    }
  }

  async blocks(count: number): Promise<void> {
    for (let made = 0; made < count; made++) {
      await this.advance(this.chain.params.blockTimeMs)
      this.chain.produceBlock()
      const wrong = recountViolation(this.chain.store)
      if (wrong !== undefined) {
        throw new CodedError('recount_differs', `after block ${this.chain.height()}: ${wrong}`)
      }
      await this.#around.settle()
    }
  }

  async until(what: string, probe: () => boolean, most = 200): Promise<void> {
    for (let made = 0; !probe(); made++) {
      if (made === most) {
        throw new CodedError('timed_out', `waited ${most} blocks for: ${what}`)
      }
      await this.blocks(1)
    }
  }

  async restartGateway(death?: Death): Promise<void> {
    const { peers, chain, clock } = this.#around
    this.#gateway?.stopping.abort()
    this.#gateway?.life.end()
    peers.forget(GATEWAY_PEER)
    peers.setGone(GATEWAY_PEER, false)
    const stopping = new AbortController()
    const died = Promise.withResolvers<undefined>()
    const life = new Life(death, () => {
      peers.setGone(GATEWAY_PEER, true)
      died.resolve(undefined)
    })
    const port = new TestChainPort(chain, secretsOf('gateway'), () => {
      this.#around.activity.count += 1
    })
    const starting = startOrderDesk(
      {
        chain: life.wrap(
          { chainId: port.chainId, ...this.answers.port, host: port.host.bind(port), onBlock: port.onBlock.bind(port) },
          [],
        ),
        peers: deskPeersOf(createNetworkPeers(peers, GATEWAY_PEER), life),
        directory: { hostOfPeer: (peerId) => this.#registered(peerId) },
        store: life.wrap(this.deskStore, DESK_STEPS),
        clock: life.clock(clock),
        logger: SILENT_LOGGER,
        metrics: new MetricsRegistry(),
      },
      this.#deskOptions,
      stopping.signal,
    )
    // It may die while it closes what an earlier life left open.
    this.#gateway = { desk: await Promise.race([starting, died.promise]), life, stopping }
  }

  async stop(): Promise<void> {
    this.#gateway?.stopping.abort()
    const alive = this.hosts.filter(({ life }) => !life.isOver)
    await Promise.all(alive.map(({ contributor }) => contributor.stop()))
  }

  #registered(peerId: string): { readonly owner: string; readonly devicePublicKey: Uint8Array } | undefined {
    const host = this.hosts.find((each) => each.peerId === peerId)
    return host && { owner: host.owner.address, devicePublicKey: testKey(`${host.name}/device`).publicKey }
  }
}

const DESK_STEPS = ['putOrder', 'nameCandidate', 'startStreaming', 'countersign', 'closeOrder', 'reconcileLane']

/** Lets everybody act until nobody asks or answers anything any more. */
async function settle(activity: { readonly count: number }): Promise<void> {
  for (let quiet = 0; quiet < 5; quiet++) {
    const before = activity.count
    await new Promise((resolve) => setImmediate(resolve))
    quiet = activity.count === before ? quiet : -1
  }
}

function genesisHostOf(name: string): GenesisHost {
  const { owner, device } = secretsOf(name)
  return {
    owner: addressOfPublicKey(publicKeyOf(owner)),
    devicePublicKey: publicKeyOf(device),
    peerId: `peer-${name}`,
    shape: 'dev',
    moniker: name,
  }
}

/** The gateway's frames are steps too. */
function deskPeersOf(port: WorkPeersPort, life: Life): DeskPeers {
  const peers = life.wrap(port, [])
  return {
    peerId: GATEWAY_PEER,
    openOrder: async (peerId, signal) => life.wrap(await peers.openOrder(peerId, signal), ['send']),
    onOpening: (handler) => peers.onOpening(handler),
    onWorkRequest: (handler) => peers.onWorkRequest(handler),
    onVoucherRequest: (handler) => peers.onVoucherRequest(handler),
  }
}

async function read(followed: FollowedOrder): Promise<void> {
  try {
    const placed = await followed.placed
    for await (const chunk of placed.tokens) {
      followed.tokens.push(...chunk.tokens)
    }
    followed.result = await placed.result
    followed.end = followed.result.finish
  } catch (error) {
    followed.end = errorCode(error)
  }
}

function payerOfKey(apiKey: string): TestKey {
  const key = sessionKeyOf(apiKey)
  if (key === undefined) {
    throw new CodedError('invalid_api_key', apiKey)
  }
  return { secret: key.secretKey, publicKey: key.publicKey, address: encodeAddress(key.payer), bytes: key.payer }
}
