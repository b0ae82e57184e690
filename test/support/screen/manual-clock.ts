import { CodedError } from '../../../src/lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../../src/lib/runtime.ts'

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

/** A clock that stands still until a test moves it; sleepers wake in order of their time. */
export class ManualClock implements Clock {
  #nowMs: number
  #sleepers: Sleeper[] = []

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  sleep(delayMs: number, signal?: AbortSignalLike): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((candidate) => candidate !== sleeper)
        reject(signal?.reason ?? new CodedError('aborted', 'aborted'))
      }
      const sleeper = {
        atMs: this.#nowMs + delayMs,
        wake: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      if (signal?.aborted === true) {
        onAbort()
        return
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#sleepers.push(sleeper)
    })
  }

  get sleepers(): number {
    return this.#sleepers.length
  }

  /** Moves on, waking whoever is due, and lets their promises settle. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      await settle()
      const due = this.#sleepers.filter((sleeper) => sleeper.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) {
        break
      }
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== due)
      due.wake()
    }
    this.#nowMs = untilMs
    await settle()
  }
}

/** Lets everything that needs no time happen: promises and a turn of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>((resolve) => {
      const channel = new MessageChannel()
      channel.port1.onmessage = () => {
        channel.port1.close()
        resolve()
      }
      channel.port2.postMessage(0)
    })
  }
}
