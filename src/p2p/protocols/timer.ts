import type { Clock } from '../../lib/runtime.ts'

export interface Timer {
  /** Starts over; undefined stops it. */
  set(delayMs: number | undefined): void
}

/** One timer on a clock that may be virtual: it calls `onDue` once for each time that it was set and not set again. */
export function createTimer(clock: Pick<Clock, 'sleep'>, onDue: () => void): Timer {
  let current: AbortController | undefined
  return {
    set(delayMs) {
      current?.abort()
      current = undefined
      if (delayMs !== undefined) {
        const mine = new AbortController()
        current = mine
        clock.sleep(delayMs, mine.signal).then(
          () => {
            if (current === mine) {
              current = undefined
              onDue()
            }
          },
          // A sleep ends early only where it was stopped.
          () => undefined,
        )
      }
    },
  }
}
