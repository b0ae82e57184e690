import { CodedError } from '../../src/lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../src/lib/runtime.ts'

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

/** A sleeper that asks again at the same moment forever is a bug of the code under test, not a reason to hang. */
const MAX_WAKES_PER_ADVANCE = 1_000_000

/**
 * Time that moves only when the test says so. `advance` wakes the due sleepers one after another in time order and lets the
 * code behind each of them run on before the next wakes, so a loop that sleeps again inside the span is woken again.
 */
export class VirtualClock implements Clock {
  #nowMs: number
  /** In the order of asking: who asked first wakes first at the same moment. */
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Sleepers that have not woken. */
  get pending(): number {
    return this.#sleepers.size
  }

  /** When the next sleeper is due, or undefined where nobody sleeps. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs
  }

  sleep(delayMs: number, signal?: AbortSignalLike): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const leave = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        leave()
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        dueMs: this.#nowMs + Math.max(0, delayMs),
        wake: () => {
          leave()
          resolve()
        },
      }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Moves time on by `spanMs`; a span of 0 wakes those that are due now. */
  async advance(spanMs: number): Promise<void> {
    const untilMs = this.#nowMs + spanMs
    await settle()
    for (let wakes = 0; ; wakes++) {
      const next = this.#next()
      if (next === undefined || next.dueMs > untilMs) {
        break
      }
      if (wakes === MAX_WAKES_PER_ADVANCE) {
        throw new CodedError('clock_stuck', 'a sleeper asks again without end at one moment')
      }
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.wake()
      await settle()
    }
    this.#nowMs = untilMs
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (first === undefined || sleeper.dueMs < first.dueMs) {
        first = sleeper
      }
    }
    return first
  }
}

/** Lets everything run that waits for promises alone: a macrotask starts only when no microtask is left. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
