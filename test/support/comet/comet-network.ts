/**
 * A network of real CometBFT processes, each with our application beside it, for tests of everything that needs a real engine. Nobody
 * supervises: a test kills a process, and starts it again when it wants to. Each node reaches the others through relays of this
 * process, so lines can be cut (links.ts). Invariant: whatever ends this process ends them all, the application through its
 * stdin and CometBFT through the application.
 *
 *   const network = await startCometNetwork({ validators: 4, home })
 *   await network.kill('app-2', 'SIGKILL')        // CometBFT sees its socket die and ends itself
 *   await network.start('node-2')                 // application, then CometBFT
 *   await network.waitForHeight(20)
 *
 * It runs the source with this Node; CometBFT is what findCometbft() finds (skip with `cometIsMissing()` where there is none).
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readGenesisFile } from '../../../src/chain-node/genesis-file.ts'
import { createLocalGenesis } from '../../../src/chain-node/local-genesis.ts'
import { genesisValidatorOf } from '../../../src/chain-node/validator-key.ts'
import { errorMessage } from '../../../src/lib/coded-error.ts'
import { findCometbft } from '../../../src/main/cometbft/binary.ts'
import { genesisPath, initNodeHome, openIdentity } from '../../../src/main/cometbft/comet-home.ts'
import type { NodeSettings } from '../../../src/main/cometbft/node-settings.ts'
import {
  canUseUnixSocket,
  defaultNodeSettings,
  readNodeSettings,
  writeNodeSettings,
} from '../../../src/main/cometbft/node-settings.ts'
import type { HostKeys } from '../../../src/main/host-keys.ts'
import { loadOrCreateHostKeys } from '../../../src/main/host-keys.ts'
import { findServerPorts } from '../../../src/main/network/free-port.ts'
import { genesisHostOf } from '../../../src/main/network/genesis-parts.ts'
import { SYSTEM_RNG } from '../../../src/main/system.ts'
import { addressOfPublicKey } from '../../../src/protocol/address.ts'
import type { Genesis, GenesisHost, GenesisModel } from '../../../src/protocol/genesis.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { publicKeyOf } from '../../../src/protocol/signature.ts'
import { waitFor } from '../wait-for.ts'
import { createLifecycle } from './lifecycle.ts'
import type { Links } from './links.ts'
import { startLinks } from './links.ts'
import type { CometTestNode, LaunchOptions } from './test-node.ts'
import { createNode } from './test-node.ts'

const PORTS_PER_NODE = 5

export interface CometNetworkOptions {
  /** In the genesis, with equal power. Node i is validator i. */
  readonly validators: number
  /** Nodes beside them that are none. */
  readonly fullNodes?: number
  /** Folder that gets a folder for each node, `node-0` …; those that are there already go on where they were. */
  readonly home: string
  readonly options?: LaunchOptions & {
    /** Over the local network's. */
    readonly params?: Partial<Params>
    readonly chainId?: string
    /** Power of validator i; 1,000,000 each where absent. */
    readonly powers?: readonly bigint[]
    /** Hosts of the genesis beside the owners of the validators. */
    readonly hosts?: readonly GenesisHost[]
    /** What the network sells; nothing where absent. */
    readonly models?: readonly GenesisModel[]
    /** Without relays each node dials the others themselves. */
    readonly links?: 'relayed' | 'direct'
    /** Changes what node i is set to. */
    readonly settings?: (node: number, settings: NodeSettings) => NodeSettings
    /** Nodes that `startCometNetwork` starts; all where absent. */
    readonly started?: readonly number[]
  }
}

export interface CometNetwork {
  readonly genesis: Genesis
  readonly nodes: readonly CometTestNode[]
  readonly rpcUrls: readonly string[]
  readonly links: Links | undefined
  /** The account that the genesis funds with a million TAIL. */
  readonly developer: HostKeys
  /** `app-1`, `comet-1`, or `node-1` for both at once. Waits for its end; a CometBFT whose application is killed ends by itself. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  /** `app-1`, `comet-1`, or `node-1` for the application and then CometBFT, whichever does not run. */
  start(name: string): Promise<void>
  restart(name: string, signal?: NodeJS.Signals): Promise<void>
  /** Cuts every line of validator i; without an argument of `heal` every line is mended. */
  cut(node: number): void
  heal(): void
  /** Of the named nodes, all running ones where absent. */
  heights(nodes?: readonly number[]): Promise<readonly number[]>
  /** Until each of the nodes (all that run, where absent) has this height. */
  waitForHeight(
    height: number,
    options?: { readonly nodes?: readonly number[]; readonly deadlineMs?: number },
  ): Promise<void>
  stop(): Promise<void>
}

/** Why a test that needs CometBFT cannot run here; undefined where it can. For `test.skipIf`. */
export function cometIsMissing(): string | undefined {
  try {
    findCometbft()
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}

export async function startCometNetwork(given: CometNetworkOptions): Promise<CometNetwork> {
  const { home, options = {} } = given
  const count = given.validators + (given.fullNodes ?? 0)
  const logs = join(home, 'logs')
  mkdirSync(logs, { recursive: true, mode: 0o700 })
  const indexes = Array.from({ length: count }, (_none, index) => index)
  const developer = loadOrCreateHostKeys(join(home, 'developer'), SYSTEM_RNG)
  const owners = indexes
    .slice(0, given.validators)
    .map((index) => loadOrCreateHostKeys(join(home, `owner-${index}`), SYSTEM_RNG))
  const ports = await settlePorts(given, count)
  const kept = readGenesisFile(genesisPath(join(home, 'node-0')))
  const genesis = kept ?? (await settleGenesis(given, { developer, owners }))
  const links = options.links === 'direct' ? undefined : await startLinks(ports.map(({ p2p }) => p2p))
  const binary = findCometbft().path
  const nodes = indexes.map((index) => {
    const nodeHome = join(home, `node-${index}`)
    settleNode(given, { index, ports, links, genesis })
    return createNode({ index, home: nodeHome, logs, binary, owner: owners[index], options })
  })
  const network = createNetwork({ genesis, nodes, links, developer })
  try {
    const started = options.started ?? indexes
    await Promise.all(started.map((index) => network.start(`node-${index}`)))
  } catch (error) {
    await network.stop()
    throw error
  }
  return network
}

interface NodePorts {
  readonly rpc: number
  readonly p2p: number
  readonly cometMetrics: number
  readonly appMetrics: number
  readonly abci: number
}

async function settlePorts({ home }: CometNetworkOptions, count: number): Promise<readonly NodePorts[]> {
  const free = await findServerPorts(count * PORTS_PER_NODE, SYSTEM_RNG)
  return Array.from({ length: count }, (_none, index) => {
    const kept = readNodeSettings(join(home, `node-${index}`))
    const [rpc = 0, p2p = 0, cometMetrics = 0, appMetrics = 0, abci = 0] = free.slice(index * PORTS_PER_NODE)
    const fresh = { rpc, p2p, cometMetrics, appMetrics, abci }
    return kept === undefined ? fresh : { ...fresh, rpc: kept.rpc.port, p2p: kept.p2p.port }
  })
}

async function settleGenesis(
  { home, validators, options = {} }: CometNetworkOptions,
  keys: { readonly developer: HostKeys; readonly owners: readonly HostKeys[] },
): Promise<Genesis> {
  const named = await Promise.all(keys.owners.map((owner, index) => genesisHostOf(owner, `validator-${index}`)))
  return createLocalGenesis({
    timeMs: Date.now(),
    validators: Array.from({ length: validators }, (_none, index) => {
      const { validatorKey, account } = openIdentity(join(home, `node-${index}`), SYSTEM_RNG)
      return {
        ...genesisValidatorOf(validatorKey, options.powers?.[index] ?? 1_000_000n),
        owner: named[index]?.owner as string,
        nodePublicKey: account.publicKey,
      }
    }),
    developer: { address: addressOfPublicKey(publicKeyOf(keys.developer.ownerKey)) },
    hosts: [...named, ...(options.hosts ?? [])],
    models: options.models ?? [],
    ...(options.params && { params: options.params }),
    ...(options.chainId !== undefined && { chainId: options.chainId }),
  })
}

function settleNode(
  { home, options = {} }: CometNetworkOptions,
  world: { index: number; ports: readonly NodePorts[]; links: Links | undefined; genesis: Genesis },
): void {
  const { index, ports, links } = world
  const nodeHome = join(home, `node-${index}`)
  const own = ports[index] as NodePorts
  const base = defaultNodeSettings(`node-${index}`)
  const idOf = (node: number): string => openIdentity(join(home, `node-${node}`), SYSTEM_RNG).nodeId
  const persistentPeers = ports.flatMap(({ p2p }, other) =>
    other === index ? [] : [`${idOf(other)}@127.0.0.1:${links?.port(index, other) ?? p2p}`],
  )
  const settings: NodeSettings = {
    ...base,
    rpc: { ...base.rpc, port: own.rpc },
    p2p: { ...base.p2p, host: '127.0.0.1', port: own.p2p, persistentPeers, pex: false },
    metrics: { cometPort: own.cometMetrics, appPort: own.appMetrics },
    abci: canUseUnixSocket(nodeHome) ? 'unix' : own.abci,
  }
  // The relays of this run have new ports: the settings of an earlier one are written anew.
  writeNodeSettings(nodeHome, options.settings?.(index, settings) ?? settings)
  initNodeHome(nodeHome, SYSTEM_RNG, { settings, genesis: world.genesis })
}

function createNetwork(parts: {
  readonly genesis: Genesis
  readonly nodes: readonly CometTestNode[]
  readonly links: Links | undefined
  readonly developer: HostKeys
}): CometNetwork {
  const { nodes, links } = parts
  const { kill, start } = createLifecycle(nodes)
  const running = (): readonly CometTestNode[] => nodes.filter(({ comet }) => comet.isRunning)
  const chosen = (indexes: readonly number[] | undefined): readonly CometTestNode[] =>
    indexes === undefined ? running() : nodes.filter(({ index }) => indexes.includes(index))

  return {
    ...parts,
    rpcUrls: nodes.map(({ rpcUrl }) => rpcUrl),
    kill,
    start,
    async restart(name, signal) {
      await kill(name, signal)
      await start(name.replace('app-', 'node-'))
    },
    cut: (node) => links?.cut(node),
    heal: () => links?.heal(),
    heights: (indexes) => Promise.all(chosen(indexes).map(async (node) => (await node.status()).height)),
    async waitForHeight(height, { nodes: indexes, deadlineMs = 120_000 } = {}) {
      await Promise.all(
        chosen(indexes).map((node) =>
          waitFor(`height ${height} of node ${node.index}`, async () => (await node.status()).height >= height, {
            deadlineMs,
            everyMs: 100,
          }),
        ),
      )
    },
    async stop() {
      await Promise.all(nodes.map(({ comet }) => comet.kill('SIGTERM')))
      await Promise.all(nodes.map(({ app }) => app.kill('SIGTERM')))
      await links?.stop()
    },
  }
}
