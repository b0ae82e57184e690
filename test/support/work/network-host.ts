/** One host of a work network: a real contributor over ports in memory, which can die at any step and start again. */
import type { Contributor, ContributorComponents } from '../../../src/host/contributor.ts'
import { createContributor } from '../../../src/host/contributor.ts'
import type { ChainPort, HostMemory, PeersPort } from '../../../src/host/ports.ts'
import type { WorkPeersPort, WorkStore } from '../../../src/host/work/ports.ts'
import type { WorkOptions } from '../../../src/host/work/work-context.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import type { InferencePort } from '../../../src/protocol/inference.ts'
import type { ToyOptions } from '../checking/toy-inference.ts'
import type { TestChain } from '../host-chain.ts'
import { TestChainPort } from '../host-chain-port.ts'
import { createOracleCompute } from '../host-compute.ts'
import { keyPortOf, rngOf } from '../host-network.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { createMemoryWorkStore } from '../work-store.ts'
import type { TestKey } from './fixtures.ts'
import { secretsOf, testKey, WORK_MODEL, workKeysOf } from './fixtures.ts'
import type { Death } from './life.ts'
import { Life } from './life.ts'
import { createNetworkPeers } from './network-peers.ts'
import { createPacedToy } from './paced-toy.ts'
import type { WorkAnswers } from './work-answers.ts'
import { createWorkAnswers } from './work-answers.ts'
import type { WorkPeers } from './work-peers.ts'

export interface NetworkHostSetup {
  readonly toy?: ToyOptions & { readonly stepMs?: number }
  readonly wrapInference?: (inference: InferencePort, cheap: InferencePort) => InferencePort
  readonly wrapChain?: (chain: ChainPort) => ChainPort
  readonly wrapPeers?: (peers: WorkPeersPort) => WorkPeersPort
  readonly options?: Partial<WorkOptions>
}

export interface NetworkHost {
  readonly name: string
  readonly owner: TestKey
  readonly peerId: string
  readonly store: WorkStore
  readonly contributor: Contributor
  readonly life: Life
  /** Ends as a crash does, and starts again over its stores. */
  restart(death?: Death): Promise<void>
  /** Codes of all notices of this life, of the host and of its work. */
  notices(): readonly string[]
}

export interface Surroundings {
  readonly clock: VirtualClock
  readonly chain: TestChain
  readonly peers: WorkPeers
  readonly activity: { count: number }
  settle(): Promise<void>
}

const WORK_STEPS = ['putJob', 'putBatch', 'putRefusal', 'keepOpening', 'noteOrder', 'putCommitment']

export async function startHost(name: string, setup: NetworkHostSetup, around: Surroundings): Promise<NetworkHost> {
  const host = new StoredHost(name, setup, around)
  await host.restart()
  return host
}

/** One machine over its lives: stores and memory outlive the process. */
class StoredHost implements NetworkHost {
  readonly name: string
  readonly owner: TestKey
  readonly peerId: string
  readonly store = createMemoryWorkStore()
  readonly #setup: NetworkHostSetup
  readonly #around: Surroundings
  readonly #codes: string[] = []
  #memory: HostMemory = { joined: false }
  #running: { readonly contributor: Contributor; readonly life: Life } | undefined

  constructor(name: string, setup: NetworkHostSetup, around: Surroundings) {
    this.name = name
    this.owner = testKey(`${name}/owner`)
    this.peerId = `peer-${name}`
    this.#setup = setup
    this.#around = around
  }

  get contributor(): Contributor {
    return this.#current().contributor
  }

  get life(): Life {
    return this.#current().life
  }

  notices(): readonly string[] {
    return this.#codes
  }

  async restart(death?: Death): Promise<void> {
    const { peers, settle: come } = this.#around
    this.#running?.life.end()
    // What has died does not end in order.
    void this.#running?.contributor.stop()
    await come()
    peers.forget(this.peerId)
    peers.setGone(this.peerId, false)
    const died = Promise.withResolvers<void>()
    const life = new Life(death, () => {
      peers.setGone(this.peerId, true)
      died.resolve()
    })
    const contributor = createContributor(this.#components(life), {
      shape: 'dev',
      dutyPpm: 1_000_000,
      moniker: this.name,
      engine: 'tailrace/test',
      allowSoftwareAdapter: false,
      spotChecksPerEpoch: 0,
    })
    this.#running = { contributor, life }
    record(contributor, this.#codes)
    // It may die while it notes what an earlier life left running.
    await Promise.race([contributor.start(new AbortController().signal), died.promise])
  }

  #current(): { readonly contributor: Contributor; readonly life: Life } {
    if (this.#running === undefined) {
      throw new CodedError('not_started', this.name)
    }
    return this.#running
  }

  #components(life: Life): ContributorComponents {
    const { clock, chain: testChain, activity } = this.#around
    const secrets = secretsOf(this.name)
    const onActivity = (): void => {
      activity.count += 1
    }
    const chain = boundPort(new TestChainPort(testChain, secrets, onActivity))
    const memory = {
      load: async () => this.#memory,
      save: async (next: HostMemory) => {
        this.#memory = next
      },
    }
    return {
      chain: life.wrap(this.#setup.wrapChain?.(chain) ?? chain, ['submit']),
      compute: createOracleCompute(clock, { attemptsPerStep: 6, stepMs: 1_000 }),
      peers: silentPeers(this.peerId),
      keys: keyPortOf(secrets),
      memory: life.wrap(memory, []),
      clock: life.clock(clock),
      logger: SILENT_LOGGER,
      rng: rngOf(this.name),
      work: this.#work(life, createWorkAnswers(testChain, onActivity).port),
    }
  }

  #work(life: Life, chain: WorkAnswers['port']): NonNullable<ContributorComponents['work']> {
    const { wrapInference, wrapPeers, toy, options } = this.#setup
    const { clock, peers: workPeers } = this.#around
    const noiseSeed = this.name.length + this.name.charCodeAt(0)
    const honest = createPacedToy(clock, { noise: 3, noiseSeed, ...toy })
    const cheap = createPacedToy(clock, { ...toy, weights: 2 })
    const peers = createNetworkPeers(workPeers, this.peerId)
    return {
      inference: life.wrap(wrapInference?.(honest, cheap) ?? honest, []),
      peers: life.peers(wrapPeers?.(peers) ?? peers),
      keys: life.keys(workKeysOf(secretsOf(this.name))),
      chain: life.wrap(chain, []),
      store: life.wrap(this.store, WORK_STEPS),
      options: { models: [WORK_MODEL], batchEveryBlocks: 4, busyWhileRacing: false, ...options },
    }
  }
}

/** Keeps the code of every notice, of the host and of its work. */
function record(contributor: Contributor, codes: string[]): void {
  const seen = { host: 0, work: 0 }
  contributor.onChange((view) => {
    for (const { sequence, code } of view.notices.filter((notice) => notice.sequence > seen.host)) {
      codes.push(code)
      seen.host = sequence
    }
  })
  contributor.work?.onChange((view) => {
    for (const { sequence, code } of view.notices.filter((notice) => notice.sequence > seen.work)) {
      codes.push(code)
      seen.work = sequence
    }
  })
}

/** As main builds it: an object of functions, which a cheat can spread. */
function boundPort(port: TestChainPort): ChainPort {
  return {
    chainId: port.chainId,
    params: (signal) => port.params(signal),
    epoch: (signal) => port.epoch(signal),
    host: (address, signal) => port.host(address, signal),
    hosts: (signal) => port.hosts(signal),
    assignment: (epoch, verifier, signal) => port.assignment(epoch, verifier, signal),
    openings: (epoch, signal) => port.openings(epoch, signal),
    finds: (epoch, host, signal) => port.finds(epoch, host, signal),
    ledger: (host, fromSequence, signal) => port.ledger(host, fromSequence, signal),
    balance: (address, signal) => port.balance(address, signal),
    appHash: (height, signal) => port.appHash(height, signal),
    submit: (messages, key, signal) => port.submit(messages, key, signal),
    onBlock: (listener) => port.onBlock(listener),
    onConnection: (listener) => port.onConnection(listener),
  }
}

function silentPeers(peerId: string): PeersPort {
  return {
    peerId,
    publishHeartbeat: async () => ({ recipients: 0 }),
    publishRaceChallenge: async () => ({ recipients: 0 }),
    onHeartbeat: () => () => undefined,
    onRaceChallenge: () => () => undefined,
    counts: () => ({ connected: 1, heartbeatsSeen: 0 }),
  }
}
