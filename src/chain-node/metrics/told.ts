/** The metrics of a node that are told as things happen. */
import type { Counter, Gauge, Histogram, MetricsRegistry } from '../../lib/metrics.ts'

/** Lanes of the mempool by the priority of a check that passed (chain/application.ts:TxResult). */
export const LANES = ['other', 'duty', 'weighted_duty'] as const

export interface Told {
  readonly height: Gauge
  readonly blockTime: Gauge
  readonly checkpointHeight: Gauge
  readonly checkpointHash: Gauge
  readonly executionSeconds: Histogram
  readonly checkSeconds: Histogram
  readonly commitSeconds: Histogram
  readonly blocks: Counter
  readonly txs: Counter
  readonly checks: Counter
  readonly proposals: Counter
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SHORT_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

export function createTold(registry: MetricsRegistry): Told {
  return {
    height: registry.gauge('tailrace_node_height', 'Height of the last committed block.'),
    blockTime: registry.gauge('tailrace_node_block_time_seconds', 'Time of the last committed block, Unix seconds.'),
    checkpointHeight: registry.gauge(
      'tailrace_node_checkpoint_height',
      'Last committed height that is a multiple of 100.',
    ),
    checkpointHash: registry.gauge(
      'tailrace_node_checkpoint_app_hash',
      'First 48 bits of the app hash after the checkpoint height: equal on all nodes of a network.',
    ),
    executionSeconds: registry.histogram(
      'tailrace_node_block_execution_seconds',
      'Time to execute a block (FinalizeBlock).',
      SECONDS,
    ),
    checkSeconds: registry.histogram(
      'tailrace_node_check_tx_seconds',
      'Time to check a transaction for the mempool (CheckTx).',
      SHORT_SECONDS,
    ),
    commitSeconds: registry.histogram(
      'tailrace_node_commit_seconds',
      'Time to write a block and its state to disk (Commit).',
      SECONDS,
    ),
    blocks: registry.counter('tailrace_node_blocks_total', 'Blocks committed since the start.'),
    txs: registry.counter(
      'tailrace_node_txs_total',
      'Transactions in committed blocks by the type of their first message and their code; 0 = executed.',
      ['type', 'code'],
    ),
    checks: registry.counter(
      'tailrace_node_checked_txs_total',
      'Transactions checked for the mempool by kind (new, recheck), lane and code.',
      ['kind', 'lane', 'code'],
    ),
    proposals: registry.counter('tailrace_node_proposals_total', 'Blocks of others judged before the vote.', [
      'verdict',
    ]),
  }
}
