/** How many orders are in work, of how many that may be. */
import type { Gauge } from '../lib/metrics.ts'

export class OrderSlots {
  readonly #limit: number
  readonly #gauge: Gauge
  #taken = 0

  constructor(limit: number, gauge: Gauge) {
    this.#limit = limit
    this.#gauge = gauge
    gauge.set(0)
  }

  /** All of `count` or none; false where there is no room. */
  take(count: number): boolean {
    if (this.#taken + count > this.#limit) {
      return false
    }
    this.#move(count)
    return true
  }

  give(count: number): void {
    this.#move(-count)
  }

  #move(count: number): void {
    this.#taken += count
    this.#gauge.set(this.#taken)
  }
}
