/**
 * The composition root of one host: chain client, peer node, compute, inference, store and keys, wired into a contributor. Used by
 * the companion process, by the service shell and, with a wrapped port, by tests. It proves by type that each part fits its port.
 */
import { join } from 'node:path'
import type { ContributorOptions } from '../host/context.ts'
import type { Contributor, ContributorComponents } from '../host/contributor.ts'
import { createContributor } from '../host/contributor.ts'
import type { PausePort } from '../host/pausing.ts'
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
import { loadOrCreateHostKeys } from './host-keys.ts'
import { createKeyPort, createWorkKeys } from './keys/key-ports.ts'
import { signerOfHostKeys } from './keys/local-signer.ts'
import type { Signer } from './keys/signer.ts'
import { createMemoryFile } from './memory-file.ts'
import { createSteadyClock } from './system.ts'
import { createClockWatch } from './troubles/clock-troubles.ts'
import { ENGINE } from './version.ts'
import { settleOwnerFiles } from './wallet/owner-files.ts'
import { openWorkStore } from './work/work-store.ts'

export interface HostProcessComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly compute: ComputePort
  /** What serves models; without it this host only races and verifies races. */
  readonly inference?: InferencePort
  /** Who this host is; without it the open keys of its folder, made at the first start. */
  readonly identity?: HostSecrets
  /** While it says so, nothing new is begun. */
  readonly pause?: PausePort
  /** Hears of what the host's stores could not write. */
  readonly onStoreFault?: (error: unknown) => void
  /** Puts something around what this root builds; the identity where absent. */
  readonly around?: Partial<HostPortWrappers>
}

export interface HostSecrets {
  readonly signer: Signer
  /** Ed25519 seed of the libp2p identity, 32 bytes: stands for nothing but itself, so it may lie in this process. */
  readonly peerKey: Uint8Array
}

/** Each is handed the real port and gives back what the host gets in its place. */
export interface HostPortWrappers {
  /** Where this host reaches the chain. */
  readonly rpcUrl: (url: string) => string
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
  /** Joins at the start where an earlier run had joined; true where absent. */
  readonly resume?: boolean
  /** Models to serve while taking part. */
  readonly models: readonly string[]
}

export interface HostProcess {
  readonly contributor: Contributor
  readonly chain: ClosableChainPort
  readonly directory: HostDirectory
  readonly peers: PeerNode
  readonly keys: KeyPort
  /** How much this computer's clock is ahead of the chain's, where it is off; else 0. */
  clockOffsetMs(): number
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
  const secrets = components.identity ?? openIdentity(options.home, rng)
  settleOwnerFiles(options.home, secrets.signer.identity.ownerAddress)
  const keys = createKeyPort(secrets.signer)
  // Waits and retries are spans: a clock that is set must not lengthen them.
  const connected = await connectChainPort(
    { clock: createSteadyClock(clock), logger },
    { rpcUrl: around.rpcUrl?.(options.rpcUrl) ?? options.rpcUrl, signer: secrets.signer },
    stopping.signal,
  )
  const chain = around.chain?.(connected) ?? connected
  const directory = createHostDirectory(chain, logger)
  const clockWatch = createClockWatch()
  chain.onBlock((block) => clockWatch.heard(block, clock.nowMs()))
  // What is sent and heard among peers is judged by its time: by the network's, where this computer's clock is off.
  const networkTimeMs = (): number => clock.nowMs() - clockWatch.offsetMs()
  const peerClock: Clock = { nowMs: networkTimeMs, sleep: (delayMs, signal) => clock.sleep(delayMs, signal) }
  const node = await createNode({ clock: peerClock, logger, directory }, secrets, options)
  const peers = around.peers?.(node) ?? node
  directory.start(stopping.signal)
  await node.start()
  const { onStoreFault = () => undefined, pause } = components
  const file =
    components.inference === undefined
      ? undefined
      : openWorkStore(join(options.home, WORK_FILE), undefined, onStoreFault)
  const store = file && (around.store?.(file) ?? file)
  const work = workOf(components, options, { chain, peers, store, secrets })
  const memory = createMemoryFile(options.home, { resume: options.resume ?? true, onFault: onStoreFault })
  const contributor = createContributor(
    {
      ...{ chain, peers, keys, memory, networkTimeMs, clock, logger, rng, compute: components.compute },
      ...(pause && { pause }),
      ...work,
    },
    contributorOptions(options),
  )
  await contributor.start(stopping.signal)
  return {
    contributor,
    chain,
    directory,
    peers,
    keys,
    clockOffsetMs: () => clockWatch.offsetMs(),
    async stop() {
      await contributor.stop()
      stopping.abort()
      await node.stop()
      await chain.close()
      file?.close()
    },
  }
}

function contributorOptions(options: HostProcessOptions): ContributorOptions {
  const { shape, dutyPpm, moniker, allowSoftwareAdapter } = options
  return { shape, dutyPpm, moniker, allowSoftwareAdapter, engine: ENGINE }
}

function openIdentity(home: string, rng: Rng): HostSecrets {
  const keys = loadOrCreateHostKeys(home, rng)
  return { signer: signerOfHostKeys(keys), peerKey: keys.peerKey }
}

function createNode(
  components: { readonly clock: Clock; readonly logger: Logger; readonly directory: HostDirectory },
  secrets: HostSecrets,
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
    readonly secrets: HostSecrets
  },
): Pick<ContributorComponents, 'work'> {
  const { chain, peers, store, secrets } = parts
  if (inference === undefined || store === undefined) {
    return {}
  }
  return {
    work: { inference, peers, keys: createWorkKeys(secrets.signer), chain: chain.work, store, options: { models } },
  }
}
