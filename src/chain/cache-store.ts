import { compareBytes } from '../lib/bytes.ts'
import type { StateChange, StateStore } from './application.ts'
import type { RangeOptions } from './ordered-map.ts'
import { OrderedMap } from './ordered-map.ts'

/** Writes kept above another store until they are flushed into it or dropped: one per transaction, one per block. */
export interface CacheStore extends StateStore {
  /** Net writes, ascending by key. */
  changes(): StateChange[]
  /** Moves the writes into the store below. */
  flush(): void
  /** Forgets the writes. */
  discard(): void
}

/** A deleted key, kept so that the store below does not show through. */
const DELETED = null

type Written = Uint8Array | typeof DELETED

export function createCacheStore(below: StateStore): CacheStore {
  const written = new OrderedMap<Written>()
  return {
    get(key) {
      const value = written.get(key)
      return value === undefined ? below.get(key) : (value ?? undefined)
    },
    set: (key, value) => written.set(key, value),
    delete: (key) => written.set(key, DELETED),
    range(from, to, options = {}) {
      const own = written.range(from, to, { reverse: options.reverse === true })
      if (own.length === 0) {
        return below.range(from, to, options)
      }
      return merge(own, below, from, to, options)
    },
    changes: () => [...written.entries()].map(([key, value]) => ({ key, value: value ?? undefined })),
    flush() {
      for (const [key, value] of written.entries()) {
        if (value === DELETED) {
          below.delete(key)
        } else {
          below.set(key, value)
        }
      }
      written.clear()
    },
    discard: () => written.clear(),
  }
}

function merge(
  own: readonly (readonly [Uint8Array, Written])[],
  below: StateStore,
  from: Uint8Array,
  to: Uint8Array,
  options: RangeOptions,
): (readonly [Uint8Array, Uint8Array])[] {
  const limit = options.limit ?? Number.MAX_SAFE_INTEGER
  const reverse = options.reverse === true
  // Every own entry can hide at most one entry below.
  const belowLimit = options.limit === undefined ? {} : { limit: limit + own.length }
  const merged: (readonly [Uint8Array, Uint8Array])[] = []
  let next = 0
  function takeOwn(): void {
    const [key, value] = own[next] as readonly [Uint8Array, Written]
    next += 1
    if (value !== DELETED) {
      merged.push([key, value])
    }
  }
  for (const entry of below.range(from, to, { reverse, ...belowLimit })) {
    let order = 1
    while (next < own.length && order > 0) {
      const [key] = own[next] as readonly [Uint8Array, Written]
      order = reverse ? compareBytes(key, entry[0]) : compareBytes(entry[0], key)
      if (order >= 0) {
        takeOwn()
      }
    }
    if (order !== 0) {
      merged.push(entry)
    }
    if (merged.length >= limit) {
      break
    }
  }
  while (next < own.length && merged.length < limit) {
    takeOwn()
  }
  return merged.slice(0, limit)
}
