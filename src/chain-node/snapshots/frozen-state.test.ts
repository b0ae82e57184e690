import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stateKeys, states, stateValues } from '../../../test/support/snapshots/states.ts'
import { createCacheStore } from '../../chain/cache-store.ts'
import { createMemoryStore } from '../../chain/memory-store.ts'
import { toHex, u32be } from '../../lib/bytes.ts'
import { FrozenState } from './frozen-state.ts'
import type { StateEntry } from './snapshot-chunk.ts'

const asText = ([key, value]: StateEntry): string => `${toHex(key)}=${toHex(value)}`

/** Writes of one block: [which entry or a new key, value or a delete]. */
const blocks = fc.array(
  fc.array(fc.tuple(fc.oneof(fc.nat(100), stateKeys), fc.option(stateValues, { nil: undefined })), { maxLength: 12 }),
  { maxLength: 12 },
)

describe('a frozen state', () => {
  it('is the state of its moment, whatever blocks are committed between two slices', () => {
    fc.assert(
      fc.property(states, blocks, fc.integer({ min: 1, max: 9 }), (store, writes, limit) => {
        const past = [...store.entries()].map(asText)
        const frozen = new FrozenState(store)
        const read: StateEntry[] = []
        for (const block of writes) {
          const overlay = createCacheStore(store)
          for (const [which, value] of block) {
            const known = [...store.entries()]
            const key =
              typeof which === 'number' ? (known[which % Math.max(1, known.length)]?.[0] ?? u32be(which)) : which
            if (value === undefined) {
              overlay.delete(key)
            } else {
              overlay.set(key, value)
            }
          }
          frozen.beforeCommit(overlay.changes())
          overlay.flush()
          read.push(...frozen.nextSlice(limit))
        }
        for (const slice of frozen.slices(limit)) {
          read.push(...slice)
        }
        expect(read.map(asText)).toEqual(past)
        expect(frozen.kept).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps nothing of what was read already', () => {
    const store = createMemoryStore(Array.from({ length: 100 }, (_, i) => [u32be(i), u32be(i)] as const))
    const frozen = new FrozenState(store)
    frozen.nextSlice(50)
    frozen.beforeCommit([{ key: u32be(10), value: u32be(0) }])
    expect(frozen.kept).toBe(0)
    frozen.beforeCommit([{ key: u32be(60), value: u32be(0) }])
    frozen.beforeCommit([{ key: u32be(60), value: undefined }])
    expect(frozen.kept).toBe(1)
  })

  it('gives up before it keeps without bound', () => {
    const frozen = new FrozenState(createMemoryStore())
    const changes = Array.from({ length: 500_001 }, (_, i) => ({ key: u32be(i), value: undefined }))
    expect(() => frozen.beforeCommit(changes)).toThrow(expect.objectContaining({ code: 'snapshot_failed' }))
  })
})
