/**
 * What a host shows of itself: one immutable value, replaced at each change. Companions log it, the service shell turns it
 * into the screen's snapshot. Amounts and weights are bigint, times Unix milliseconds.
 */

import type { BackendKind, DeviceReport, RaceProgress } from '../protocol/compute.ts'
import type { ConnectionState, HostRecord } from './ports.ts'

export const HOST_PHASES = [
  /** Not joined. */
  'idle',
  /** Probing the backends and running the conformance vectors. */
  'checking_device',
  /** Computing the stamp and registering. */
  'joining',
  /** Registered; the next race has not begun. */
  'waiting_for_race',
  'racing',
  /** The race is over: own finds are being checked, own duties answered. */
  'being_verified',
  /** The race of this epoch is settled: a weight is in force (it may be 0, the ledger says why). */
  'settled',
  /** Told to leave: the message is on its way. */
  'leaving',
  /** Cannot go on without help; `notices` say what. */
  'stopped_by_fault',
] as const
export type HostPhase = (typeof HOST_PHASES)[number]

export interface Notice {
  readonly sequence: number
  readonly atMs: number
  readonly level: 'info' | 'warning' | 'error'
  /** Stable code; the screen has the sentence. */
  readonly code: string
  readonly fields: Readonly<Record<string, string | number>>
}

export interface DutyCounts {
  readonly drawn: number
  readonly answered: number
  readonly missed: number
}

export interface EpochView {
  readonly epoch: number
  readonly stage: 'seeding' | 'race' | 'verify' | 'serve'
  readonly height: number
  readonly blockTimeMs: number
  readonly startHeight: number
  readonly raceEndHeight: number
  readonly settleHeight: number
  readonly closeHeight: number
  /** Time of the last block as this host saw it arrive. */
  readonly lastBlockAtMs: number
  /** Blocks until the next race takes attempts (0 while racing). */
  readonly blocksToNextRace: number
}

export interface HostView {
  readonly ownerAddress: string
  readonly deviceAddress: string
  readonly peerId: string
  readonly phase: HostPhase
  readonly joined: boolean
  readonly connection: ConnectionState
  readonly epoch: EpochView | undefined
  readonly device: DeviceReport | undefined
  /** Chosen backend and, in a code, why not a faster one. */
  readonly backend: { readonly kind: BackendKind; readonly reason: string } | undefined
  readonly race: (RaceProgress & { readonly epoch: number; readonly committed: number }) | undefined
  readonly duties: DutyCounts
  /** This host's record on chain. */
  readonly record: HostRecord | undefined
  /** utail. */
  readonly balance: bigint
  readonly peers: number
  /** The owner key is locked and is needed to go on (`register`) or before long (`renew`). */
  readonly ownerNeededFor: 'register' | 'renew' | undefined
  readonly notices: readonly Notice[]
  readonly times: {
    readonly joinRequestedAtMs?: number
    readonly firstFindAtMs?: number
    readonly firstEarningAtMs?: number
  }
}
