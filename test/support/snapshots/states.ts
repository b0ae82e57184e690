import fc from 'fast-check'
import type { MemoryStore } from '../../../src/chain/memory-store.ts'
import { createMemoryStore } from '../../../src/chain/memory-store.ts'
import { createStateTree } from '../../../src/chain/state-tree.ts'
import type { StateEntry } from '../../../src/chain-node/snapshots/snapshot-chunk.ts'
import type { SnapshotTip } from '../../../src/chain-node/snapshots/snapshot-taker.ts'
import { concatBytes, u32be } from '../../../src/lib/bytes.ts'
import { sha256 } from '../../../src/protocol/hash.ts'

/** Like the state's keys: never empty, the first byte never 0xff. */
export const stateKeys = fc
  .tuple(fc.integer({ min: 0, max: 0x7f }), fc.uint8Array({ maxLength: 40 }))
  .map(([first, rest]) => Uint8Array.of(first, ...rest))

export const stateValues = fc.uint8Array({ maxLength: 120 })

/** A state of a few entries. */
export const states = fc
  .array(fc.tuple(stateKeys, stateValues), { minLength: 1, maxLength: 60 })
  .map((entries) => createMemoryStore(entries))

export const CHAIN_ID = 'tailrace-local-1'

export function rootOf(entries: Iterable<StateEntry>): Uint8Array {
  return createStateTree(entries).root
}

export function tipOf(store: MemoryStore, height = 7): SnapshotTip {
  return { chainId: CHAIN_ID, height, appHash: rootOf(store.entries()), appVersion: 1 }
}

/** `count` entries that look like the chain's: 41 bytes of key, `valueBytes` of which half repeats. */
export function largeState(count: number, valueBytes: number): MemoryStore {
  const store = createMemoryStore()
  const padding = new Uint8Array(valueBytes >> 1).fill(7)
  for (let i = 0; i < count; i++) {
    const hash = sha256(u32be(i))
    const random = concatBytes(hash, hash, hash, hash).subarray(0, valueBytes - padding.length)
    store.set(concatBytes(Uint8Array.of(0x10 + (i % 0x60)), hash, u32be(i)), concatBytes(padding, random))
  }
  return store
}
