import type { AbortSignalLike } from '../lib/runtime.ts'

/** Events from many writers to one reader. Bounded: a reader that falls `capacity` events behind ends the queue. */
export class EventQueue<Event> {
  readonly #capacity: number
  readonly #events: Event[] = []
  #wake: (() => void) | undefined
  #closed = false

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** False where the queue is closed or full; a full queue closes, because its reader has missed something. */
  push(event: Event): boolean {
    if (this.#closed) {
      return false
    }
    if (this.#events.length >= this.#capacity) {
      this.close()
      return false
    }
    this.#events.push(event)
    this.#wake?.()
    return true
  }

  /** Lets the reader take what is there, then end. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  /** The next event; undefined once closed and empty, or aborted. */
  async next(signal: AbortSignalLike | undefined): Promise<Event | undefined> {
    while (this.#events.length === 0 && !this.#closed && signal?.aborted !== true) {
      await this.#change(signal)
    }
    return signal?.aborted === true ? undefined : this.#events.shift()
  }

  #change(signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined
        signal?.removeEventListener('abort', done)
        resolve()
      }
      this.#wake = done
      signal?.addEventListener('abort', done, { once: true })
    })
  }
}
