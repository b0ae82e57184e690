import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorCode } from './coded-error.ts'
import type { SumLeaf } from './merkle-sum.ts'
import { createMerkleSumTree, merkleSumProof, merkleSumRoot, verifyMerkleSumProof } from './merkle-sum.ts'

const hash = (data: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest())
const leaf: fc.Arbitrary<SumLeaf> = fc.record({
  data: fc.uint8Array({ maxLength: 12 }),
  sum: fc.bigInt({ min: 0n, max: 1n << 40n }),
})
const leaves = fc.array(leaf, { minLength: 1, maxLength: 40 })

describe('the sum tree', () => {
  it('proves each leaf with the interval that it covers, and the intervals join to the whole', () => {
    fc.assert(
      fc.property(leaves, (list) => {
        const root = merkleSumRoot(list, hash)
        let start = 0n
        for (const [index, entry] of list.entries()) {
          const path = merkleSumProof(list, index, hash)
          expect(verifyMerkleSumProof(root, entry, index, list.length, path, hash)).toEqual({
            start,
            end: start + entry.sum,
          })
          start += entry.sum
        }
        expect(root.sum).toBe(start)
      }),
      { numRuns: 60 },
    )
  })

  it('in memory gives the same root and the same paths', () => {
    fc.assert(
      fc.property(leaves, (list) => {
        const tree = createMerkleSumTree(list, hash)
        expect(tree.root).toEqual(merkleSumRoot(list, hash))
        for (const index of list.keys()) {
          expect(tree.proof(index)).toEqual(merkleSumProof(list, index, hash))
        }
        expect(code(() => tree.proof(list.length))).toBe('out_of_range')
      }),
      { numRuns: 60 },
    )
    expect(code(() => createMerkleSumTree([], hash))).toBe('out_of_range')
  })

  it('refuses another sum, another place, another size, another path', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.bigInt({ min: 1n, max: 9n }), (list, seed, more) => {
        const root = merkleSumRoot(list, hash)
        const index = seed % list.length
        const entry = list[index] as SumLeaf
        const path = merkleSumProof(list, index, hash)
        const verify = (...changes: Partial<Parameters<typeof verifyMerkleSumProof>>): unknown => {
          const base = [root, entry, index, list.length, path, hash] as Parameters<typeof verifyMerkleSumProof>
          return verifyMerkleSumProof(...(base.map((value, at) => changes[at] ?? value) as typeof base))
        }
        expect(verify()).toBeDefined()
        expect(verify(undefined, { ...entry, sum: entry.sum + more })).toBeUndefined()
        expect(verify({ ...root, sum: root.sum + more })).toBeUndefined()
        for (const [at, sibling] of path.entries()) {
          // A unit taken from a neighbour and given to oneself is what a padded leaf would need.
          const moved = path.map((node, other) => (other === at ? { ...sibling, sum: sibling.sum + more } : node))
          expect(verify(undefined, undefined, undefined, undefined, moved)).toBeUndefined()
        }
        expect(verify(undefined, undefined, undefined, undefined, [...path, root])).toBeUndefined()
        expect(verify(undefined, undefined, list.length)).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  it('cannot be made of a sum that wraps', () => {
    const huge = (1n << 63n) - 1n
    const root = merkleSumRoot([{ data: new Uint8Array(1), sum: huge }], hash)
    const path = [{ hash: new Uint8Array(32), sum: huge }]
    expect(verifyMerkleSumProof(root, { data: new Uint8Array(1), sum: huge }, 0, 2, path, hash)).toBeUndefined()
    expect(code(() => merkleSumRoot([{ data: new Uint8Array(1), sum: 1n << 63n }], hash))).toBe('out_of_range')
    expect(code(() => merkleSumRoot([], hash))).toBe('out_of_range')
    expect(code(() => merkleSumProof([{ data: new Uint8Array(1), sum: 1n }], 1, hash))).toBe('out_of_range')
  })
})

function code(action: () => unknown): string {
  try {
    action()
    return 'none'
  } catch (error) {
    return errorCode(error)
  }
}
