import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { epochFraction } from '../../format/time.ts'

/** What the picture shows, from the snapshot. */
export interface MillState {
  readonly gate: 'closed' | 'ajar' | 'open'
  /** Fill of the headrace, 0 to 1: it rises towards the next race. */
  readonly pond: number
  /** Speed of the water, 0 (still) to 1. */
  readonly flow: number
  readonly finds: number
  /** Whether finds pass the checkpoints at the moment. */
  readonly isVerifying: boolean
  readonly isEarning: boolean
}

const STILL: MillState = { gate: 'closed', pond: 0.2, flow: 0, finds: 0, isVerifying: false, isEarning: false }

export function millState(snapshot: ScreenSnapshot | undefined, nowMs: number): MillState {
  if (snapshot === undefined) {
    return STILL
  }
  const { phase, race, epoch } = snapshot
  const pond = epoch === null ? 0.2 : epochFraction(epoch, nowMs)
  switch (phase) {
    case 'racing':
      return {
        ...STILL,
        gate: 'open',
        pond: 0.75,
        flow: flowOfRate(race?.attemptsPerSecond ?? 0),
        finds: race?.finds ?? 0,
      }
    case 'checking_device':
    case 'joining':
      return { ...STILL, gate: 'ajar', pond, flow: 0.25 }
    case 'being_verified':
      return { ...STILL, pond, flow: 0.12, finds: snapshot.standing?.finds ?? race?.committed ?? 0, isVerifying: true }
    case 'settled': {
      const weight = snapshot.standing?.weightPpm ?? 0
      return { ...STILL, pond, flow: weight > 0 ? 0.12 : 0, finds: weight > 0 ? 6 : 0, isEarning: weight > 0 }
    }
    case 'waiting_for_race':
    case 'leaving':
      return { ...STILL, pond }
    case 'idle':
    case 'stopped_by_fault':
      return { ...STILL, pond: 0.55 }
  }
}

/** A processor does tens of attempts a second, a large GPU a million: five decades of speed in one picture. */
function flowOfRate(attemptsPerSecond: number): number {
  const decades = Math.log10(1 + Math.max(0, attemptsPerSecond)) / 6
  return Math.min(1, 0.35 + 0.65 * decades)
}
