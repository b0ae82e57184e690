import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, toHex } from '../lib/bytes.ts'
import type { StateStore } from './application.ts'
import { createCacheStore } from './cache-store.ts'
import { createMemoryStore } from './memory-store.ts'

/** The plainest ordered map there is: a Map by hex, sorted when asked. */
function createPlainStore(): StateStore {
  const entries = new Map<string, readonly [Uint8Array, Uint8Array]>()
  return {
    get: (key) => entries.get(toHex(key))?.[1],
    set: (key, value) => {
      entries.set(toHex(key), [key, value])
    },
    delete: (key) => {
      entries.delete(toHex(key))
    },
    range(from, to, options = {}) {
      const sorted = [...entries.values()]
        .filter(([key]) => compareBytes(from, key) <= 0 && compareBytes(key, to) < 0)
        .sort((a, b) => compareBytes(a[0], b[0]))
      const ordered = options.reverse === true ? sorted.reverse() : sorted
      return ordered.slice(0, options.limit)
    },
  }
}

const key = fc.uint8Array({ minLength: 0, maxLength: 3, max: 3 })
const value = fc.uint8Array({ maxLength: 4 })
const rangeOptions = fc.record({ reverse: fc.boolean(), limit: fc.nat(12) })

type Operation =
  | { readonly type: 'set'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array }
  | { readonly type: 'flush' }
  | { readonly type: 'discard' }

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('set' as const), key, value }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
)

function apply(store: StateStore, step: Operation): void {
  if (step.type === 'set') {
    store.set(step.key, step.value)
  } else if (step.type === 'delete') {
    store.delete(step.key)
  }
}

function listing(store: StateStore, from: Uint8Array, to: Uint8Array, options: object): string[] {
  return [...store.range(from, to, options)].map(([entryKey, entryValue]) => `${toHex(entryKey)}=${toHex(entryValue)}`)
}

describe('memory store', () => {
  it('answers like a plain map under any sequence of operations', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), key, key, rangeOptions, (steps, from, to, options) => {
        const store = createMemoryStore()
        const plain = createPlainStore()
        for (const step of steps) {
          apply(store, step)
          apply(plain, step)
        }
        expect(listing(store, from, to, options)).toEqual(listing(plain, from, to, options))
        expect(store.get(from)).toEqual(plain.get(from))
      }),
    )
  })

  it('keeps order and count over many chunks', () => {
    const store = createMemoryStore()
    const plain = createPlainStore()
    // 7919 is prime to 5000: every number once, in a scattered order.
    for (let i = 0; i < 5_000; i++) {
      const scattered = (i * 7_919) % 5_000
      const entryKey = Uint8Array.of(scattered >> 8, scattered & 255)
      store.set(entryKey, Uint8Array.of(i & 255))
      plain.set(entryKey, Uint8Array.of(i & 255))
    }
    for (let i = 0; i < 5_000; i += 3) {
      store.delete(Uint8Array.of(i >> 8, i & 255))
      plain.delete(Uint8Array.of(i >> 8, i & 255))
    }
    const [from, to] = [Uint8Array.of(2, 5), Uint8Array.of(17, 0)]
    expect(listing(store, from, to, {})).toEqual(listing(plain, from, to, {}))
    expect(listing(store, from, to, { reverse: true, limit: 700 })).toEqual(
      listing(plain, from, to, { reverse: true, limit: 700 }),
    )
    expect(store.size).toBe(3_333)
    expect([...store.entries()]).toHaveLength(3_333)
  })

  it('hands out a copy: a store may change while a range is walked', () => {
    const store = createMemoryStore([1, 2, 3].map((n) => [Uint8Array.of(n), Uint8Array.of(n)] as const))
    const seen: number[] = []
    for (const [entryKey] of store.range(new Uint8Array(0), Uint8Array.of(255))) {
      store.delete(entryKey)
      seen.push(entryKey[0] ?? 0)
    }
    expect(seen).toEqual([1, 2, 3])
    expect(store.size).toBe(0)
  })
})

describe('cache store', () => {
  const step: fc.Arbitrary<Operation> = fc.oneof(
    { weight: 8, arbitrary: operation },
    { weight: 1, arbitrary: fc.constant({ type: 'flush' as const }) },
  )

  it('reads like a map that was written directly, and flushes into it', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 30 }),
        fc.array(step, { maxLength: 60 }),
        key,
        key,
        rangeOptions,
        (before, steps, from, to, options) => {
          const below = createMemoryStore()
          const plain = createPlainStore()
          for (const one of before) {
            apply(below, one)
            apply(plain, one)
          }
          const cache = createCacheStore(createCacheStore(below))
          for (const one of steps) {
            if (one.type === 'flush') {
              cache.flush()
            } else {
              apply(cache, one)
              apply(plain, one)
            }
          }
          expect(listing(cache, from, to, options)).toEqual(listing(plain, from, to, options))
          expect(cache.get(from)).toEqual(plain.get(from))
        },
      ),
    )
  })

  it('leaves the store below untouched until it is flushed, and forgets what is discarded', () => {
    const below = createMemoryStore([[Uint8Array.of(1), Uint8Array.of(1)]])
    const cache = createCacheStore(below)
    cache.set(Uint8Array.of(2), Uint8Array.of(2))
    cache.delete(Uint8Array.of(1))
    expect([...below.entries()]).toHaveLength(1)
    expect(cache.changes()).toEqual([
      { key: Uint8Array.of(1), value: undefined },
      { key: Uint8Array.of(2), value: Uint8Array.of(2) },
    ])
    cache.discard()
    expect(cache.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
    cache.delete(Uint8Array.of(1))
    cache.flush()
    expect(below.size).toBe(0)
    expect(cache.changes()).toEqual([])
  })
})
