import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex, u32be } from '../lib/bytes.ts'
import { sha256, taggedHash } from '../protocol/hash.ts'
import type { StateProof } from './application.ts'
import { createStateTree, verifyStateProof } from './state-tree.ts'

type Entry = readonly [Uint8Array, Uint8Array]

/** The definition, read aloud: no sharing, no buffers. */
function plainRoot(leaves: readonly { keyHash: Uint8Array; valueHash: Uint8Array }[], depth: number): Uint8Array {
  const [only] = leaves
  if (only === undefined) {
    return new Uint8Array(32)
  }
  if (leaves.length === 1) {
    return taggedHash('tailrace/state/leaf/1', only.keyHash, only.valueHash)
  }
  const bit = (bytes: Uint8Array): number => ((bytes[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1
  const left = leaves.filter(({ keyHash }) => bit(keyHash) === 0)
  const right = leaves.filter(({ keyHash }) => bit(keyHash) === 1)
  return taggedHash('tailrace/state/node/1', plainRoot(left, depth + 1), plainRoot(right, depth + 1))
}

function plainTreeRoot(entries: Iterable<Entry>): Uint8Array {
  const leaves = [...entries].map(([key, value]) => ({ keyHash: sha256(key), valueHash: sha256(value) }))
  return plainRoot(leaves, 0)
}

const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 7 })
const change = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }) })

function numbered(count: number, from = 0): Entry[] {
  return Array.from({ length: count }, (_, index) => [u32be(from + index), u32be(index)] as const)
}

describe('state tree', () => {
  it('has the root that the definition gives, whatever the history', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 8 }), (blocks) => {
        const entries = new Map<string, Entry>()
        let tree = createStateTree()
        for (const block of blocks) {
          const net = new Map(block.map((one) => [toHex(one.key), one]))
          for (const [name, one] of net) {
            if (one.value === undefined) {
              entries.delete(name)
            } else {
              entries.set(name, [one.key, one.value])
            }
          }
          tree = tree.update(net.values())
          expect(toHex(tree.root)).toBe(toHex(plainTreeRoot(entries.values())))
        }
        expect(toHex(createStateTree(entries.values()).root)).toBe(toHex(tree.root))
      }),
    )
  })

  it('does not change the tree that it was updated from', () => {
    const before = createStateTree(numbered(100))
    const root = toHex(before.root)
    const after = before.update([{ key: u32be(5), value: undefined }])
    expect(toHex(before.root)).toBe(root)
    expect(toHex(after.root)).not.toBe(root)
    expect(toHex(after.update([{ key: u32be(5), value: u32be(5) }]).root)).toBe(root)
  })

  it('costs about log2 n + 3 hashes for one change, and none for the rest of the tree', () => {
    let hashes = 0
    const count = 4_096
    const tree = createStateTree(numbered(count), (data) => {
      hashes += 1
      return sha256(data)
    })
    const costs = Array.from({ length: 200 }, (_, index) => {
      hashes = 0
      tree.update([{ key: u32be(index), value: u32be(index + 7) }])
      return hashes
    })
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length
    // Key, value and leaf: 3. The path: log2 4096 = 12, and a little more because leaves do not lie evenly.
    expect(mean).toBeGreaterThan(14)
    expect(mean).toBeLessThan(12 + 3 + 2)
    expect(Math.max(...costs)).toBeLessThan(12 + 3 + 15)
    hashes = 0
    tree.update(Array.from({ length: 100 }, (_, index) => ({ key: u32be(index), value: u32be(index + 7) })))
    // Changes of one block share the upper part of their paths.
    expect(hashes).toBeLessThan(100 * 11.5)
  })

  it('writes of the value that is there cost two hashes and give the same tree', () => {
    let hashes = 0
    const tree = createStateTree(numbered(64), (data) => {
      hashes += 1
      return sha256(data)
    })
    hashes = 0
    expect(tree.update([{ key: u32be(9), value: u32be(9) }]).root).toBe(tree.root)
    expect(hashes).toBe(2)
  })

  it('has the roots of the vectors', () => {
    const { trees } = readVectors<{ trees: { entries: [string, string][]; root: string }[] }>('state-tree')
    for (const { entries, root } of trees) {
      const bytes = entries.map(([entryKey, value]) => [fromHex(entryKey), fromHex(value)] as const)
      expect(toHex(createStateTree(bytes).root)).toBe(root)
    }
    expect(trees.length).toBeGreaterThan(3)
  })
})

describe('state proofs', () => {
  const entries = numbered(300)
  const tree = createStateTree(entries)

  it('prove every entry, and nothing else about its key', () => {
    for (const [entryKey, value] of entries) {
      const proof = tree.prove(entryKey, value)
      expect(verifyStateProof(tree.root, proof)).toBe(true)
      expect(verifyStateProof(tree.root, { ...proof, value: u32be(999_999) })).toBe(false)
      expect(verifyStateProof(tree.root, { ...proof, value: undefined })).toBe(false)
      expect(verifyStateProof(sha256(tree.root), proof)).toBe(false)
    }
  })

  it('prove absence, by an empty place and by another leaf', () => {
    const absent = numbered(300, 10_000).map(([absentKey]) => tree.prove(absentKey, undefined))
    expect(absent.every((proof) => verifyStateProof(tree.root, proof))).toBe(true)
    expect(absent.some((proof) => proof.otherLeaf !== undefined)).toBe(true)
    expect(absent.some((proof) => proof.otherLeaf === undefined)).toBe(true)
    for (const proof of absent) {
      expect(verifyStateProof(tree.root, { ...proof, value: u32be(1) })).toBe(false)
    }
  })

  it('of an empty tree and of one leaf are sound', () => {
    const empty = createStateTree()
    expect(verifyStateProof(empty.root, empty.prove(u32be(1), undefined))).toBe(true)
    expect(verifyStateProof(empty.root, { key: u32be(1), value: u32be(1), siblings: [] })).toBe(false)
    const single = createStateTree([[u32be(1), u32be(2)]])
    expect(verifyStateProof(single.root, single.prove(u32be(1), u32be(2)))).toBe(true)
    expect(verifyStateProof(single.root, single.prove(u32be(3), undefined))).toBe(true)
    expect(verifyStateProof(single.root, { key: u32be(1), value: undefined, siblings: [] })).toBe(false)
  })

  it('cannot be forged by changing any part', () => {
    const honest = [
      tree.prove(u32be(7), u32be(7)),
      ...numbered(40, 10_000).map(([absent]) => tree.prove(absent, undefined)),
    ]
    const index = fc.nat(honest.length - 1)
    fc.assert(
      fc.property(
        index,
        fc.nat(),
        fc.nat(255),
        fc.constantFrom('flip', 'drop', 'add', 'key', 'leaf', 'hide'),
        (at, place, mask, how) => {
          const proof = honest[at] as StateProof
          const forged = forge(proof, place, (mask % 255) + 1, how)
          if (forged !== undefined) {
            expect(verifyStateProof(tree.root, forged)).toBe(false)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('absence cannot be claimed for an entry through another leaf', () => {
    const present = tree.prove(u32be(7), u32be(7))
    const other = { keyHash: sha256(u32be(8)), valueHash: sha256(u32be(8)) }
    expect(verifyStateProof(tree.root, { ...present, value: undefined, otherLeaf: other })).toBe(false)
    const itself = { keyHash: sha256(u32be(7)), valueHash: sha256(u32be(7)) }
    expect(verifyStateProof(tree.root, { ...present, value: undefined, otherLeaf: itself })).toBe(false)
    expect(verifyStateProof(tree.root, { ...present, siblings: Array.from({ length: 257 }, () => tree.root) })).toBe(
      false,
    )
    expect(
      verifyStateProof(tree.root, { ...present, siblings: [new Uint8Array(31), ...present.siblings.slice(1)] }),
    ).toBe(false)
  })
})

/** A proof with one thing changed; undefined where this change does not apply. */
function forge(proof: StateProof, place: number, mask: number, how: string): StateProof | undefined {
  const { siblings, otherLeaf } = proof
  const at = place % siblings.length
  switch (how) {
    case 'flip':
      return {
        ...proof,
        siblings: siblings.map((sibling, index) => (index === at ? flip(sibling, place, mask) : sibling)),
      }
    case 'drop':
      return { ...proof, siblings: siblings.filter((_, index) => index !== at) }
    case 'add':
      return { ...proof, siblings: [...siblings, new Uint8Array(32)] }
    case 'key':
      return proof.value === undefined ? undefined : { ...proof, key: flip(proof.key, place, mask) }
    case 'leaf':
      return otherLeaf === undefined
        ? undefined
        : { ...proof, otherLeaf: { ...otherLeaf, valueHash: flip(otherLeaf.valueHash, place, mask) } }
    default:
      // An absence through another leaf is no absence through an empty place.
      return otherLeaf === undefined ? undefined : { key: proof.key, value: undefined, siblings }
  }
}

function flip(bytes: Uint8Array, place: number, mask: number): Uint8Array {
  const copy = bytes.slice()
  const at = place % copy.length
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}
