/**
 * The app hash: a compact sparse Merkle tree over the state. A key's path is SHA-256(key); a subtree with one leaf is that
 * leaf, an empty one is 32 zero bytes. So the shape is a function of the set of entries alone (any order of changes gives the
 * same root), the depth is about log2 n, and one change costs about log2 n + 3 hashes. Nodes are immutable: the tree of an
 * uncommitted block lives beside the committed one and shares what did not change.
 *   leaf = tagged('tailrace/state/leaf/1', SHA-256(key), SHA-256(value)) · node = tagged('tailrace/state/node/1', left, right)
 */
import { compareBytes, equalBytes, u32be, utf8 } from '../lib/bytes.ts'
import type { Hash } from '../lib/merkle.ts'
import type { Domain } from '../protocol/hash.ts'
import { sha256 } from '../protocol/hash.ts'
import type { StateChange, StateProof } from './application.ts'

const HASH_BYTES = 32
const MAX_DEPTH = 256
const EMPTY_HASH = new Uint8Array(HASH_BYTES)

interface Leaf {
  readonly hash: Uint8Array
  readonly keyHash: Uint8Array
  readonly valueHash: Uint8Array
}

interface Branch {
  readonly hash: Uint8Array
  readonly left: TreeNode | undefined
  readonly right: TreeNode | undefined
}

type TreeNode = Leaf | Branch

interface HashedChange {
  readonly keyHash: Uint8Array
  readonly valueHash: Uint8Array | undefined
}

export interface StateTree {
  readonly root: Uint8Array
  /** The tree after these changes; this one stays as it is. Keys must be distinct. */
  update(changes: Iterable<StateChange>): StateTree
  /** Proof for `key`; `value` is what the store holds under it. */
  prove(key: Uint8Array, value: Uint8Array | undefined): StateProof
}

/** @param hash SHA-256, or a wrapper that counts its calls. */
export function createStateTree(
  entries: Iterable<readonly [Uint8Array, Uint8Array]> = [],
  hash: Hash = sha256,
): StateTree {
  const hasher = createNodeHasher(hash)
  const changes: StateChange[] = []
  for (const [key, value] of entries) {
    changes.push({ key, value })
  }
  return treeOf(undefined, hasher).update(changes)
}

/** Whether the proof shows, under this app hash, that `key` holds `value` (or nothing, where `value` is undefined). */
export function verifyStateProof(appHash: Uint8Array, proof: StateProof): boolean {
  const { key, value, siblings, otherLeaf } = proof
  if (siblings.length > MAX_DEPTH || !siblings.every((sibling) => sibling.length === HASH_BYTES)) {
    return false
  }
  const hasher = createNodeHasher(sha256)
  const keyHash = sha256(key)
  let node: Uint8Array = EMPTY_HASH
  if (value !== undefined) {
    if (otherLeaf !== undefined) {
      return false
    }
    node = hasher.leaf(keyHash, sha256(value))
  } else if (otherLeaf !== undefined) {
    const sound =
      otherLeaf.keyHash.length === HASH_BYTES &&
      otherLeaf.valueHash.length === HASH_BYTES &&
      !equalBytes(otherLeaf.keyHash, keyHash) &&
      siblings.every((_, depth) => bitAt(otherLeaf.keyHash, depth) === bitAt(keyHash, depth))
    if (!sound) {
      return false
    }
    node = hasher.leaf(otherLeaf.keyHash, otherLeaf.valueHash)
  }
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Uint8Array
    node = bitAt(keyHash, depth) === 0 ? hasher.node(node, sibling) : hasher.node(sibling, node)
  }
  return equalBytes(node, appHash)
}

function treeOf(root: TreeNode | undefined, hasher: NodeHasher): StateTree {
  return {
    root: root?.hash ?? EMPTY_HASH,
    update(changes) {
      const hashed: HashedChange[] = []
      for (const { key, value } of changes) {
        hashed.push({
          keyHash: hasher.hash(key),
          valueHash: value === undefined ? undefined : hasher.hash(value),
        })
      }
      hashed.sort((a, b) => compareBytes(a.keyHash, b.keyHash))
      return treeOf(updateNode(root, hashed, 0, hasher), hasher)
    },
    prove: (key, value) => proveKey(root, key, value),
  }
}

function updateNode(
  node: TreeNode | undefined,
  changes: readonly HashedChange[],
  depth: number,
  hasher: NodeHasher,
): TreeNode | undefined {
  if (changes.length === 0) {
    return node
  }
  if (node === undefined || isLeaf(node)) {
    return build(mergeLeaf(node, changes, hasher), depth, hasher)
  }
  const split = splitAt(changes, depth)
  const left = updateNode(node.left, changes.slice(0, split), depth + 1, hasher)
  const right = updateNode(node.right, changes.slice(split), depth + 1, hasher)
  return left === node.left && right === node.right ? node : join(left, right, hasher)
}

/** The leaves below a place that held at most one leaf, after the changes. */
function mergeLeaf(existing: Leaf | undefined, changes: readonly HashedChange[], hasher: NodeHasher): Leaf[] {
  const leaves: Leaf[] = []
  let rest = existing
  for (const { keyHash, valueHash } of changes) {
    const order = rest === undefined ? -1 : compareBytes(keyHash, rest.keyHash)
    if (rest !== undefined && order > 0) {
      leaves.push(rest)
      rest = undefined
    }
    if (rest !== undefined && order === 0) {
      const unchanged = valueHash !== undefined && equalBytes(rest.valueHash, valueHash)
      if (unchanged) {
        leaves.push(rest)
      }
      rest = undefined
      if (unchanged) {
        continue
      }
    }
    if (valueHash !== undefined) {
      leaves.push({ keyHash, valueHash, hash: hasher.leaf(keyHash, valueHash) })
    }
  }
  if (rest !== undefined) {
    leaves.push(rest)
  }
  return leaves
}

function build(leaves: readonly Leaf[], depth: number, hasher: NodeHasher): TreeNode | undefined {
  if (leaves.length <= 1) {
    return leaves[0]
  }
  const split = splitAt(leaves, depth)
  const left = build(leaves.slice(0, split), depth + 1, hasher)
  const right = build(leaves.slice(split), depth + 1, hasher)
  return join(left, right, hasher)
}

/** Keeps the invariant: a branch has at least two leaves below it. */
function join(left: TreeNode | undefined, right: TreeNode | undefined, hasher: NodeHasher): TreeNode | undefined {
  if (left === undefined && (right === undefined || isLeaf(right))) {
    return right
  }
  if (right === undefined && left !== undefined && isLeaf(left)) {
    return left
  }
  return { left, right, hash: hasher.node(left?.hash ?? EMPTY_HASH, right?.hash ?? EMPTY_HASH) }
}

function proveKey(root: TreeNode | undefined, key: Uint8Array, value: Uint8Array | undefined): StateProof {
  const keyHash = sha256(key)
  const siblings: Uint8Array[] = []
  let node = root
  while (node !== undefined && !isLeaf(node)) {
    const goesLeft = bitAt(keyHash, siblings.length) === 0
    const sibling: TreeNode | undefined = goesLeft ? node.right : node.left
    siblings.push(sibling?.hash ?? EMPTY_HASH)
    node = goesLeft ? node.left : node.right
  }
  const isOther = node !== undefined && !equalBytes(node.keyHash, keyHash)
  if (node === undefined || !isOther) {
    return { key, value, siblings }
  }
  return { key, value, siblings, otherLeaf: { keyHash: node.keyHash, valueHash: node.valueHash } }
}

function isLeaf(node: TreeNode): node is Leaf {
  return 'keyHash' in node
}

/** Index of the first item, in key order, whose bit at `depth` is 1. */
function splitAt(items: readonly { readonly keyHash: Uint8Array }[], depth: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (bitAt(items[middle]?.keyHash as Uint8Array, depth) === 0) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

function bitAt(bytes: Uint8Array, index: number): number {
  return ((bytes[index >> 3] as number) >> (7 - (index & 7))) & 1
}

interface NodeHasher {
  readonly hash: Hash
  leaf(keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array
  node(left: Uint8Array, right: Uint8Array): Uint8Array
}

function createNodeHasher(hash: Hash): NodeHasher {
  return {
    hash,
    leaf: pairHash('tailrace/state/leaf/1', hash),
    node: pairHash('tailrace/state/node/1', hash),
  }
}

/** taggedHash(domain, a, b) for 32-byte parts, over one reused buffer: this is the inner loop of every block. */
function pairHash(domain: Domain, hash: Hash): (a: Uint8Array, b: Uint8Array) => Uint8Array {
  const name = utf8(domain)
  const buffer = new Uint8Array(4 + name.length + 2 * (4 + HASH_BYTES))
  const first = 4 + name.length + 4
  const second = first + HASH_BYTES + 4
  buffer.set(u32be(name.length))
  buffer.set(name, 4)
  buffer.set(u32be(HASH_BYTES), first - 4)
  buffer.set(u32be(HASH_BYTES), second - 4)
  return (a, b) => {
    buffer.set(a, first)
    buffer.set(b, second)
    return hash(buffer)
  }
}
