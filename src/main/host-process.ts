/**
 * The composition root of one host: chain client, peer node, compute and keys, wired into a contributor. Used by the
 * companion process, by the service shell and, with a wrapped port, by tests. It proves by type that each part fits its port.
 */

import type { Contributor } from '../host/contributor.ts'
import { createContributor } from '../host/contributor.ts'
import type { ChainPort, KeyPort } from '../host/ports.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { PeerNode } from '../p2p/create-peer-node.ts'
import { createPeerNode } from '../p2p/create-peer-node.ts'
import type { ComputePort } from '../protocol/compute.ts'
import type { ShapeName } from '../protocol/params.ts'
import { connectChainPort } from './chain-port.ts'
import type { HostDirectory } from './host-directory.ts'
import { createHostDirectory } from './host-directory.ts'
import { createKeyPort, loadOrCreateHostKeys } from './host-keys.ts'
import { createMemoryFile } from './memory-file.ts'
import { ENGINE } from './version.ts'

export interface HostProcessComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly compute: ComputePort
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
}

export interface HostProcess {
  readonly contributor: Contributor
  readonly chain: ChainPort
  readonly directory: HostDirectory
  readonly peers: PeerNode
  readonly keys: KeyPort
  stop(): Promise<void>
}

/** Starts everything but does not join. @throws CodedError `chain_unreachable`, `wrong_chain`, `damaged_file` … */
export async function startHostProcess(
  components: HostProcessComponents,
  options: HostProcessOptions,
): Promise<HostProcess> {
  const { clock, logger, rng, compute } = components
  const stopping = new AbortController()
  const secrets = loadOrCreateHostKeys(options.home, rng)
  const keys = createKeyPort(secrets)
  const chain = await connectChainPort({ clock, logger }, { rpcUrl: options.rpcUrl, keys: secrets }, stopping.signal)
  const directory = createHostDirectory(chain, logger)
  const peers = await createPeerNode(
    { directory, clock, logger },
    {
      peerKey: secrets.peerKey,
      listen: options.listen,
      bootstrap: options.bootstrap,
      isLoopback: options.listen.every((address) => address.startsWith('/ip4/127.')),
      agent: ENGINE,
    },
  )
  directory.start(stopping.signal)
  await peers.start()
  const contributor = createContributor(
    { chain, compute, peers, keys, memory: createMemoryFile(options.home), clock, logger, rng },
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
      await peers.stop()
      await chain.close()
    },
  }
}
