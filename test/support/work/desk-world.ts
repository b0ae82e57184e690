/** An order desk with scripted executors around it, on a virtual clock; it can die at any step and start again over its store. */
import type { RunningDesk } from '../../../src/gateway/desk/order-desk.ts'
import { startOrderDesk } from '../../../src/gateway/desk/order-desk.ts'
import type { DeskChain, DeskOptions, DeskPeers, DeskStore } from '../../../src/gateway/desk/ports.ts'
import type { OrderResult, PlacedOrder } from '../../../src/gateway/ports.ts'
import { errorCode } from '../../../src/lib/coded-error.ts'
import { MetricsRegistry } from '../../../src/lib/metrics.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { encodeAddress } from '../../../src/protocol/address.ts'
import type { EscrowState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { InferenceRequest } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { eligibleFor } from '../../../src/protocol/work/eligible.ts'
import { drawExecutors } from '../../../src/protocol/work/order.ts'
import { createApiKey, sessionKeyOf } from '../../../src/protocol/work/session.ts'
import { TEST_CHAIN_ID } from '../host-chain.ts'
import { samplingParams } from '../sampling-logits.ts'
import { VirtualClock } from '../virtual-clock.ts'
import type { TestKey } from './fixtures.ts'
import { WORK_MODEL } from './fixtures.ts'
import { hostRecordOf } from './host-record.ts'
import type { Death } from './life.ts'
import { Life } from './life.ts'
import { MemoryDeskStore } from './memory-desk-store.ts'
import type { ExecutorScript } from './scripted-executor.ts'
import { ScriptedExecutor } from './scripted-executor.ts'
import { WorkChain } from './work-chain.ts'
import { WorkPeers } from './work-peers.ts'
import { WORK_PARAMS } from './work-world.ts'

export const GATEWAY_PEER = 'peer-gateway'
export const API_KEY = createApiKey(new Uint8Array(32).fill(9))
export const DESK_DEPOSIT = 1_000_000n

export interface Wishes {
  readonly promptTokens?: number
  readonly maxTokens?: number
  readonly request?: Partial<InferenceRequest>
  readonly signal?: AbortSignal
  readonly apiKey?: string
}

/** An order that is read to its end in the background. */
export interface FollowedOrder {
  readonly placed: Promise<PlacedOrder>
  readonly tokens: number[]
  /** `running`, the finish, or the code of an error. */
  end: string
  result?: OrderResult
}

export interface DeskSetup {
  readonly hosts?: Readonly<Record<string, ExecutorScript>>
  readonly options?: DeskOptions
  readonly deposit?: bigint
  readonly escrow?: Partial<EscrowState>
  readonly store?: DeskStore
  readonly isDiskFull?: () => boolean
}

const STORE_STEPS = [
  'putOrder',
  'nameCandidate',
  'startStreaming',
  'countersign',
  'closeOrder',
  'reconcileLane',
  'prune',
]
const SLICE_MS = 50

export async function createDeskWorld(setup: DeskSetup = {}): Promise<DeskWorld> {
  const world = new DeskWorld(setup)
  await world.restart()
  return world
}

interface Running {
  readonly desk: RunningDesk
  readonly life: Life
  readonly stopping: AbortController
}

export class DeskWorld {
  readonly clock = new VirtualClock()
  readonly chain: WorkChain
  readonly peers: WorkPeers
  readonly payer = payerOfKey(API_KEY)
  readonly executors: readonly ScriptedExecutor[]
  readonly store: DeskStore
  readonly #options: DeskOptions
  readonly #isDiskFull: (() => boolean) | undefined
  #activity = 0
  #running: Running | undefined

  constructor({ hosts = { ada: {}, bea: {}, cyn: {} }, options = {}, deposit = DESK_DEPOSIT, ...setup }: DeskSetup) {
    const onActivity = (): void => {
      this.#activity += 1
    }
    this.chain = new WorkChain(WORK_PARAMS, this.clock, onActivity)
    this.peers = new WorkPeers(onActivity)
    this.store = setup.store ?? new MemoryDeskStore()
    this.#options = options
    this.#isDiskFull = setup.isDiskFull
    this.chain.deposit(this.payer, deposit, setup.escrow)
    this.executors = Object.entries(hosts).map(([name, script]) => this.#createExecutor(name, script))
    this.chain.produceBlock()
    this.chain.produceBlock()
  }

  get desk(): RunningDesk {
    return this.#current().desk
  }

  get life(): Life {
    return this.#current().life
  }

  executor(name: string): ScriptedExecutor {
    const found = this.executors.find(({ peerId }) => peerId === `peer-${name}`)
    if (found === undefined) {
      throw new Error(`no executor ${name}`)
    }
    return found
  }

  /** Who will be drawn for the next order, if it is placed before the next block. */
  async nextDrawn(): Promise<ScriptedExecutor[]> {
    const height = this.chain.height()
    const { nextSequence } = await this.store.payer(this.payer.address)
    const candidates = eligibleFor(undefined, this.chain.roster(height))
    const drawn = drawExecutors(this.chain.randomness(height), this.payer.bytes, nextSequence, candidates)
    return drawn.flatMap(
      (address) => this.executors.find(({ owner }) => owner.address === encodeAddress(address)) ?? [],
    )
  }

  async place(wishes: Wishes = {}): Promise<PlacedOrder> {
    const { promptTokens = 4, maxTokens = 8, signal = new AbortController().signal, apiKey = API_KEY } = wishes
    const prompt = Array.from({ length: promptTokens }, (_, index) => index + 1)
    const request: InferenceRequest = {
      model: WORK_MODEL,
      maxTokens,
      sampling: samplingParams(),
      stop: [],
      seed: undefined,
      choice: 0,
      ...wishes.request,
    }
    const session = await this.desk.sessions.open(apiKey)
    return this.desk.orders.place({ session, request, prompt, signal })
  }

  follow(wishes: Wishes = {}): FollowedOrder {
    const followed: FollowedOrder = { placed: this.place(wishes), tokens: [], end: 'running' }
    void read(followed)
    return followed
  }

  async advance(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += SLICE_MS) {
      await this.clock.advance(Math.min(SLICE_MS, ms - gone))
      await this.settle()
    }
  }

  async blocks(count: number): Promise<void> {
    for (let made = 0; made < count; made++) {
      await this.clock.advance(WORK_PARAMS.blockTimeMs)
      await this.settle()
      this.chain.produceBlock()
      await this.settle()
    }
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 6; quiet++) {
      const before = this.#activity
      await new Promise((resolve) => setImmediate(resolve))
      quiet = this.#activity === before ? quiet : -1
    }
  }

  /** Ends the desk as a crash does, and starts another over the same store. */
  async restart(death?: Death): Promise<void> {
    this.#running?.stopping.abort()
    this.#running?.life.end()
    await this.settle()
    this.#running = await this.#start(death)
    this.chain.produceBlock()
    await this.settle()
  }

  #current(): Running {
    if (this.#running === undefined) {
      throw new Error('the desk has not been started')
    }
    return this.#running
  }

  #createExecutor(name: string, script: ExecutorScript): ScriptedExecutor {
    const executor = new ScriptedExecutor(name, this.peers, this.clock, script)
    const { owner, device, peerId } = executor
    this.chain.hosts.set(owner.address, hostRecordOf(owner, device, peerId))
    const offers = [{ model: WORK_MODEL, numericClass: 'fp32-wasm', tokensPerSecond: 100 }]
    const value = { signer: owner.address, host: owner.address, offers }
    const message = { typeUrl: '/tailrace.v1.MsgServeModels', value } as const
    void this.chain.port(owner.address).submit([message], 'device', new AbortController().signal)
    return executor
  }

  async #start(death?: Death): Promise<Running> {
    const { peers, chain } = this
    peers.forget(GATEWAY_PEER)
    peers.setGone(GATEWAY_PEER, false)
    const stopping = new AbortController()
    const life = new Life(death, () => peers.setGone(GATEWAY_PEER, true))
    const port = chain.port('')
    const deskChain: DeskChain = { chainId: TEST_CHAIN_ID, ...chain.work(), host: port.host, onBlock: port.onBlock }
    const desk = await startOrderDesk(
      {
        chain: life.wrap(deskChain, []),
        peers: deskPeersOf(peers, life),
        directory: { hostOfPeer: (peerId) => registeredAs(chain, peerId) },
        store: life.wrap(this.store, STORE_STEPS),
        clock: life.clock(this.clock),
        logger: SILENT_LOGGER,
        metrics: new MetricsRegistry(),
        isDiskFull: this.#isDiskFull,
      },
      this.#options,
      stopping.signal,
    )
    return { desk, life, stopping }
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
    throw new Error('no API key')
  }
  return { secret: key.secretKey, publicKey: key.publicKey, address: encodeAddress(key.payer), bytes: key.payer }
}

/** The gateway's own streams take steps too: a frame may be the last thing that it does. */
function deskPeersOf(peers: WorkPeers, life: Life): DeskPeers {
  const port = life.wrap(peers.port(GATEWAY_PEER), [])
  return {
    peerId: GATEWAY_PEER,
    openOrder: async (peerId, signal) => life.wrap(await port.openOrder(peerId, signal), ['send']),
    onOpening: (handler) => port.onOpening(handler),
    onWorkRequest: (handler) => port.onWorkRequest(handler),
    onVoucherRequest: (handler) => port.onVoucherRequest(handler),
  }
}

function registeredAs(
  chain: WorkChain,
  peerId: string,
): { readonly owner: string; readonly devicePublicKey: Uint8Array } | undefined {
  const record = [...chain.hosts.values()].find((each) => each.peerId === peerId)
  return record && { owner: record.owner, devicePublicKey: record.devicePubkey }
}
