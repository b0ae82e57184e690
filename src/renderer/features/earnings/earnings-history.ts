/** What this page has read of the host's earnings: newest first, without gaps as far as it has read. Pure. */
import type { EarningEpoch, EarningsPage } from '../../../ipc/wires/earnings-wire.ts'

export interface EarningsHistory extends Pick<EarningsPage, 'epochMs' | 'totals' | 'missing' | 'completeFromEpoch'> {
  readonly epochs: readonly EarningEpoch[]
  /** Nothing older is known to the host, or to be read. */
  readonly isWhole: boolean
}

/** Enough for half a year of epochs of an hour; what is older is left out of charts, never out of totals. */
export const MAX_READ_EPOCHS = 4_400

/**
 * Takes the newest epochs in. Where they do not reach what is known, or are older than it (the ledger began anew), what is known
 * is dropped.
 */
export function extendEarnings(known: EarningsHistory | undefined, page: EarningsPage): EarningsHistory {
  const { hasMore, ...facts } = page
  const oldest = page.epochs.at(-1)?.epoch
  const isJoined =
    known !== undefined &&
    oldest !== undefined &&
    oldest <= newestOf(known.epochs) &&
    newestOf(known.epochs) <= newestOf(page.epochs)
  if (!isJoined || !hasMore) {
    return { ...facts, isWhole: !hasMore }
  }
  const older = known.epochs.filter(({ epoch }) => epoch < oldest)
  return bounded({ ...facts, epochs: [...page.epochs, ...older], isWhole: known.isWhole })
}

/** Takes a page of older epochs in, asked for before the oldest that is known. */
export function appendEarnings(known: EarningsHistory, page: EarningsPage): EarningsHistory {
  const oldest = known.epochs.at(-1)?.epoch ?? 0
  const older = page.epochs.filter(({ epoch }) => epoch < oldest)
  return bounded({ ...known, epochs: [...known.epochs, ...older], isWhole: !page.hasMore || older.length === 0 })
}

function bounded(history: EarningsHistory): EarningsHistory {
  return history.epochs.length < MAX_READ_EPOCHS
    ? history
    : { ...history, epochs: history.epochs.slice(0, MAX_READ_EPOCHS), isWhole: true }
}

function newestOf(epochs: readonly EarningEpoch[]): number {
  return epochs[0]?.epoch ?? -1
}
