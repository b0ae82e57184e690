/**
 * Cuts a growing text before the first stop text in it. Text that may yet turn out to be the beginning of a stop is held back,
 * so that nobody ever sees a part of one.
 */
export class StopFilter {
  readonly #stops: readonly string[]
  #held = ''
  #isStopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** The text that may be shown now; nothing once a stop was found. */
  push(text: string): string {
    if (this.#isStopped || this.#stops.length === 0) {
      return this.#isStopped ? '' : text
    }
    const whole = this.#held + text
    const cut = this.#firstStop(whole)
    if (cut !== -1) {
      this.#isStopped = true
      this.#held = ''
      return whole.slice(0, cut)
    }
    const kept = this.#possibleStart(whole)
    this.#held = whole.slice(whole.length - kept)
    return whole.slice(0, whole.length - kept)
  }

  /** What was held back and is no stop after all. */
  flush(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  #firstStop(text: string): number {
    let first = -1
    for (const stop of this.#stops) {
      const index = text.indexOf(stop)
      if (index !== -1 && (first === -1 || index < first)) {
        first = index
      }
    }
    return first
  }

  /** Length of the longest end of `text` with which a stop begins. */
  #possibleStart(text: string): number {
    let longest = 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) {
          longest = length
        }
      }
    }
    return longest
  }
}
