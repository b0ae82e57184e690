/** Evidence of a broken consensus may be about a block so old (genesis-file.ts: evidence.max_age_num_blocks). */
const EVIDENCE_BLOCKS = 100_000

/**
 * The first block that CometBFT must keep after block `height`, for ABCI's Commit; 0: all. Older ones stay as long as evidence may
 * point to them, or a kept snapshot needs them: a state restored from it is brought up to date from CometBFT's own blocks.
 * @param minRetainBlocks what the operator asks for; 0 keeps all
 */
export function retainHeight(height: bigint, minRetainBlocks: number, oldestSnapshot: bigint | undefined): bigint {
  if (minRetainBlocks === 0) {
    return 0n
  }
  const first = height - BigInt(Math.max(minRetainBlocks, EVIDENCE_BLOCKS)) + 1n
  const kept = oldestSnapshot === undefined || oldestSnapshot > first ? first : oldestSnapshot
  return kept > 0n ? kept : 0n
}
