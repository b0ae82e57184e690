import { createStateTree } from '../../src/chain/state-tree.ts'
import { u32be } from '../../src/lib/bytes.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { cpuMs } from './cpu-clock.ts'

/** What an app hash costs after so many changes of a state of so many entries. */
export interface AppHashCost {
  readonly entries: number
  readonly changes: number
  readonly ms: number
  readonly hashesPerChange: number
  /** The tree of the whole state, as at a start of a node. */
  readonly buildMs: number
}

/** Entries as balances have them: a key of 21 bytes, an amount of 16. */
export function measureAppHash(entries: number, changes: number): AppHashCost {
  let hashes = 0
  const counted = (data: Uint8Array): Uint8Array => {
    hashes += 1
    return sha256(data)
  }
  const beganMs = cpuMs()
  const tree = createStateTree(someEntries(entries), counted)
  const buildMs = cpuMs() - beganMs
  const step = Math.max(1, Math.floor(entries / changes))
  const round = (salt: number): { key: Uint8Array; value: Uint8Array }[] =>
    Array.from({ length: changes }, (_, at) => ({ key: keyAt((at * step) % entries), value: valueAt(at + salt) }))
  // Once for the compiler.
  tree.update(round(7)).root
  hashes = 0
  const startMs = cpuMs()
  tree.update(round(9)).root
  const ms = cpuMs() - startMs
  return { entries, changes, ms, hashesPerChange: hashes / changes, buildMs }
}

function* someEntries(count: number): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let at = 0; at < count; at++) {
    yield [keyAt(at), valueAt(at)]
  }
}

function keyAt(at: number): Uint8Array {
  const key = new Uint8Array(21)
  key[0] = 0x10
  key.set(sha256(u32be(at)).subarray(0, 20), 1)
  return key
}

function valueAt(at: number): Uint8Array {
  const value = new Uint8Array(16)
  value.set(u32be(at), 12)
  return value
}
