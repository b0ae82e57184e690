import { concatBytes, equalBytes, u64be } from './bytes.ts'
import { CodedError } from './coded-error.ts'
import type { Hash } from './merkle.ts'

/**
 * Binary Merkle-sum tree over a list, of the shape of RFC 6962 (merkle.ts): each node carries the sum of its leaves and binds it,
 * leaf = H(0x00 ‖ u64 sum ‖ data), node = H(0x01 ‖ left hash ‖ u64 left sum ‖ right hash ‖ u64 right sum). So a proof shows not
 * only that a leaf is there but which interval [start, start + sum) of [0, total) it covers. Sums are below 2^63.
 */
export interface SumLeaf {
  readonly data: Uint8Array
  readonly sum: bigint
}

export interface SumNode {
  readonly hash: Uint8Array
  readonly sum: bigint
}

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
const MAX_SUM = 1n << 63n
/** The split of a tree is computed in 32 bits. */
const MAX_LEAVES = 2 ** 31

/** @throws CodedError `out_of_range` for an empty list or a sum of 2^63 or more. */
export function merkleSumRoot(leaves: readonly SumLeaf[], hash: Hash): SumNode {
  if (leaves.length === 0) {
    throw new CodedError('out_of_range', 'a sum tree has a leaf')
  }
  return subtree(leaves, 0, leaves.length, hash)
}

/** Path of leaf `index` from its sibling up. It hashes the whole tree. @throws CodedError `out_of_range` */
export function merkleSumProof(leaves: readonly SumLeaf[], index: number, hash: Hash): SumNode[] {
  if (!isLeafIndex(index, leaves.length)) {
    throw new CodedError('out_of_range', 'no such leaf')
  }
  const path: SumNode[] = []
  let from = 0
  let to = leaves.length
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    const isLeft = index < middle
    path.push(isLeft ? subtree(leaves, middle, to, hash) : subtree(leaves, from, middle, hash))
    if (isLeft) {
      to = middle
    } else {
      from = middle
    }
  }
  return path.reverse()
}

export interface SumTree {
  readonly root: SumNode
  /** As merkleSumProof. @throws CodedError `out_of_range` */
  proof(index: number): SumNode[]
}

interface TreeNode {
  readonly node: SumNode
  /** Leaves under it. */
  readonly size: number
  readonly branches: readonly [left: TreeNode, right: TreeNode] | undefined
}

/** The whole tree in memory, for many proofs: each leaf is hashed once. @throws CodedError `out_of_range` as merkleSumRoot. */
export function createMerkleSumTree(leaves: readonly SumLeaf[], hash: Hash): SumTree {
  if (leaves.length === 0) {
    throw new CodedError('out_of_range', 'a sum tree has a leaf')
  }
  const top = buildTree(leaves, 0, leaves.length, hash)
  return {
    root: top.node,
    proof(index) {
      if (!isLeafIndex(index, leaves.length)) {
        throw new CodedError('out_of_range', 'no such leaf')
      }
      return pathTo(top, index)
    },
  }
}

export interface SumInterval {
  readonly start: bigint
  readonly end: bigint
}

/** The interval that leaf `index` of `size` covers under this root, or undefined where the proof does not hold. */
export function verifyMerkleSumProof(
  root: SumNode,
  leaf: SumLeaf,
  index: number,
  size: number,
  path: readonly SumNode[],
  hash: Hash,
): SumInterval | undefined {
  const sides = sidesOf(index, size)
  if (sides === undefined || sides.length !== path.length || !isSum(leaf.sum)) {
    return undefined
  }
  let node = leafNode(leaf, hash)
  let start = 0n
  for (const sibling of path) {
    if (!isSum(sibling.sum) || sibling.hash.length !== node.hash.length) {
      return undefined
    }
    if (sides.pop() === true) {
      node = innerNode(node, sibling, hash)
    } else {
      start += sibling.sum
      node = innerNode(sibling, node, hash)
    }
    if (!isSum(node.sum)) {
      return undefined
    }
  }
  const holds = node.sum === root.sum && equalBytes(node.hash, root.hash)
  return holds ? { start, end: start + leaf.sum } : undefined
}

/** From the root down: whether the way to the leaf goes left. */
function sidesOf(index: number, size: number): boolean[] | undefined {
  if (!isLeafIndex(index, size)) {
    return undefined
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
  return sides
}

function subtree(leaves: readonly SumLeaf[], from: number, to: number, hash: Hash): SumNode {
  if (to - from === 1) {
    return leafNode(leaves[from] as SumLeaf, hash)
  }
  const middle = from + splitPoint(to - from)
  return innerNode(subtree(leaves, from, middle, hash), subtree(leaves, middle, to, hash), hash)
}

function buildTree(leaves: readonly SumLeaf[], from: number, to: number, hash: Hash): TreeNode {
  if (to - from === 1) {
    return { node: leafNode(leaves[from] as SumLeaf, hash), size: 1, branches: undefined }
  }
  const middle = from + splitPoint(to - from)
  const left = buildTree(leaves, from, middle, hash)
  const right = buildTree(leaves, middle, to, hash)
  return { node: innerNode(left.node, right.node, hash), size: to - from, branches: [left, right] }
}

/** From the leaf's sibling up. */
function pathTo(tree: TreeNode, index: number): SumNode[] {
  if (tree.branches === undefined) {
    return []
  }
  const [left, right] = tree.branches
  return index < left.size ? [...pathTo(left, index), right.node] : [...pathTo(right, index - left.size), left.node]
}

function leafNode(leaf: SumLeaf, hash: Hash): SumNode {
  if (!isSum(leaf.sum)) {
    throw new CodedError('out_of_range', 'the sum of a leaf is out of range')
  }
  return { hash: hash(concatBytes(LEAF, u64be(leaf.sum), leaf.data)), sum: leaf.sum }
}

function innerNode(left: SumNode, right: SumNode, hash: Hash): SumNode {
  const data = concatBytes(NODE, left.hash, u64be(left.sum), right.hash, u64be(right.sum))
  return { hash: hash(data), sum: left.sum + right.sum }
}

function isSum(sum: bigint): boolean {
  return sum >= 0n && sum < MAX_SUM
}

function isLeafIndex(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size && size <= MAX_LEAVES
}

/** Largest power of two strictly below `size` (size ≥ 2). */
function splitPoint(size: number): number {
  return 1 << (31 - Math.clz32(size - 1))
}
