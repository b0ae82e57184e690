import { unlessAborted } from '../../tasks.ts'

/** A place in the queue of the device. Released once, whatever becomes of the order. */
export interface Ticket {
  /** Resolves when it is this order's turn. Rejects when the signal aborts. */
  turn(signal: AbortSignal): Promise<void>
  /** Orders before this one; 0 when it runs. */
  ahead(): number
  release(): void
}

/** First come, first served, from the moment at which an order was accepted; how many there are is bounded. */
export class DeviceQueue {
  readonly #slots: number
  readonly #limit: number
  readonly #onChange: () => void
  /** Accepted and waiting or running, in the order of their acceptance. */
  readonly #line: { readonly wake: () => void }[] = []
  #reserved = 0

  constructor(slots: number, waiting: number, onChange: () => void) {
    this.#slots = slots
    this.#onChange = onChange
    this.#limit = slots + waiting
  }

  get running(): number {
    return Math.min(this.#slots, this.#line.length)
  }

  get waiting(): number {
    return this.#line.length - this.running
  }

  get isFull(): boolean {
    return this.#reserved >= this.#limit
  }

  /** Undefined where the queue is full. */
  reserve(): Ticket | undefined {
    if (this.isFull) {
      return undefined
    }
    this.#reserved += 1
    const ready = Promise.withResolvers<void>()
    const entry = { wake: ready.resolve }
    let isReleased = false
    return {
      turn: (signal) => {
        if (!this.#line.includes(entry)) {
          this.#line.push(entry)
          this.#onChange()
        }
        this.#wakeReady()
        return unlessAborted(ready.promise, signal)
      },
      ahead: () => {
        const place = this.#line.indexOf(entry)
        return Math.max(0, (place < 0 ? this.#line.length : place) - this.#slots + 1)
      },
      release: () => {
        if (isReleased) {
          return
        }
        isReleased = true
        this.#reserved -= 1
        const place = this.#line.indexOf(entry)
        if (place >= 0) {
          this.#line.splice(place, 1)
        }
        this.#wakeReady()
        this.#onChange()
      },
    }
  }

  #wakeReady(): void {
    for (const { wake } of this.#line.slice(0, this.#slots)) {
      wake()
    }
  }
}
