/**
 * The committed state as it was at one moment, readable piece by piece while blocks go on changing it: copy on write over the
 * live store. `beforeCommit` keeps the old value of what is about to change and was not read yet. Invariant: what the slices
 * give, put together, is the state of the moment of construction, whatever is committed between two of them.
 */
import type { StateChange } from '../../chain/application.ts'
import { OrderedMap } from '../../chain/ordered-map.ts'
import { compareBytes, concatBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { StateEntry } from './snapshot-chunk.ts'

/** Old values that may be kept at once: a snapshot that takes so long is given up, the chain's memory stays bounded. */
const KEPT_ENTRIES = 500_000
/** Above every key: no prefix byte is 0xff (chain/state/key-space.ts). */
const LAST_KEY = Uint8Array.of(0xff)
const ZERO = Uint8Array.of(0)
/** Did not exist at that moment. */
const ABSENT = null

/** The committed state, as the memory store and the table of a database have it. */
export interface StateView {
  get(key: Uint8Array): Uint8Array | undefined
  /** Entries with from ≤ key < to, ascending, the first `limit` of them. */
  range(from: Uint8Array, to: Uint8Array, options: { readonly limit: number }): Iterable<StateEntry>
}

export class FrozenState {
  readonly #live: StateView
  readonly #kept = new OrderedMap<Uint8Array | typeof ABSENT>()
  /** All before this was read; undefined when everything was. */
  #from: Uint8Array | undefined = new Uint8Array(0)

  constructor(live: StateView) {
    this.#live = live
  }

  /** Entries of the past that are held in memory. */
  get kept(): number {
    return this.#kept.size
  }

  /**
   * To be called with the changes of a block before the live store gets them; twice does no harm.
   * @throws CodedError `snapshot_failed` where more would be kept than is allowed
   */
  beforeCommit(changes: Iterable<StateChange>): void {
    for (const { key } of changes) {
      if (this.#from !== undefined && compareBytes(key, this.#from) >= 0 && this.#kept.get(key) === undefined) {
        this.#kept.set(key, this.#live.get(key) ?? ABSENT)
      }
    }
    if (this.#kept.size > KEPT_ENTRIES) {
      throw new CodedError('snapshot_failed', 'the state changes faster than the snapshot is written')
    }
  }

  /** The next entries in key order, about `limit` of them; empty at the end. */
  nextSlice(limit: number): StateEntry[] {
    const slice: StateEntry[] = []
    while (slice.length === 0 && this.#from !== undefined) {
      const from = this.#from
      const live = [...this.#live.range(from, LAST_KEY, { limit })]
      const last = live.length < limit ? undefined : live.at(-1)?.[0]
      const next = last === undefined ? undefined : concatBytes(last, ZERO)
      const kept = this.#kept.range(from, next ?? LAST_KEY)
      mergeInto(slice, live, kept)
      for (const [key] of kept) {
        this.#kept.delete(key)
      }
      this.#from = next
    }
    return slice
  }

  /** Everything, a slice at a time. */
  *slices(limit: number): Generator<readonly StateEntry[]> {
    for (let slice = this.nextSlice(limit); slice.length > 0; slice = this.nextSlice(limit)) {
      yield slice
    }
  }
}

function mergeInto(
  slice: StateEntry[],
  live: readonly StateEntry[],
  kept: readonly (readonly [Uint8Array, Uint8Array | typeof ABSENT])[],
): void {
  let next = 0
  for (const [key, past] of kept) {
    while (next < live.length && compareBytes((live[next] as StateEntry)[0], key) < 0) {
      slice.push(live[next] as StateEntry)
      next += 1
    }
    if (next < live.length && compareBytes((live[next] as StateEntry)[0], key) === 0) {
      next += 1
    }
    if (past !== ABSENT) {
      slice.push([key, past])
    }
  }
  slice.push(...live.slice(next))
}
