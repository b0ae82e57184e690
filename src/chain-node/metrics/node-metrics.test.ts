import { expect, test } from 'vitest'
import {
  DEVELOPER,
  signedTransfer,
  testGenesis,
  testKey,
  VALIDATOR,
} from '../../../test/conformance/rpc/network-fixture.ts'
import { parseMetrics } from '../../../test/support/metrics/parse-metrics.ts'
import { createApplication } from '../../chain/create-application.ts'
import { MetricsRegistry } from '../../lib/metrics.ts'
import { BLS_SIGNATURE_BYTES } from '../../protocol/randomness.ts'
import { encodeRandomnessTx } from '../../protocol/tx.ts'
import { createNodeMetrics } from './node-metrics.ts'

/** An application that is measured by a clock which moves 10 ms at each look. */
function scene() {
  const registry = new MetricsRegistry()
  let nowMs = 0
  const steadyMs = () => {
    nowMs += 10
    return nowMs
  }
  const metrics = createNodeMetrics({
    registry,
    version: '1.2.3',
    appVersion: 2,
    steadyMs,
  })
  // Whose σ it is, other tests show: a hundred blocks shall cost milliseconds.
  const application = metrics.measure(createApplication({ verifySignature: () => true }))
  application.initChain(testGenesis(0))
  application.takeChanges()
  application.commit()
  const block = (height: bigint, txs: readonly Uint8Array[]) => ({
    height,
    timeMs: height * 1_000n,
    hash: new Uint8Array(32),
    proposer: VALIDATOR.address,
    txs: [encodeRandomnessTx(new Uint8Array(BLS_SIGNATURE_BYTES)), ...txs],
  })
  const values = () => parseMetrics(registry.render())
  return { metrics, application, block, values }
}

test('blocks, transactions by type and code, checks by lane, times', () => {
  const { application, block, values } = scene()
  const to = testKey('receiver').address
  const paid = signedTransfer(DEVELOPER, to, 5n, 0n)
  const replayed = signedTransfer(DEVELOPER, to, 5n, 7n)
  expect(application.checkTx(paid).code).toBe(0)
  expect(application.checkTx(replayed).code).toBe(32)
  application.checkTx(paid, { recheck: true })
  const input = block(1n, [paid, replayed, Uint8Array.of(1, 2, 3)])
  expect(application.processProposal(input)).toBe(true)
  expect(application.processProposal({ ...input, txs: [] })).toBe(false)
  application.finalizeBlock(input)
  expect(values().has('tailrace_node_txs_total{type="MsgSend",code="0"}')).toBe(false)
  application.finalizeBlock(input)
  application.takeChanges()
  application.commit()
  const at = values()
  expect(at.get('tailrace_node_info{version="1.2.3",app_version="2"}')).toBe(1)
  expect(at.get('tailrace_node_height')).toBe(1)
  expect(at.get('tailrace_node_block_time_seconds')).toBe(1)
  expect(at.get('tailrace_node_blocks_total')).toBe(1)
  expect(at.get('tailrace_node_txs_total{type="randomness",code="0"}')).toBe(1)
  expect(at.get('tailrace_node_txs_total{type="MsgSend",code="0"}')).toBe(1)
  expect(at.get('tailrace_node_txs_total{type="MsgSend",code="sdk/32"}')).toBe(1)
  expect(at.get('tailrace_node_txs_total{type="undecodable",code="sdk/2"}')).toBe(1)
  expect(at.get('tailrace_node_checked_txs_total{kind="new",lane="other",code="0"}')).toBe(1)
  expect(at.get('tailrace_node_checked_txs_total{kind="new",lane="refused",code="sdk/32"}')).toBe(1)
  expect(at.get('tailrace_node_proposals_total{verdict="accepted"}')).toBe(1)
  expect(at.get('tailrace_node_proposals_total{verdict="rejected"}')).toBe(1)
  expect(at.get('tailrace_node_block_execution_seconds_count')).toBe(2)
  expect(at.get('tailrace_node_block_execution_seconds_sum')).toBeCloseTo(0.02)
  expect(at.get('tailrace_node_block_execution_seconds_bucket{le="0.005"}')).toBe(0)
  expect(at.get('tailrace_node_block_execution_seconds_bucket{le="0.01"}')).toBe(2)
  expect(at.get('tailrace_node_commit_seconds_count')).toBe(1)
  expect(at.get('tailrace_node_check_tx_seconds_count')).toBe(3)
})

test('at every hundredth height the app hash is shown, and after a restart there', () => {
  const { metrics, application, block, values } = scene()
  for (let height = 1n; height <= 101n; height++) {
    expect(values().has('tailrace_node_checkpoint_app_hash')).toBe(height > 100n)
    const { appHash } = application.finalizeBlock(block(height, []))
    application.takeChanges()
    application.commit()
    if (height === 100n) {
      const shown = Number(BigInt(`0x${Buffer.from(appHash.subarray(0, 6)).toString('hex')}`))
      expect(values().get('tailrace_node_checkpoint_app_hash')).toBe(shown)
    }
  }
  expect(values().get('tailrace_node_checkpoint_height')).toBe(100)
  expect(values().get('tailrace_node_height')).toBe(101)
  expect(() => metrics.measure(application)).not.toThrow()
})

test('facts are asked for at each reading, and are absent where there is no answer', () => {
  const { metrics, values } = scene()
  let power: bigint | undefined = 7n
  metrics.watch({
    mempool: () => ({ lanes: [{ lane: 'duty', txs: 2 }], sizeBytes: 300 }),
    snapshots: () => [
      { height: 50, chunks: 1 },
      { height: 150, chunks: 2 },
    ],
    databaseBytes: () => undefined,
    diskFreeBytes: () => 5_000,
    validator: () =>
      power === undefined ? undefined : { power, missedBlocks: 3, isJailed: true, heartbeats: 4, heartbeatsDue: 5 },
  })
  metrics.watch({ stateEntries: () => 12, upgrade: () => ({ height: 500n, version: 2 }) })
  const first = values()
  expect(first.get('tailrace_node_mempool_txs{lane="duty"}')).toBe(2)
  expect(first.get('tailrace_node_mempool_bytes')).toBe(300)
  expect(first.get('tailrace_node_snapshots')).toBe(2)
  expect(first.get('tailrace_node_snapshot_height')).toBe(150)
  expect(first.get('tailrace_node_snapshot_chunks')).toBe(2)
  expect(first.has('tailrace_node_database_bytes')).toBe(false)
  expect(first.get('tailrace_node_disk_free_bytes')).toBe(5_000)
  expect(first.get('tailrace_node_state_entries')).toBe(12)
  expect(first.get('tailrace_node_validator_power')).toBe(7)
  expect(first.get('tailrace_node_validator_missed_blocks')).toBe(3)
  expect(first.get('tailrace_node_validator_jailed')).toBe(1)
  expect(first.get('tailrace_node_validator_heartbeats')).toBe(4)
  expect(first.get('tailrace_node_validator_heartbeats_due')).toBe(5)
  expect(first.get('tailrace_node_upgrade_height')).toBe(500)
  expect(first.get('tailrace_node_upgrade_app_version')).toBe(2)
  power = undefined
  expect(values().has('tailrace_node_validator_power')).toBe(false)
})
