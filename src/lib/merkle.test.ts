import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex } from './bytes.ts'
import { merkleProof, merkleRoot, verifyMerkleProof } from './merkle.ts'

interface MerkleVectors {
  readonly leaves: readonly string[]
  readonly roots: readonly string[]
  readonly proofs: readonly { readonly index: number; readonly size: number; readonly path: readonly string[] }[]
}

const hash = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest()
const vectors = readVectors<MerkleVectors>('merkle')
const leaves = vectors.leaves.map(fromHex)

describe('published vectors of RFC 6962', () => {
  test.each(vectors.roots.map((root, size) => ({ root, size })))('root of $size leaves', ({ root, size }) => {
    expect(toHex(merkleRoot(leaves.slice(0, size), hash))).toBe(root)
  })

  test.each(vectors.proofs)('audit path of leaf $index of $size', ({ index, size, path }) => {
    expect(merkleProof(leaves.slice(0, size), index, hash).map(toHex)).toEqual(path)
  })
})

const tree = fc
  .array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 })
  .chain((data) => fc.tuple(fc.constant(data), fc.nat(data.length - 1)))

describe('proofs', () => {
  test('each leaf of each tree is proven', () => {
    fc.assert(
      fc.property(tree, ([data, index]) => {
        const path = merkleProof(data, index, hash)
        const leaf = data[index] as Uint8Array
        expect(verifyMerkleProof(merkleRoot(data, hash), leaf, index, data.length, path, hash)).toBe(true)
      }),
    )
  })

  test('no other leaf, index, size or path passes', () => {
    const unlike = fc.tuple(tree, fc.nat(60), fc.nat(60), fc.nat(7))
    fc.assert(
      fc.property(unlike, ([[data, index], otherIndex, otherSize, bit]) => {
        // Distinct leaves, so that another index holds another leaf.
        const distinct = data.map((leaf, i) => Uint8Array.of(...leaf, i))
        const root = merkleRoot(distinct, hash)
        const path = merkleProof(distinct, index, hash)
        const leaf = distinct[index] as Uint8Array
        const verify = (l: Uint8Array, i: number, n: number, p: readonly Uint8Array[]): boolean =>
          verifyMerkleProof(root, l, i, n, p, hash)
        expect(verify(Uint8Array.of(...leaf, 0), index, distinct.length, path)).toBe(false)
        expect(otherIndex !== index && verify(leaf, otherIndex, distinct.length, path)).toBe(false)
        expect(verify(leaf, index, distinct.length, [...path, new Uint8Array(32)])).toBe(false)
        expect(path.length > 0 && verify(leaf, index, distinct.length, path.slice(1))).toBe(false)
        const bent = path.map((node, i) =>
          i === 0 ? node.map((byte, k) => (k === 0 ? byte ^ (1 << bit) : byte)) : node,
        )
        expect(path.length > 0 && verify(leaf, index, distinct.length, bent)).toBe(false)
        expect(otherSize <= index && verify(leaf, index, otherSize, path)).toBe(false)
      }),
    )
  })

  test('an inner node is no leaf: its preimage does not pass as one', () => {
    const pair = leaves.slice(0, 4)
    const [, right] = merkleProof(pair, 0, hash) as [Uint8Array, Uint8Array]
    const left = merkleRoot(pair.slice(0, 2), hash)
    const preimage = Buffer.concat([merkleRoot(pair.slice(0, 1), hash), merkleRoot(pair.slice(1, 2), hash)])
    expect(toHex(hash(Buffer.concat([Uint8Array.of(1), preimage])))).toBe(toHex(left))
    expect(verifyMerkleProof(merkleRoot(pair, hash), preimage, 0, 2, [right], hash)).toBe(false)
  })

  test.each([
    ['negative', -1, 4],
    ['at the size', 4, 4],
    ['in an empty tree', 0, 0],
    ['no integer', 0.5, 4],
    ['not a number', Number.NaN, 4],
    ['in a tree without a size', 0, Number.NaN],
    ['in a tree beyond 2^31 leaves', 0, 2 ** 31 + 1],
    ['in an endless tree', 0, Number.POSITIVE_INFINITY],
  ])('an index %s proves nothing', (_name, index, size) => {
    const path = merkleProof(leaves.slice(0, 4), 3, hash)
    const root = merkleRoot(leaves.slice(0, 4), hash)
    expect(verifyMerkleProof(root, leaves[3] as Uint8Array, index, size, path, hash)).toBe(false)
  })

  test.each([-1, 4, 0.5, Number.NaN])('there is no path of leaf %d of 4', (index) => {
    expect(() => merkleProof(leaves.slice(0, 4), index, hash)).toThrow(
      expect.objectContaining({ code: 'out_of_range' }),
    )
  })
})
