import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { ComputePort } from '../protocol/compute.ts'
import type { ShapeName } from '../protocol/params.ts'
import type { ChainWatch } from './chain-watch.ts'
import type { MemoryKeeper } from './memory-keeper.ts'
import type { PausePort } from './pausing.ts'
import type { ChainPort, KeyPort, PeersPort } from './ports.ts'
import type { ViewStore } from './view-store.ts'

export interface ContributorOptions {
  readonly shape: ShapeName
  /** Share of the time that the device works in a race, parts per million. */
  readonly dutyPpm: number
  readonly moniker: string
  /** Software and version, e.g. `tailrace/0.1.0`. */
  readonly engine: string
  /** Race on a software WebGPU adapter rather than on the CPU. */
  readonly allowSoftwareAdapter: boolean
  /** Random finds of other hosts that are recomputed in an epoch, beside the drawn duties. Default 4. */
  readonly spotChecksPerEpoch?: number
  /** Default: every 10 blocks, every 5 where blocks come faster than 5 s. */
  readonly heartbeatEveryBlocks?: number
  /** For how many blocks a registration lasts. Default 6,307,200: a year of 5 s blocks. */
  readonly deviceLifetimeBlocks?: number
}

/** What every part of a contributor works with. */
export interface HostContext {
  readonly chain: ChainPort
  readonly compute: ComputePort
  readonly peers: PeersPort
  readonly keys: KeyPort
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly watch: ChainWatch
  readonly view: ViewStore
  readonly memory: MemoryKeeper
  readonly options: ContributorOptions
  /** While it says so, nothing new is begun: no race, no order. */
  readonly pause?: PausePort
  /** Unix milliseconds as the network counts them, where this computer's clock is off; else the clock. */
  readonly networkTimeMs?: () => number
  /** Whether this host does paid work beside racing: its device key then carries the duty. */
  readonly servesWork?: boolean
}
