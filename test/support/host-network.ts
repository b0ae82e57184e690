/**
 * A network of hosts in one process: the real state machine, real contributors, the reference oracle, a virtual clock. Gossip
 * is a bus that hands every message to all others; that real gossip does the same is shown beside src/p2p.
 */
import { createHash } from 'node:crypto'
import type { ContributorOptions } from '../../src/host/context.ts'
import type { Contributor } from '../../src/host/contributor.ts'
import { createContributor } from '../../src/host/contributor.ts'
import type { PausePort } from '../../src/host/pausing.ts'
import type { HostMemory, KeyPort, MemoryPort, PeersPort } from '../../src/host/ports.ts'
import type { HostView } from '../../src/host/view.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import type { Logger, Rng } from '../../src/lib/runtime.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { createKeyPort } from '../../src/main/keys/key-ports.ts'
import { createLocalSigner } from '../../src/main/keys/local-signer.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import type { ComputePort } from '../../src/protocol/compute.ts'
import type { GenesisHost } from '../../src/protocol/genesis.ts'
import type { Heartbeat, RaceChallenge } from '../../src/protocol/gossip.ts'
import type { Params } from '../../src/protocol/params.ts'
import { LOCAL_PARAMS } from '../../src/protocol/params.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { TestChain } from './host-chain.ts'
import type { HostSecrets, TestWallet } from './host-chain-port.ts'
import { TestChainPort } from './host-chain-port.ts'
import { createOracleCompute } from './host-compute.ts'
import { VirtualClock } from './virtual-clock.ts'

export const TEST_PARAMS: Params = { ...LOCAL_PARAMS, sampleSize: 12, extensionSize: 8, openingPpm: 250_000 }

export interface TestHost {
  readonly name: string
  readonly owner: string
  readonly device: string
  readonly chain: TestChainPort
  readonly views: HostView[]
  /** Of its owner key: to lock and to unlock. */
  readonly wallet: TestWallet
  contributor: Contributor
  memory(): HostMemory
  /** Codes of all notices so far, over restarts. */
  codes(): string[]
  /** Stops and starts again with the same keys and memory, as a new process would. */
  restart(): Promise<void>
}

export interface HostSetup {
  readonly isGenesis?: boolean
  /** Begins with a locked owner key. */
  readonly isLocked?: boolean
  /** Uses the owner key of another host: a second machine of the same owner. */
  readonly ownerOf?: string
  readonly wrapCompute?: (compute: ComputePort) => ComputePort
  readonly wrapMemory?: (memory: MemoryPort) => MemoryPort
  readonly pause?: PausePort
  readonly logger?: Logger
  readonly options?: Partial<ContributorOptions>
}

export interface TestNetwork {
  readonly clock: VirtualClock
  readonly chain: TestChain
  readonly gossip: { readonly heartbeats: Heartbeat[]; readonly challenges: RaceChallenge[] }
  host(name: string): TestHost
  /** The gossip port of a host, to say something in its name. */
  peersOf(name: string): PeersPort
  blocks(count: number): Promise<void>
  /** Makes blocks until the height is committed and everybody has acted on it. */
  until(height: number): Promise<void>
  joinAll(): Promise<void>
  stop(): Promise<void>
}

export async function createTestNetwork(
  setups: Readonly<Record<string, HostSetup>>,
  params: Params = TEST_PARAMS,
  clock: VirtualClock = new VirtualClock(),
): Promise<TestNetwork> {
  const names = Object.keys(setups)
  const genesis = names.filter((name) => setups[name]?.isGenesis === true).map(genesisHostOf)
  const chain = new TestChain(params, genesis, clock)
  const bus = createBus()
  const activity = { count: 0 }
  const hosts = new Map<string, TestHost>()
  for (const name of names) {
    const host = createTestHost(name, setups[name] ?? {}, { clock, chain, bus, activity })
    hosts.set(name, host)
    await host.contributor.start(new AbortController().signal)
  }
  await settle(activity)

  async function blocks(count: number): Promise<void> {
    for (let made = 0; made < count; made++) {
      await clock.advance(params.blockTimeMs)
      await settle(activity)
      chain.produceBlock()
      await settle(activity)
    }
  }

  return {
    clock,
    chain,
    gossip: bus,
    host(name) {
      const found = hosts.get(name)
      if (found === undefined) {
        throw new CodedError('unknown_host', name)
      }
      return found
    },
    peersOf: (name) => bus.portOf(`peer-${name}`),
    blocks,
    until: (height) => blocks(Math.max(0, height - chain.height())),
    async joinAll() {
      const joins = Promise.all([...hosts.values()].map((each) => each.contributor.join()))
      await blocks(4)
      await joins
    },
    async stop() {
      await Promise.all([...hosts.values()].map((each) => each.contributor.stop()))
    },
  }
}

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

interface Surroundings {
  readonly clock: VirtualClock
  readonly chain: TestChain
  readonly bus: Bus
  readonly activity: { count: number }
}

function createTestHost(name: string, setup: HostSetup, around: Surroundings): TestHost {
  const secrets = { ...secretsOf(name), owner: secretsOf(setup.ownerOf ?? name).owner }
  const wallet = { isOpen: setup.isLocked !== true }
  const keys = keyPortOf(secrets, wallet)
  const port = new TestChainPort(around.chain, { ...secrets, wallet }, () => {
    around.activity.count += 1
  })
  const compute = createOracleCompute(around.clock)
  const memory = createTestMemory()
  const components = {
    chain: port,
    compute: setup.wrapCompute?.(compute) ?? compute,
    peers: around.bus.portOf(`peer-${name}`),
    keys,
    memory: setup.wrapMemory?.(memory) ?? memory,
    ...(setup.pause && { pause: setup.pause }),
    clock: around.clock,
    logger: setup.logger ?? SILENT_LOGGER,
    rng: rngOf(name),
  }
  const options = { ...DEFAULT_OPTIONS, moniker: name, ...setup.options }
  const views: HostView[] = []
  const codes: string[] = []
  const create = (): Contributor => {
    const contributor = createContributor(components, options)
    record(contributor, views, codes)
    return contributor
  }
  const host: TestHost = {
    name,
    owner: keys.ownerAddress,
    device: keys.deviceAddress,
    chain: port,
    views,
    wallet,
    contributor: create(),
    memory: memory.current,
    codes: () => codes,
    async restart() {
      await host.contributor.stop()
      host.contributor = create()
      await host.contributor.start(new AbortController().signal)
    },
  }
  return host
}

const DEFAULT_OPTIONS: ContributorOptions = {
  shape: 'dev',
  dutyPpm: 1_000_000,
  moniker: '',
  engine: 'tailrace/test',
  allowSoftwareAdapter: false,
  spotChecksPerEpoch: 0,
}

function createTestMemory(): MemoryPort & { current(): HostMemory } {
  let remembered: HostMemory = { joined: false }
  return {
    load: async () => remembered,
    async save(next) {
      remembered = next
    },
    current: () => remembered,
  }
}

/** Keeps every view and the code of every notice. */
function record(contributor: Contributor, views: HostView[], codes: string[]): void {
  let seen = 0
  contributor.onChange((view) => {
    views.push(view)
    for (const notice of view.notices.filter(({ sequence }) => sequence > seen)) {
      codes.push(notice.code)
      seen = notice.sequence
    }
  })
}

function secretsOf(name: string): HostSecrets {
  const derive = (role: string) => new Uint8Array(createHash('sha256').update(`${name}/${role}`).digest())
  return { owner: derive('owner'), device: derive('device') }
}

/** The real port over a real signer, so that whatever a test host signs is what its keys may sign. */
export function keyPortOf({ owner, device }: HostSecrets, wallet: TestWallet = { isOpen: true }): KeyPort {
  return createKeyPort(
    createLocalSigner({
      ownerPublicKey: publicKeyOf(owner),
      ownerKey: () => (wallet.isOpen ? owner : undefined),
      deviceKey: device,
    }),
  )
}

/** The same bytes in every run: a stream of hashes of the name. */
export function rngOf(name: string): Rng {
  let counter = 0
  return {
    bytes(length) {
      counter += 1
      return new Uint8Array(createHash('shake256', { outputLength: length }).update(`${name}/${counter}`).digest())
    },
  }
}

interface Bus {
  readonly heartbeats: Heartbeat[]
  readonly challenges: RaceChallenge[]
  portOf(peerId: string): PeersPort
}

function createBus(): Bus {
  const heartbeats: Heartbeat[] = []
  const challenges: RaceChallenge[] = []
  const heartbeatListeners = new Map<(message: Heartbeat) => void, string>()
  const challengeListeners = new Map<(message: RaceChallenge) => void, string>()

  function send<T>(listeners: Map<(message: T) => void, string>, from: string, message: T): { recipients: number } {
    const others = [...listeners].filter(([, peerId]) => peerId !== from)
    for (const [listener] of others) {
      listener(message)
    }
    return { recipients: others.length }
  }

  return {
    heartbeats,
    challenges,
    portOf: (peerId) => ({
      peerId,
      async publishHeartbeat(message) {
        heartbeats.push(message)
        return send(heartbeatListeners, peerId, message)
      },
      async publishRaceChallenge(message) {
        challenges.push(message)
        return send(challengeListeners, peerId, message)
      },
      onHeartbeat(listener) {
        heartbeatListeners.set(listener, peerId)
        return () => heartbeatListeners.delete(listener)
      },
      onRaceChallenge(listener) {
        challengeListeners.set(listener, peerId)
        return () => challengeListeners.delete(listener)
      },
      counts: () => ({ connected: 2, heartbeatsSeen: heartbeats.length }),
    }),
  }
}
