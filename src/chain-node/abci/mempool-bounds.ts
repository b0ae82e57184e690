import { TX_LIMITS } from '../../protocol/tx.ts'
import { MEMPOOL_LIMITS } from '../limits.ts'

/**
 * What CometBFT's config.toml has to say of its mempool. That pool is first come first served; which transactions wait, and what
 * a block takes of them, decides the application's own (docs/decisions/0021). An evicted one leaves CometBFT's pool at the next
 * recheck, after a commit: so it must hold what the application holds and, once more, what can be evicted between two commits.
 */
export const COMET_MEMPOOL = {
  /** `size` */
  txs: 2 * MEMPOOL_LIMITS.txs,
  /** `max_txs_bytes` */
  bytes: 2 * MEMPOOL_LIMITS.bytes,
  /** `max_tx_bytes` */
  txBytes: TX_LIMITS.bytes,
  /** `cache_size`: more than the pool, so that what waits is not checked twice. */
  cache: 4 * MEMPOOL_LIMITS.txs,
  /** `recheck_timeout`, at least: one that is cut off leaves evicted transactions in the pool for a block more. */
  recheckTimeoutMs: 10_000,
} as const
