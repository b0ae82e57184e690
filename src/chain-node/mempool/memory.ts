/** The newest `kept` hashes that were put in, each with what is known of it. */
export class RecentHashes<T> {
  readonly #kept: number
  // A Map iterates in order of insertion: the first entry is the oldest.
  readonly #known = new Map<string, T>()

  constructor(kept: number) {
    this.#kept = kept
  }

  get size(): number {
    return this.#known.size
  }

  get(name: string): T | undefined {
    return this.#known.get(name)
  }

  put(name: string, value: T): void {
    this.#known.delete(name)
    this.#known.set(name, value)
    const oldest = this.#known.size > this.#kept ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) {
      this.#known.delete(oldest)
    }
  }

  delete(name: string): void {
    this.#known.delete(name)
  }
}
