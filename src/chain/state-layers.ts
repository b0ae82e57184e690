import { CodedError } from '../lib/coded-error.ts'
import type { StateChange, StateStore } from './application.ts'
import type { CacheStore } from './cache-store.ts'
import { createCacheStore } from './cache-store.ts'
import type { StateTree } from './state-tree.ts'

/** The committed store and tree, and what was written since: the genesis until the first commit, and one finalized block. */
export interface StateLayers {
  /** What the next block starts from. */
  head(): StateStore
  headTree(): StateTree
  /** The overlay holds the genesis; blocks may follow before the first commit (CometBFT commits it with block 1). */
  stageGenesis(overlay: CacheStore): StateTree
  /** The overlay lies on `head()` and holds one block; it replaces a block that was staged and not committed. */
  stageBlock(overlay: CacheStore): StateTree
  /** Everything staged, net, ascending by key. */
  changes(): StateChange[]
  commit(): void
}

interface Layer {
  readonly overlay: CacheStore
  readonly tree: StateTree
}

/** `committedTree` is the tree over the entries of `base`. */
export function createStateLayers(base: StateStore, committedTree: StateTree): StateLayers {
  let tree = committedTree
  let genesis: Layer | undefined
  let block: Layer | undefined
  const head = (): StateStore => genesis?.overlay ?? base
  const headTree = (): StateTree => genesis?.tree ?? tree
  return {
    head,
    headTree,
    stageGenesis(overlay) {
      genesis = { overlay, tree: tree.update(overlay.changes()) }
      block = undefined
      return genesis.tree
    },
    stageBlock(overlay) {
      block = { overlay, tree: headTree().update(overlay.changes()) }
      return block.tree
    },
    changes: () => mergeChanges(base, [genesis, block]),
    commit() {
      if (genesis === undefined && block === undefined) {
        throw new CodedError('nothing_to_commit', 'no block was finalized since the last commit')
      }
      tree = block?.tree ?? headTree()
      block?.overlay.flush()
      genesis?.overlay.flush()
      genesis = undefined
      block = undefined
    },
  }
}

function mergeChanges(base: StateStore, layers: readonly (Layer | undefined)[]): StateChange[] {
  const merged = createCacheStore(base)
  for (const layer of layers) {
    for (const { key, value } of layer?.overlay.changes() ?? []) {
      if (value === undefined) {
        merged.delete(key)
      } else {
        merged.set(key, value)
      }
    }
  }
  return merged.changes()
}
