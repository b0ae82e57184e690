import type { StateStore } from './application.ts'
import { OrderedMap } from './ordered-map.ts'

/** The whole committed state in memory, in key order. */
export interface MemoryStore extends StateStore {
  /** Number of entries. */
  readonly size: number
  /** Every entry, ascending; the store must not change while it is walked. */
  entries(): Iterable<readonly [Uint8Array, Uint8Array]>
}

export function createMemoryStore(initial: Iterable<readonly [Uint8Array, Uint8Array]> = []): MemoryStore {
  const map = new OrderedMap<Uint8Array>()
  for (const [key, value] of initial) {
    map.set(key, value)
  }
  return {
    get size() {
      return map.size
    },
    get: (key) => map.get(key),
    set: (key, value) => map.set(key, value),
    delete: (key) => {
      map.delete(key)
    },
    range: (from, to, options) => map.range(from, to, options),
    entries: () => map.entries(),
  }
}
