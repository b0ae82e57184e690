/**
 * A network on this computer alone: a chain node, two companion hosts and a gateway, each its own supervised process, so that what a
 * person joins is made of the same parts as the public one. Invariant: the genesis is written once; a restart goes on with
 * the chain, the keys and the ports that are there. Read next: supervisor.ts.
 */
import { join } from 'node:path'
import { encodeGenesis, readGenesisFile } from '../../chain-node/genesis-file.ts'
import { createLocalGenesis } from '../../chain-node/local-genesis.ts'
import { PUBLIC_MODE, writeTextFile } from '../../chain-node/private-file.ts'
import { genesisValidatorOf, loadOrCreateValidatorKey } from '../../chain-node/validator-key.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import { peerIdOfKey } from '../../p2p/peer-key.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import { loadPeerKey } from '../gateway/gateway-process.ts'
import { loadOrCreateHostKeys } from '../host-keys.ts'
import { builtInGenesisModels, genesisHostOf } from './genesis-parts.ts'
import type { NetworkPorts } from './network-file.ts'
import type { SpawnChild } from './spawn-child.ts'
import type { ChildStatus, SupervisedChild } from './supervisor.ts'
import { superviseChild } from './supervisor.ts'

const COMPANIONS = ['companion-1', 'companion-2'] as const
const VALIDATOR_POWER = 1_000_000n
/**
 * A companion leaves the machine to its owner, and most of the race: at `dev` about 150 attempts a second, several times what a
 * race asks of a host that counts and less than any GPU makes.
 */
const COMPANION_DUTY_PPM = 20_000

export interface LocalNetworkComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  /** How a member comes to life; a Node process where absent. */
  readonly spawn?: SpawnChild | undefined
}

export interface LocalNetworkOptions {
  readonly home: string
  readonly ports: NetworkPorts
  /** How to run `tailrace`: the program and its first arguments. */
  readonly program: readonly [string, ...string[]]
  readonly onExit: (status: ChildStatus, exit: string) => void
  /** Models that come with the program: what this network sells. */
  readonly builtInModels: string
  /** Share of the time that a companion races; a fiftieth where it is not given. */
  readonly companionDutyPpm?: number
}

export interface LocalNetwork {
  readonly rpcUrl: string
  /** Multiaddresses of the companions and of the gateway. */
  readonly bootstrap: readonly string[]
  /** `http://127.0.0.1:port/v1` */
  readonly openaiUrl: string
  statuses(): readonly ChildStatus[]
  stop(): Promise<void>
}

/** Folder of one member of the network under the data folder. */
export function memberHome(
  home: string,
  member: 'node' | 'app' | 'developer' | 'gateway' | (typeof COMPANIONS)[number],
): string {
  return join(home, member)
}

/** @throws CodedError `child_failed`, `child_timeout`, `invalid_genesis`, `damaged_file` */
export async function startLocalNetwork(
  components: LocalNetworkComponents,
  options: LocalNetworkOptions,
): Promise<LocalNetwork> {
  await ensureGenesis(components, options)
  const children: SupervisedChild[] = []
  const start = (name: string, args: readonly string[]): SupervisedChild => {
    const [command, ...first] = options.program
    const spec = { name, command, args: [...first, ...args] }
    const child = superviseChild(spec, { ...components, onExit: options.onExit })
    children.push(child)
    return child
  }
  const stop = async (): Promise<void> => {
    // Hosts first: they still talk to the chain while they stop.
    await Promise.all(children.slice(1).map((child) => child.stop()))
    await children[0]?.stop()
  }
  try {
    const rpcPort = String(options.ports.rpcPort)
    const node = start('node', ['node', '--home', memberHome(options.home, 'node'), '--rpc-port', rpcPort])
    const rpcUrl = (await node.ready).rpc ?? `http://127.0.0.1:${rpcPort}`
    const hosts = await companionAddresses(components, options)
    const gatewayAddress = await gatewayAddressOf(components, options)
    const bootstrap = [...hosts, gatewayAddress]
    const companions = COMPANIONS.map((name, index) =>
      start(name, companionArguments(options, rpcUrl, name, index, bootstrap)),
    )
    const gateway = start('gateway', gatewayArguments(options, rpcUrl, hosts))
    const ready = await Promise.all([gateway.ready, ...companions.map((companion) => companion.ready)])
    const openaiUrl = ready[0].openai ?? `http://127.0.0.1:${options.ports.gatewayPort}/v1`
    return { rpcUrl, bootstrap, openaiUrl, stop, statuses: () => children.map((child) => child.status()) }
  } catch (error) {
    await stop()
    throw error
  }
}

function companionArguments(
  options: LocalNetworkOptions,
  rpcUrl: string,
  name: (typeof COMPANIONS)[number],
  index: number,
  bootstrap: readonly string[],
): string[] {
  return [
    'host',
    ...['--home', memberHome(options.home, name)],
    ...['--rpc', rpcUrl],
    ...['--moniker', name],
    ...['--duty-ppm', String(options.companionDutyPpm ?? COMPANION_DUTY_PPM)],
    ...['--models', options.builtInModels],
    ...['--listen', `/ip4/127.0.0.1/tcp/${options.ports.companionP2pPorts[index]}`],
    ...bootstrap.filter((_address, other) => other !== index).flatMap((address) => ['--bootstrap', address]),
    '--join',
  ]
}

function gatewayArguments(options: LocalNetworkOptions, rpcUrl: string, hosts: readonly string[]): string[] {
  return [
    'gateway',
    ...['--home', memberHome(options.home, 'gateway')],
    ...['--rpc', rpcUrl],
    ...['--port', String(options.ports.gatewayPort)],
    ...['--models', modelsFolder(options.home)],
    ...['--listen', `/ip4/127.0.0.1/tcp/${options.ports.gatewayP2pPort}`],
    ...hosts.flatMap((address) => ['--bootstrap', address]),
  ]
}

/** Verified model files, kept once for all members of the network. */
export function modelsFolder(home: string): string {
  return join(home, 'models')
}

async function gatewayAddressOf({ rng }: LocalNetworkComponents, options: LocalNetworkOptions): Promise<string> {
  const peerId = await peerIdOfKey(loadPeerKey(memberHome(options.home, 'gateway'), rng))
  return `/ip4/127.0.0.1/tcp/${options.ports.gatewayP2pPort}/p2p/${peerId}`
}

async function companionAddresses(components: LocalNetworkComponents, options: LocalNetworkOptions): Promise<string[]> {
  return Promise.all(
    COMPANIONS.map(async (name, index) => {
      const keys = loadOrCreateHostKeys(memberHome(options.home, name), components.rng)
      const peerId = await peerIdOfKey(keys.peerKey)
      return `/ip4/127.0.0.1/tcp/${options.ports.companionP2pPorts[index]}/p2p/${peerId}`
    }),
  )
}

async function ensureGenesis(
  components: LocalNetworkComponents,
  { home, builtInModels }: Pick<LocalNetworkOptions, 'home' | 'builtInModels'>,
): Promise<void> {
  const { rng } = components
  const nodeHome = memberHome(home, 'node')
  const file = join(nodeHome, 'genesis.json')
  if (readGenesisFile(file) !== undefined) {
    return
  }
  const validator = loadOrCreateValidatorKey(nodeHome, rng)
  const { ownerKey } = loadOrCreateHostKeys(memberHome(home, 'developer'), rng)
  const hosts = await Promise.all(
    COMPANIONS.map((name) => genesisHostOf(loadOrCreateHostKeys(memberHome(home, name), rng), name)),
  )
  const genesis = createLocalGenesis({
    timeMs: components.clock.nowMs(),
    validators: [genesisValidatorOf(validator, VALIDATOR_POWER)],
    developer: { address: addressOfPublicKey(publicKeyOf(ownerKey)) },
    hosts,
    models: await builtInGenesisModels(builtInModels),
  })
  writeTextFile(file, encodeGenesis(genesis), PUBLIC_MODE)
}
