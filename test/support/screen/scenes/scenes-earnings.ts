/** The page “earnings” in its states. */
import type { EarningsPage } from '../../../../src/ipc/wires/earnings-wire.ts'
import { emptyEarnings, sampleEarnings, withEarnings } from '../sample-earnings.ts'
import { idleSnapshot, SAMPLE_NOW_MS } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED, JOINED } from './race-scenes.ts'

const HOUR_MS = 3_600_000

/** Three weeks of a network whose epochs last an hour. */
export const WEEKS: Parameters<typeof sampleEarnings>[0] = {
  nowMs: SAMPLE_NOW_MS,
  closed: 500,
  epochMs: HOUR_MS,
  holdEpochs: 12,
  firstEpoch: 1_400,
}

/** Half an hour of a local network. */
export const MINUTES: Parameters<typeof sampleEarnings>[0] = {
  nowMs: SAMPLE_NOW_MS,
  closed: 44,
  epochMs: 40_000,
  holdEpochs: 1,
}

/** The chain has dropped what lies before the newest 120 epochs. */
export function pruned(page: EarningsPage): EarningsPage {
  const completeFromEpoch = (page.epochs[120]?.epoch ?? 0) + 1
  return {
    ...page,
    epochs: page.epochs.slice(0, 121),
    completeFromEpoch,
    missing: {
      held: '19483920011',
      credited: '17100000000',
      bonded: '700000000',
      debitedHeld: '311000000',
      debitedBond: '0',
      entries: '3023',
    },
  }
}

type Options = Parameters<typeof sampleEarnings>[0]

function sceneOf(name: string, options: Options, change: (page: EarningsPage) => EarningsPage = (page) => page): Scene {
  return {
    name,
    page: 'earnings',
    snapshot: withEarnings(CREDITED, change(sampleEarnings(options)), options.holdEpochs),
    prepare(backend) {
      backend.earningsPage = change(sampleEarnings({ ...options, nowMs: Date.now() }))
    },
  }
}

export const EARNINGS_SCENES: readonly Scene[] = [
  sceneOf('60-earnings', WEEKS),
  sceneOf('61-earnings-local', MINUTES),
  sceneOf('62-earnings-few', { ...MINUTES, closed: 2 }),
  sceneOf('63-earnings-pruned', WEEKS, pruned),
  {
    name: '64-earnings-none',
    page: 'earnings',
    snapshot: { ...idleSnapshot(), ledgerTotals: null },
    prepare(backend) {
      backend.earningsPage = emptyEarnings()
    },
  },
  { name: '64-earnings-joined', page: 'earnings', snapshot: JOINED },
]
