import type { PausePort } from '../../../src/host/pausing.ts'

/** A pause that the test turns on and off. */
export class PauseSwitch implements PausePort {
  readonly #listeners = new Set<() => void>()
  #reason: string | undefined

  reason(): string | undefined {
    return this.#reason
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(reason: string | undefined): void {
    this.#reason = reason
    for (const listener of [...this.#listeners]) {
      listener()
    }
  }
}
