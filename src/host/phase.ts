import type { ChainSnapshot } from './chain-snapshot.ts'
import type { EpochView, HostPhase } from './view.ts'

/** What a contributor is doing about its membership, as opposed to where the epoch stands. */
export type Membership = 'out' | 'checking_device' | 'joining' | 'in' | 'leaving' | 'fault'

/** The phase that a host shows: a function of its membership and of the chain. */
export function phaseOf(membership: Membership, isRacing: boolean, snapshot: ChainSnapshot | undefined): HostPhase {
  switch (membership) {
    case 'out':
      return 'idle'
    case 'checking_device':
    case 'joining':
    case 'leaving':
      return membership
    case 'fault':
      return 'stopped_by_fault'
    case 'in':
      return isRacing ? 'racing' : phaseBesideRace(snapshot)
    default:
      return membership satisfies never
  }
}

function phaseBesideRace(snapshot: ChainSnapshot | undefined): HostPhase {
  const record = snapshot?.record
  if (snapshot === undefined || record === undefined || Number(record.raceEpoch) !== snapshot.epoch) {
    return 'waiting_for_race'
  }
  // No finds: nothing to verify, nothing to settle.
  if (record.finds === 0n || snapshot.height < snapshot.heights.raceEndHeight - 1) {
    return 'waiting_for_race'
  }
  return snapshot.height < snapshot.heights.settleHeight ? 'being_verified' : 'settled'
}

export function epochViewOf(snapshot: ChainSnapshot): EpochView {
  const { height, heights } = snapshot
  const isRace = height >= heights.startHeight && height < heights.raceEndHeight
  const nextRaceHeight = height < heights.startHeight ? heights.startHeight : heights.closeHeight + 1
  return {
    epoch: snapshot.epoch,
    stage: snapshot.stage,
    height,
    blockTimeMs: snapshot.params.blockTimeMs,
    startHeight: heights.startHeight,
    raceEndHeight: heights.raceEndHeight,
    settleHeight: heights.settleHeight,
    closeHeight: heights.closeHeight,
    lastBlockAtMs: snapshot.arrivedAtMs,
    blocksToNextRace: isRace ? 0 : Math.max(0, nextRaceHeight - height),
  }
}
