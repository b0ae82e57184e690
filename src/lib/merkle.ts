import { concatBytes, equalBytes } from './bytes.ts'
import { CodedError } from './coded-error.ts'

/**
 * Binary Merkle tree over a list (RFC 6962 §2.1): leaf = H(0x00 ‖ data), node = H(0x01 ‖ left ‖ right), a tree of n leaves
 * splits at the largest power of two below n. The hash function is the caller's. Root of the empty list = H(empty).
 */
export type Hash = (data: Uint8Array) => Uint8Array

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
/** The split of a tree is computed in 32 bits. */
const MAX_LEAVES = 2 ** 31

export function merkleRoot(leaves: readonly Uint8Array[], hash: Hash): Uint8Array {
  if (leaves.length === 0) {
    return hash(new Uint8Array(0))
  }
  return rootOf(leaves, 0, leaves.length, hash)
}

/**
 * Audit path of leaf `index`, from the leaf's sibling up to the root's child (RFC 6962 §2.1.1). It hashes the whole tree.
 * @throws CodedError `out_of_range` where there is no such leaf.
 */
export function merkleProof(leaves: readonly Uint8Array[], index: number, hash: Hash): Uint8Array[] {
  if (!isLeafIndex(index, leaves.length)) {
    throw new CodedError('out_of_range', 'no such leaf')
  }
  const path: Uint8Array[] = []
  let from = 0
  let to = leaves.length
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      path.push(rootOf(leaves, middle, to, hash))
      to = middle
    } else {
      path.push(rootOf(leaves, from, middle, hash))
      from = middle
    }
  }
  return path.reverse()
}

/** Whether `data` is leaf `index` of the tree of `size` leaves with this root. */
export function verifyMerkleProof(
  root: Uint8Array,
  data: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  hash: Hash,
): boolean {
  if (!isLeafIndex(index, size)) {
    return false
  }
  const sides: boolean[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    const isLeft = index < middle
    sides.push(isLeft)
    if (isLeft) {
      to = middle
    } else {
      from = middle
    }
  }
  if (sides.length !== path.length) {
    return false
  }
  let node = hash(concatBytes(LEAF, data))
  for (const sibling of path) {
    node = sides.pop() === true ? hash(concatBytes(NODE, node, sibling)) : hash(concatBytes(NODE, sibling, node))
  }
  return equalBytes(node, root)
}

function rootOf(leaves: readonly Uint8Array[], from: number, to: number, hash: Hash): Uint8Array {
  if (to - from === 1) {
    return hash(concatBytes(LEAF, leaves[from] as Uint8Array))
  }
  const middle = from + splitPoint(to - from)
  return hash(concatBytes(NODE, rootOf(leaves, from, middle, hash), rootOf(leaves, middle, to, hash)))
}

function isLeafIndex(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size && size <= MAX_LEAVES
}

/** Largest power of two strictly below `size` (size ≥ 2). */
function splitPoint(size: number): number {
  return 1 << (31 - Math.clz32(size - 1))
}
