/** Sizes batches by measurement: long enough to hide overhead, short enough to stop quickly and to trip no watchdog. */
export interface BatchSizer {
  /** Attempts of the next batch. */
  next(): number
  record(attempts: number, elapsedMs: number): void
}

export interface BatchSizerOptions {
  readonly targetMs: number
  readonly maxAttempts: number
}

/** Most growth from one batch to the next: a first batch is mostly overhead and would mislead. */
const MAX_GROWTH = 4

export function createBatchSizer(options: BatchSizerOptions): BatchSizer {
  let size = 1
  return {
    next: () => size,
    record(attempts, elapsedMs) {
      const fitting = Math.floor((attempts * options.targetMs) / Math.max(elapsedMs, 0.01))
      size = Math.max(1, Math.min(fitting, attempts * MAX_GROWTH, options.maxAttempts))
    },
  }
}
