/**
 * Hosts that do paid work, a gateway and a chain in one process on a virtual clock. The host under test can die at any step of
 * what it does to the world (a write, a signature, a frame, a transaction) and start again over the same store.
 */

import { ChainWatch } from '../../../src/host/chain-watch.ts'
import type { HostContext } from '../../../src/host/context.ts'
import { createMemoryKeeper } from '../../../src/host/memory-keeper.ts'
import type { PausePort } from '../../../src/host/pausing.ts'
import type { PeersPort } from '../../../src/host/ports.ts'
import { supervise } from '../../../src/host/tasks.ts'
import { createViewStore } from '../../../src/host/view-store.ts'
import type { WorkStore } from '../../../src/host/work/ports.ts'
import type { Work } from '../../../src/host/work/work.ts'
import { createWork } from '../../../src/host/work/work.ts'
import type { WorkOptions } from '../../../src/host/work/work-context.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { LOCAL_PARAMS } from '../../../src/protocol/params.ts'
import { createOracleCompute } from '../host-compute.ts'
import { keyPortOf, rngOf } from '../host-network.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { createMemoryWorkStore } from '../work-store.ts'
import type { TestKey } from './fixtures.ts'
import { secretsOf, testKey, WORK_MODEL, workKeysOf } from './fixtures.ts'
import { hostRecordOf } from './host-record.ts'
import type { Death } from './life.ts'
import { Life } from './life.ts'
import type { ToyInference, ToyInferenceOptions } from './toy-inference.ts'
import { createToyInference } from './toy-inference.ts'
import { WorkChain } from './work-chain.ts'
import { WorkGateway } from './work-gateway.ts'
import { WorkPeers } from './work-peers.ts'

export const WORK_PARAMS: Params = {
  ...LOCAL_PARAMS,
  serving: { ...LOCAL_PARAMS.serving, countersignBlocks: 6 },
}

export interface WorkHost {
  readonly name: string
  readonly owner: TestKey
  readonly device: TestKey
  readonly peerId: string
  readonly store: WorkStore
  readonly inference: ToyInference
  work: Work
  context: HostContext
  /** What it did to the world in this life, and whether it died of it. */
  life: Life
  stop(): Promise<void>
  start(death?: Death): Promise<void>
}

export interface HostSetup {
  readonly options?: Partial<WorkOptions>
  readonly toy?: ToyInferenceOptions
  readonly store?: WorkStore
  readonly pause?: PausePort
}

export interface WorkWorld {
  readonly clock: VirtualClock
  readonly chain: WorkChain
  readonly peers: WorkPeers
  readonly gateway: WorkGateway
  readonly payer: TestKey
  host(name: string): WorkHost
  blocks(count: number): Promise<void>
  /** Time without a block. */
  advance(ms: number): Promise<void>
  settle(): Promise<void>
  /** Blocks until the probe holds. @throws CodedError `timed_out` */
  until(what: string, probe: () => boolean, most?: number): Promise<void>
  stop(): Promise<void>
}

const DEPOSIT = 1_000_000n

export async function createWorkWorld(
  setups: Readonly<Record<string, HostSetup>> = { ada: {}, bea: {} },
  params: Params = WORK_PARAMS,
): Promise<WorkWorld> {
  const world = new World(params)
  for (const [name, setup] of Object.entries(setups)) {
    await world.add(name, setup)
  }
  await world.blocks(3)
  return world
}

/** Time passes in slices, so that what sleeps and what streams take turns. */
const SLICE_MS = 250
const QUIET_TURNS = 6

class World implements WorkWorld {
  readonly clock = new VirtualClock()
  readonly payer = testKey('payer')
  readonly chain: WorkChain
  readonly peers: WorkPeers
  readonly gateway: WorkGateway
  readonly #params: Params
  readonly #hosts = new Map<string, TestHost>()
  #activity = 0

  constructor(params: Params) {
    this.#params = params
    this.chain = new WorkChain(params, this.clock, this.onActivity)
    this.peers = new WorkPeers(this.onActivity)
    this.chain.deposit(this.payer, DEPOSIT)
    this.gateway = new WorkGateway(this.chain, this.peers, this.payer)
  }

  readonly onActivity = (): void => {
    this.#activity += 1
  }

  async add(name: string, setup: HostSetup): Promise<void> {
    const host = new TestHost(name, setup, this)
    this.#hosts.set(name, host)
    this.chain.hosts.set(host.owner.address, hostRecordOf(host.owner, host.device, host.peerId))
    await host.start()
  }

  host(name: string): WorkHost {
    const host = this.#hosts.get(name)
    if (host === undefined) {
      throw new CodedError('unknown_host', name)
    }
    return host
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      const before = this.#activity
      await new Promise((resolve) => setImmediate(resolve))
      quiet = this.#activity === before ? quiet : -1
    }
  }

  async advance(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += SLICE_MS) {
      await this.clock.advance(Math.min(SLICE_MS, ms - gone))
      await this.settle()
    }
  }

  async blocks(count: number): Promise<void> {
    for (let made = 0; made < count; made++) {
      await this.advance(this.#params.blockTimeMs)
      this.chain.produceBlock()
      await this.settle()
    }
  }

  async until(what: string, probe: () => boolean, most = 60): Promise<void> {
    for (let made = 0; !probe(); made++) {
      if (made === most) {
        throw new CodedError('timed_out', `waited ${most} blocks for: ${what}`)
      }
      await this.blocks(1)
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((each) => each.stop()))
  }
}

const STORE_STEPS: readonly string[] = ['putJob', 'putBatch', 'putRefusal', 'keepOpening', 'noteOrder']

class TestHost implements WorkHost {
  readonly name: string
  readonly owner: TestKey
  readonly device: TestKey
  readonly peerId: string
  readonly store: WorkStore
  readonly inference: ToyInference
  life = new Life(undefined, () => undefined)
  context: HostContext
  work: Work
  readonly #options: Partial<WorkOptions>
  readonly #pause: PausePort | undefined
  readonly #world: World
  #running: { readonly abort: AbortController; readonly done: Promise<unknown> } | undefined

  constructor(name: string, setup: HostSetup, world: World) {
    this.name = name
    this.owner = testKey(`${name}/owner`)
    this.device = testKey(`${name}/device`)
    this.peerId = `peer-${name}`
    this.store = setup.store ?? createMemoryWorkStore()
    this.inference = createToyInference(world.clock, setup.toy)
    this.#options = setup.options ?? {}
    this.#pause = setup.pause
    this.#world = world
    this.context = this.#createContext()
    this.work = this.#createWork()
  }

  async start(death?: Death): Promise<void> {
    const { peers, onActivity } = this.#world
    peers.setGone(this.peerId, false)
    peers.forget(this.peerId)
    this.life = new Life(death, () => peers.setGone(this.peerId, true))
    this.context = this.#createContext()
    this.work = this.#createWork()
    await this.work.load()
    const { context, work } = this
    const abort = new AbortController()
    const tasks = { ...work.tasks, chain_watch: (end: AbortSignal) => context.watch.run(end) }
    const done = Promise.all(Object.entries(tasks).map(([task, run]) => supervise(context, task, run, abort.signal)))
    this.#running = { abort, done }
    onActivity()
  }

  async stop(): Promise<void> {
    this.#running?.abort.abort(new CodedError('stopped', 'the test stops the host'))
    if (!this.life.isOver) {
      await this.#running?.done
    }
    this.life.end()
    this.#running = undefined
  }

  #createContext(): HostContext {
    const { peerId, owner, name } = this
    const clock = this.life.clock(this.#world.clock)
    const chain = this.life.wrap(this.#world.chain.port(owner.address), ['submit'])
    const keys = keyPortOf(secretsOf(name))
    return {
      chain,
      compute: createOracleCompute(this.#world.clock),
      peers: quietPeers(peerId),
      keys,
      clock,
      logger: SILENT_LOGGER,
      rng: rngOf(name),
      watch: new ChainWatch({ chain, ownerAddress: owner.address, clock, logger: SILENT_LOGGER }),
      view: createViewStore({ clock, logger: SILENT_LOGGER, keys }, peerId),
      memory: createMemoryKeeper({ load: async () => ({ joined: true }), save: async () => undefined }),
      options: { shape: 'dev', dutyPpm: 0, moniker: name, engine: 'test', allowSoftwareAdapter: false },
      servesWork: true,
      ...(this.#pause && { pause: this.#pause }),
    }
  }

  #createWork(): Work {
    const { life, context } = this
    const components = {
      inference: life.wrap(this.inference, []),
      peers: life.peers(this.#world.peers.port(this.peerId)),
      keys: life.keys(workKeysOf(secretsOf(this.name))),
      chain: life.wrap(this.#world.chain.work(), []),
      store: life.wrap(this.store, STORE_STEPS),
    }
    return createWork(context, components, { models: [WORK_MODEL], ...this.#options })
  }
}

/** The gossip of the race: silent here. */
function quietPeers(peerId: string): PeersPort {
  return {
    peerId,
    publishHeartbeat: async () => ({ recipients: 0 }),
    publishRaceChallenge: async () => ({ recipients: 0 }),
    onHeartbeat: () => () => undefined,
    onRaceChallenge: () => () => undefined,
    counts: () => ({ connected: 0, heartbeatsSeen: 0 }),
  }
}
