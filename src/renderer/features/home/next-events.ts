import type { EpochClock, ScreenSnapshot } from '../../../ipc/snapshot.ts'

export interface NextEvent {
  /** What it is, of the same kind in each epoch: for lists that renew. */
  readonly key: string
  readonly height: number
  readonly name: string
}

const SHOWN = 3

/** What the clock of the epochs brings next, soonest first; empty while the chain is not known. */
export function nextEvents({ epoch, joined, standing }: ScreenSnapshot): readonly NextEvent[] {
  if (epoch === null) {
    return []
  }
  const length = epoch.closeHeight - epoch.startHeight + 1
  const hasHeld = standing !== null && standing.held !== '0'
  return [0, length, 2 * length]
    .flatMap((shift) => eventsOf(epoch, shift, { joined, hasHeld }))
    .filter(({ height }) => height > epoch.height || (height === epoch.height && epoch.stage !== 'seeding'))
    .sort((a, b) => a.height - b.height)
    .slice(0, SHOWN)
}

function eventsOf(
  epoch: EpochClock,
  shift: number,
  { joined, hasHeld }: { readonly joined: boolean; readonly hasHeld: boolean },
): readonly NextEvent[] {
  const event = (kind: string, height: number, name: string): NextEvent => ({
    key: `${kind}-${height + shift}`,
    height: height + shift,
    name,
  })
  return [
    event('race', epoch.startHeight, joined ? 'The race starts' : 'Others race'),
    event('end', epoch.raceEndHeight, 'The race ends'),
    event('weight', epoch.settleHeight, 'Weights are set'),
    event('close', epoch.closeHeight, hasHeld ? 'Reward and credits' : 'The reward comes'),
  ]
}
