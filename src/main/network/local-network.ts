/**
 * A network on this computer alone: one chain node and two companion hosts, each its own supervised process, so that what a
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
import type { GenesisHost } from '../../protocol/genesis.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import { createKeyPort, loadOrCreateHostKeys } from '../host-keys.ts'
import type { NetworkPorts } from './network-file.ts'
import type { ChildStatus, SupervisedChild } from './supervisor.ts'
import { superviseChild } from './supervisor.ts'

const COMPANIONS = ['companion-1', 'companion-2'] as const
const VALIDATOR_POWER = 1_000_000n
/** A companion leaves most of the machine to its owner. */
const COMPANION_DUTY_PPM = 100_000

export interface LocalNetworkComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
}

export interface LocalNetworkOptions {
  readonly home: string
  readonly ports: NetworkPorts
  /** How to run `tailrace`: the program and its first arguments. */
  readonly program: readonly [string, ...string[]]
  readonly onExit: (status: ChildStatus, exit: string) => void
}

export interface LocalNetwork {
  readonly rpcUrl: string
  /** Multiaddresses of the companions. */
  readonly bootstrap: readonly string[]
  statuses(): readonly ChildStatus[]
  stop(): Promise<void>
}

/** Folder of one member of the network under the data folder. */
export function memberHome(home: string, member: 'node' | 'app' | 'developer' | (typeof COMPANIONS)[number]): string {
  return join(home, member)
}

/** @throws CodedError `child_failed`, `child_timeout`, `invalid_genesis`, `damaged_file` */
export async function startLocalNetwork(
  components: LocalNetworkComponents,
  options: LocalNetworkOptions,
): Promise<LocalNetwork> {
  await ensureGenesis(components, options.home)
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
    const bootstrap = await companionAddresses(components, options)
    const companions = COMPANIONS.map((name, index) =>
      start(name, companionArguments(options, rpcUrl, name, index, bootstrap)),
    )
    await Promise.all(companions.map((companion) => companion.ready))
    return { rpcUrl, bootstrap, stop, statuses: () => children.map((child) => child.status()) }
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
    ...['--duty-ppm', String(COMPANION_DUTY_PPM)],
    ...['--listen', `/ip4/127.0.0.1/tcp/${options.ports.companionP2pPorts[index]}`],
    ...bootstrap.filter((_address, other) => other !== index).flatMap((address) => ['--bootstrap', address]),
    '--join',
  ]
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

async function ensureGenesis(components: LocalNetworkComponents, home: string): Promise<void> {
  const { rng } = components
  const nodeHome = memberHome(home, 'node')
  const file = join(nodeHome, 'genesis.json')
  if (readGenesisFile(file) !== undefined) {
    return
  }
  const validator = loadOrCreateValidatorKey(nodeHome, rng)
  const developer = createKeyPort(loadOrCreateHostKeys(memberHome(home, 'developer'), rng))
  const hosts = await Promise.all(COMPANIONS.map((name) => genesisHost(memberHome(home, name), name, rng)))
  const genesis = createLocalGenesis({
    timeMs: components.clock.nowMs(),
    validators: [genesisValidatorOf(validator, VALIDATOR_POWER)],
    developer: { address: developer.ownerAddress },
    hosts,
  })
  writeTextFile(file, encodeGenesis(genesis), PUBLIC_MODE)
}

async function genesisHost(home: string, moniker: string, rng: Rng): Promise<GenesisHost> {
  const keys = loadOrCreateHostKeys(home, rng)
  return {
    owner: createKeyPort(keys).ownerAddress,
    devicePublicKey: publicKeyOf(keys.deviceKey),
    peerId: await peerIdOfKey(keys.peerKey),
    shape: 'dev',
    moniker,
  }
}
