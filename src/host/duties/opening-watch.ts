import { equalBytes } from '../../lib/bytes.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import type { OpenedLeaf } from '../ports.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { Accusing } from './accusing.ts'
import { recompute } from './recompute.ts'
import type { Verifying } from './verifying.ts'

/**
 * Compares what the other verifiers of the same finds opened with what this host computed: a different digest is computed
 * once more and, where it stays different, challenged.
 */
export function watchOpenings(
  context: HostContext,
  verifying: Verifying,
  accusing: Accusing,
  signal: AbortSignal,
): Promise<void> {
  const seen = { epoch: -1, leaves: new Set<string>(), isFinished: false }

  function wants(snapshot: ChainSnapshot): boolean {
    const { height, heights, epoch } = snapshot
    const isFinished = seen.epoch === epoch && seen.isFinished
    return (
      snapshot.record !== undefined && height > heights.sampleHeight && height <= heights.closeHeight && !isFinished
    )
  }

  async function step(snapshot: ChainSnapshot, stepSignal: AbortSignal): Promise<void> {
    const { epoch, height, heights } = snapshot
    if (seen.epoch !== epoch) {
      seen.epoch = epoch
      seen.leaves.clear()
    }
    // After the settle nothing is opened any more: what is there now is all.
    seen.isFinished = height >= heights.settleHeight
    for (const leaf of await context.chain.openings(BigInt(epoch), stepSignal)) {
      const key = `${leaf.round}/${leaf.verifier}/${leaf.index}`
      const own = verifying.checked(epoch, leaf.host, leaf.nonce)
      if (own === undefined || seen.leaves.has(key) || leaf.verifier === context.keys.ownerAddress) {
        continue
      }
      seen.leaves.add(key)
      if (!equalBytes(own.digest, leaf.digest) && (await isWrong(context, snapshot, leaf, stepSignal))) {
        accusing.accuse({ kind: 'opening', epoch, round: leaf.round, verifier: leaf.verifier, index: leaf.index })
      }
    }
  }

  return forEachSnapshot(context, 'opening_watch', wants, step, signal)
}

async function isWrong(
  context: HostContext,
  snapshot: ChainSnapshot,
  leaf: OpenedLeaf,
  signal: AbortSignal,
): Promise<boolean> {
  if (snapshot.seed === undefined) {
    return false
  }
  const rules = { epoch: snapshot.epoch, seed: snapshot.seed, targets: snapshot.targets }
  const [again] = await recompute(context, rules, leaf.host, [leaf.nonce], signal)
  return again !== undefined && !equalBytes(again.digest, leaf.digest)
}
