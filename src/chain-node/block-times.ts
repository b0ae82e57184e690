/** When the embedded engine makes its blocks: a fixed grid, kept without bursts. Pure arithmetic on milliseconds. */

/**
 * Time of the block after one that was due at `dueMs` and made at `madeMs`. A little lateness is caught up on the grid, but
 * two blocks never stand closer than half an interval; who is late by more than one interval, or whose clock was set back,
 * starts a new grid.
 */
export function nextDueMs(dueMs: number, madeMs: number, intervalMs: number): number {
  const onGrid = dueMs + intervalMs
  const earliest = madeMs + Math.ceil(intervalMs / 2)
  if (madeMs - dueMs > intervalMs || madeMs < dueMs) {
    return madeMs + intervalMs
  }
  return Math.max(onGrid, earliest)
}

/**
 * Time of the first block after a start: a full interval after the last one where that is recent, else at once. A clock that
 * was set back delays by one interval at most; a genesis that lies ahead is waited for.
 */
export function firstDueMs(nowMs: number, last: { height: number; timeMs: number }, intervalMs: number): number {
  if (last.height === 0) {
    return Math.max(nowMs, last.timeMs)
  }
  return Math.min(Math.max(nowMs, last.timeMs + intervalMs), nowMs + intervalMs)
}

/** Header time: the clock, but always later than the block before. */
export function headerTimeMs(nowMs: number, lastTimeMs: number): number {
  return Math.max(nowMs, lastTimeMs + 1)
}
