/** When the embedded engine makes its blocks: a fixed grid, kept without bursts. Pure arithmetic on milliseconds. */

/** What is known of the block before: when it was due, when its making began and ended. */
export interface MadeBlock {
  readonly dueMs: number
  readonly beganMs: number
  readonly endedMs: number
}

/**
 * Time of the next block. A little lateness is caught up on the grid, but two blocks never begin closer than half an
 * interval, and an eighth of it is left to the readers of the RPC however long a block takes. Who is late by more than one
 * interval, or whose clock was set back, starts a new grid.
 */
export function nextDueMs({ dueMs, beganMs, endedMs }: MadeBlock, intervalMs: number): number {
  const rested = endedMs + Math.ceil(intervalMs / 8)
  if (beganMs - dueMs > intervalMs || beganMs < dueMs) {
    return Math.max(beganMs + intervalMs, rested)
  }
  return Math.max(dueMs + intervalMs, beganMs + Math.ceil(intervalMs / 2), rested)
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
