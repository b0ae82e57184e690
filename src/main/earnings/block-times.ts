import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { HistoryChainPort } from '../chain-port.ts'

/** Block times that were asked for once and never change. */
export interface BlockTimes {
  /** Asks for those that are not known yet. */
  load(heights: readonly number[], signal: AbortSignalLike): Promise<void>
  /** Unix ms; counted from the nearest known block at the nominal pace where the node has that block no longer. */
  at(height: number, newest: KnownBlock): number
}

export interface KnownBlock {
  readonly height: number
  readonly atMs: number
}

/** Twice what a page of epochs needs; then all are asked for anew. */
const MAX_KNOWN = 50_000

export function createBlockTimes(history: Pick<HistoryChainPort, 'blockTimes'>, blockTimeMs: number): BlockTimes {
  const known = new Map<number, number>()
  /** Asked for without an answer: the node has pruned them. */
  const absent = new Set<number>()
  return {
    async load(heights, signal) {
      if (known.size + absent.size > MAX_KNOWN) {
        known.clear()
        absent.clear()
      }
      const wanted = heights.filter((height) => !known.has(height) && !absent.has(height))
      if (wanted.length === 0) {
        return
      }
      const found = await history.blockTimes(wanted, signal)
      for (const height of wanted) {
        const atMs = found.get(height)
        if (atMs === undefined) {
          absent.add(height)
        } else {
          known.set(height, atMs)
        }
      }
    },
    at(height, newest) {
      const exact = known.get(height)
      if (exact !== undefined) {
        return exact
      }
      const nearest = nearestOf(known, height, newest)
      return Math.max(0, nearest.atMs + (height - nearest.height) * blockTimeMs)
    },
  }
}

function nearestOf(known: ReadonlyMap<number, number>, height: number, newest: KnownBlock): KnownBlock {
  let nearest = newest
  for (const [candidate, atMs] of known) {
    if (Math.abs(candidate - height) < Math.abs(nearest.height - height)) {
      nearest = { height: candidate, atMs }
    }
  }
  return nearest
}
