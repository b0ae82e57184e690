import type { LedgerEntryWire } from '../../ipc/snapshot.ts'

/**
 * The part of the why-ledger that this page has read: newest first, without gaps.
 */
export interface LedgerHistory {
  readonly entries: readonly LedgerEntryWire[]
  /** Nothing older is kept by the chain. */
  readonly isComplete: boolean
}

export const NO_HISTORY: LedgerHistory = { entries: [], isComplete: false }

/**
 * Takes the newest entries in. Where they do not reach what is known, or the ledger began anew, what is known is dropped and
 * read again.
 */
export function extendHistory(history: LedgerHistory, recent: readonly LedgerEntryWire[]): LedgerHistory {
  const newest = sequenceOf(history.entries[0])
  const from = sequenceOf(recent.at(-1))
  const to = sequenceOf(recent[0])
  if (to === newest && history.entries[0]?.height === recent[0]?.height) {
    return history
  }
  const isJoined = from <= newest + 1n && to >= newest && history.entries.length > 0
  if (!isJoined) {
    return { entries: recent, isComplete: from <= 1n }
  }
  const fresh = recent.filter((entry) => sequenceOf(entry) > newest)
  return { ...history, entries: [...fresh, ...history.entries] }
}

/** Takes a page of older entries in, which ends right before what is known. An empty page is the end. */
export function prependPage(history: LedgerHistory, page: readonly LedgerEntryWire[]): LedgerHistory {
  const newest = page[0]
  if (newest === undefined) {
    return { ...history, isComplete: true }
  }
  if (sequenceOf(newest) + 1n !== sequenceOf(history.entries.at(-1))) {
    // What is known has changed since the page was asked for.
    return history
  }
  const entries = [...history.entries, ...page]
  return { entries, isComplete: sequenceOf(entries.at(-1)) <= 1n }
}

function sequenceOf(entry: LedgerEntryWire | undefined): bigint {
  return entry === undefined ? 0n : BigInt(entry.sequence)
}
