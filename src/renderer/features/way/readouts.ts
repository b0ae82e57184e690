import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { DISPLAY_DENOM } from '../../../protocol/params.ts'
import { formatCount, formatRate, formatShare, formatTailShort } from '../../format/amounts.ts'
import { formatDuration, msUntilHeight } from '../../format/time.ts'

export interface Readout {
  readonly name: string
  readonly value: string
}

const UNKNOWN = '—'

/** Three figures beside the headline: those of this moment. */
export function readoutsOf(snapshot: ScreenSnapshot, nowMs: number): readonly [Readout, Readout, Readout] {
  const { race, standing, duties, rules } = snapshot
  switch (snapshot.phase) {
    case 'racing':
      return [
        { name: 'Attempts', value: race === null ? UNKNOWN : formatCount(race.attempts) },
        { name: 'A second', value: race === null ? UNKNOWN : formatRate(race.attemptsPerSecond) },
        { name: 'On chain', value: race === null ? UNKNOWN : formatCount(race.committed) },
      ]
    case 'being_verified':
      return [
        { name: 'Your finds', value: standing === null ? UNKNOWN : formatCount(standing.finds) },
        {
          name: 'Sampled',
          value:
            standing === null || rules === null ? UNKNOWN : formatCount(Math.min(standing.finds, rules.sampleSize)),
        },
        { name: 'Your checks', value: duties.drawn === 0 ? UNKNOWN : `${duties.answered} of ${duties.drawn}` },
      ]
    case 'settled':
      return [
        {
          name: 'Finds counted',
          value:
            standing === null ? UNKNOWN : `${formatCount(standing.findsVerified)} of ${formatCount(standing.finds)}`,
        },
        { name: 'Reputation', value: standing === null ? UNKNOWN : formatShare(standing.reputationPpm) },
        { name: 'Next race', value: nextRace(snapshot, nowMs) },
      ]
    default:
      return [
        { name: 'Next race', value: nextRace(snapshot, nowMs) },
        { name: 'Hosts', value: formatCount(snapshot.hostsTotal) },
        {
          name: 'Reward a race',
          value: rules === null ? UNKNOWN : `${formatTailShort(rules.emissionPerEpoch)} ${DISPLAY_DENOM}`,
        },
      ]
  }
}

function nextRace({ epoch }: ScreenSnapshot, nowMs: number): string {
  if (epoch === null) {
    return UNKNOWN
  }
  return epoch.blocksToNextRace === 0
    ? 'now'
    : formatDuration(msUntilHeight(epoch, epoch.height + epoch.blocksToNextRace, nowMs))
}
