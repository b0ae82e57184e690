/** What this host checked, for its owner's eyes: nothing is decided by it, and a restart begins a new list. */
export interface DoneCheck {
  readonly batch: bigint
  readonly point: number
  readonly atMs: number
  readonly role: 'verifier' | 'arbiter'
  /** `tail1…` */
  readonly executor: string
  /** A verifier's report, or an arbiter's ruling. */
  readonly verdict: 'pass' | 'fail' | 'unavailable' | 'valid' | 'invalid'
}

const MOST_ENTRIES = 30

export class CheckLog {
  #entries: readonly DoneCheck[] = []

  add(check: DoneCheck): void {
    this.#entries = [check, ...this.#entries].slice(0, MOST_ENTRIES)
  }

  /** Newest first. */
  entries(): readonly DoneCheck[] {
    return this.#entries
  }
}
