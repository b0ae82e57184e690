/**
 * The composition root of one host: chain client, peer node, compute, inference, store and keys, wired into a contributor. Used by
 * the companion process, by the service shell and, with a wrapped port, by tests. It proves by type that each part fits its port.
 */
import { join } from 'node:path'
import type { Contributor, ContributorComponents } from '../host/contributor.ts'
import { createContributor } from '../host/contributor.ts'
import type { KeyPort } from '../host/ports.ts'
import type { WorkStore } from '../host/work/ports.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { PeerNode } from '../p2p/create-peer-node.ts'
import { createPeerNode } from '../p2p/create-peer-node.ts'
import type { ComputePort } from '../protocol/compute.ts'
import type { InferencePort } from '../protocol/inference.ts'
import type { ShapeName } from '../protocol/params.ts'
import type { ClosableChainPort } from './chain-port.ts'
import { connectChainPort } from './chain-port.ts'
import type { HostDirectory } from './host-directory.ts'
import { createHostDirectory } from './host-directory.ts'
import type { HostKeys } from './host-keys.ts'
import { createKeyPort, createWorkKeys, loadOrCreateHostKeys } from './host-keys.ts'
import { createMemoryFile } from './memory-file.ts'
import { ENGINE } from './version.ts'
import { openWorkStore } from './work/work-store.ts'

export interface HostProcessComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly compute: ComputePort
  /** What serves models; without it this host only races and verifies races. */
  readonly inference?: InferencePort
  /** Puts something around what this root builds; the identity where absent. */
  readonly around?: Partial<HostPortWrappers>
}

/** Each is handed the real port and gives back what the host gets in its place. */
export interface HostPortWrappers {
  readonly chain: (chain: ClosableChainPort) => ClosableChainPort
  readonly peers: (peers: PeerNode) => PeerNode
  readonly store: (store: WorkStore) => WorkStore
}

export interface HostProcessOptions {
  /** Folder of this host's keys and memory. */
  readonly home: string
  readonly rpcUrl: string
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly moniker: string
  readonly shape: ShapeName
  readonly dutyPpm: number
  readonly allowSoftwareAdapter: boolean
  /** Models to serve while taking part. */
  readonly models: readonly string[]
}

export interface HostProcess {
  readonly contributor: Contributor
  readonly chain: ClosableChainPort
  readonly directory: HostDirectory
  readonly peers: PeerNode
  readonly keys: KeyPort
  stop(): Promise<void>
}

const WORK_FILE = 'work.sqlite'

/** Starts everything but does not join. @throws CodedError `chain_unreachable`, `wrong_chain`, `damaged_file`, `store_in_use` … */
export async function startHostProcess(
  components: HostProcessComponents,
  options: HostProcessOptions,
): Promise<HostProcess> {
  const { clock, logger, rng, around = {} } = components
  const stopping = new AbortController()
  const secrets = loadOrCreateHostKeys(options.home, rng)
  const keys = createKeyPort(secrets)
  const connected = await connectChainPort(
    { clock, logger },
    { rpcUrl: options.rpcUrl, keys: secrets },
    stopping.signal,
  )
  const chain = around.chain?.(connected) ?? connected
  const directory = createHostDirectory(chain, logger)
  const node = await createNode({ clock, logger, directory }, secrets, options)
  const peers = around.peers?.(node) ?? node
  directory.start(stopping.signal)
  await node.start()
  const file = components.inference === undefined ? undefined : openWorkStore(join(options.home, WORK_FILE))
  const store = file && (around.store?.(file) ?? file)
  const work = workOf(components, options, { chain, peers, store, secrets })
  const contributor = createContributor(
    {
      chain,
      compute: components.compute,
      peers,
      keys,
      memory: createMemoryFile(options.home),
      clock,
      logger,
      rng,
      ...work,
    },
    {
      shape: options.shape,
      dutyPpm: options.dutyPpm,
      moniker: options.moniker,
      engine: ENGINE,
      allowSoftwareAdapter: options.allowSoftwareAdapter,
    },
  )
  await contributor.start(stopping.signal)
  return {
    contributor,
    chain,
    directory,
    peers,
    keys,
    async stop() {
      await contributor.stop()
      stopping.abort()
      await node.stop()
      await chain.close()
      file?.close()
    },
  }
}

function createNode(
  components: { readonly clock: Clock; readonly logger: Logger; readonly directory: HostDirectory },
  secrets: HostKeys,
  options: HostProcessOptions,
): Promise<PeerNode> {
  return createPeerNode(components, {
    peerKey: secrets.peerKey,
    listen: options.listen,
    bootstrap: options.bootstrap,
    isLoopback: options.listen.every((address) => address.startsWith('/ip4/127.')),
    agent: ENGINE,
  })
}

function workOf(
  { inference }: HostProcessComponents,
  { models }: HostProcessOptions,
  parts: {
    readonly chain: ClosableChainPort
    readonly peers: PeerNode
    readonly store: WorkStore | undefined
    readonly secrets: HostKeys
  },
): Pick<ContributorComponents, 'work'> {
  const { chain, peers, store, secrets } = parts
  if (inference === undefined || store === undefined) {
    return {}
  }
  return { work: { inference, peers, keys: createWorkKeys(secrets), chain: chain.work, store, options: { models } } }
}
