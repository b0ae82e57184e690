import { beforeEach, expect, test } from 'vitest'
import type { TestKey } from '../../../test/conformance/rpc/network-fixture.ts'
import { DEVELOPER, signedTransfer, testGenesis, testKey } from '../../../test/conformance/rpc/network-fixture.ts'
import { openTransferApplication } from '../../../test/conformance/rpc/transfer-application.ts'
import { signTx } from '../../../test/support/chain/chain-harness.ts'
import type { Application, TxResult } from '../../chain/application.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { TX_LIMITS } from '../../protocol/tx.ts'
import { hashTx } from '../block.ts'
import { MEMPOOL_LIMITS, PROPOSAL_LIMITS } from '../limits.ts'
import type { MempoolLimits } from './mempool.ts'
import { Mempool } from './mempool.ts'

const other = testKey('other')
let application: Application

function poolOf(limits: Partial<MempoolLimits> = {}): Mempool {
  return new Mempool({ application, logger: SILENT_LOGGER }, { ...MEMPOOL_LIMITS, ...limits })
}

function transfer(sequence: bigint, from = DEVELOPER): Uint8Array {
  return signedTransfer(from, other.address, 1n, sequence)
}

function codeOf(pool: Mempool, tx: Uint8Array): number | string {
  const outcome = pool.add(tx)
  return outcome.kind === 'checked' ? outcome.result.code : outcome.kind
}

beforeEach(() => {
  application = openTransferApplication()
  application.initChain(testGenesis(0))
  application.commit()
})

test('first in, first out, within the bounds of a block', () => {
  const pool = poolOf()
  const txs = [transfer(0n), transfer(1n), transfer(2n)]
  expect(txs.map((tx) => codeOf(pool, tx))).toEqual([0, 0, 0])
  expect(pool.reap(10, 1_000_000)).toEqual(txs)
  expect(pool.reap(2, 1_000_000)).toEqual(txs.slice(0, 2))
  expect(pool.reap(10, (txs[0]?.length ?? 0) + 1)).toEqual(txs.slice(0, 1))
  expect(pool.size).toBe(3)
})

test('refuses what is too large, what it has seen, and what the state machine refuses', () => {
  const pool = poolOf()
  expect(codeOf(pool, new Uint8Array(TX_LIMITS.bytes + 1))).toBe('too_large')
  expect(codeOf(pool, transfer(5n))).toBe(32)
  expect(codeOf(pool, transfer(0n))).toBe(0)
  expect(codeOf(pool, transfer(0n))).toBe('duplicate')
  expect(codeOf(pool, new Uint8Array(20))).toBe(2)
  expect(pool.size).toBe(1)
})

test('a refused transaction may come again once it is valid', () => {
  const pool = poolOf()
  expect(codeOf(pool, transfer(1n))).toBe(32)
  expect(codeOf(pool, transfer(0n))).toBe(0)
  expect(codeOf(pool, transfer(1n))).toBe(0)
})

test('bounds: count, bytes and one signer', () => {
  const full = poolOf({ txs: 1 })
  expect(codeOf(full, transfer(0n))).toBe(0)
  expect(codeOf(full, transfer(1n))).toBe(20)
  application.commit()
  const bytes = poolOf({ bytes: transfer(0n).length + 1 })
  expect(codeOf(bytes, transfer(0n))).toBe(0)
  expect(codeOf(bytes, transfer(1n))).toBe(20)
  application.commit()
  const perSigner = poolOf({ perSigner: 1 })
  expect(codeOf(perSigner, transfer(0n))).toBe(0)
  expect(codeOf(perSigner, transfer(1n))).toBe(20)
  expect(codeOf(perSigner, transfer(0n, other))).toBe(0)
})

test('after a block: what it held is gone, the rest is checked again in order', () => {
  const pool = poolOf()
  const txs = [transfer(0n), transfer(1n), transfer(2n)]
  for (const tx of txs) {
    codeOf(pool, tx)
  }
  // The block holds the first two; the state machine's view of sequences starts over.
  const input = { height: 1n, timeMs: 1n, hash: new Uint8Array(32), proposer: new Uint8Array(20) }
  const sigma = Uint8Array.of(0, 0x52, 1)
  const included = [sigma, ...txs.slice(0, 2)]
  const { txResults } = application.finalizeBlock({ ...input, txs: included })
  application.commit()
  pool.update(included, txResults)
  expect(pool.reap(10, 1_000_000)).toEqual([txs[2]])
  expect(codeOf(pool, transfer(3n))).toBe(0)
  expect(codeOf(pool, txs[0] as Uint8Array)).toBe('duplicate')
})

test('what no longer holds after a block is dropped and frees its share', () => {
  const pool = poolOf({ perSigner: 1 })
  expect(codeOf(pool, transfer(0n))).toBe(0)
  const rival = signedTransfer(DEVELOPER, other.address, 2n, 0n)
  const included = [Uint8Array.of(0, 0x52, 1), rival]
  const input = { height: 1n, timeMs: 1n, hash: new Uint8Array(32), proposer: new Uint8Array(20), txs: included }
  const { txResults } = application.finalizeBlock(input)
  application.commit()
  pool.update(included, txResults)
  expect(pool.size).toBe(0)
  expect(pool.sizeBytes).toBe(0)
  expect(codeOf(pool, transfer(1n))).toBe(0)
})

test('a state machine that throws refuses one transaction and stops nothing', () => {
  application.checkTx = () => {
    throw new Error('defect')
  }
  expect(codeOf(poolOf(), transfer(0n))).toBe(1)
})

test('the memory of hashes is bounded', () => {
  const pool = poolOf({ recentHashes: 2 })
  const txs = [transfer(0n), transfer(1n), transfer(2n)]
  for (const tx of txs) {
    codeOf(pool, tx)
  }
  expect(codeOf(pool, txs[2] as Uint8Array)).toBe('duplicate')
  expect(codeOf(pool, txs[0] as Uint8Array)).toBe(32)
})

/** The state machine's checks, counted; it sees what else is said of them. */
function watchChecks(bend: (tx: Uint8Array) => Partial<TxResult> = () => ({})): { checks: number; rechecks: number } {
  const counts = { checks: 0, rechecks: 0 }
  const checkTx = application.checkTx.bind(application)
  application.checkTx = (tx, options) => {
    counts[options?.recheck === true ? 'rechecks' : 'checks'] += 1
    return { ...checkTx(tx, options), ...bend(tx) }
  }
  return counts
}

/** An empty block: the state machine's view of sequences starts over. */
function commitNothing(pool: Mempool): void {
  const input = { timeMs: 1n, hash: new Uint8Array(32), proposer: new Uint8Array(20), txs: [Uint8Array.of(0, 0x52, 1)] }
  application.finalizeBlock({ ...input, height: application.info().height + 1n })
  application.commit()
  pool.update([], [])
}

const keys = Array.from({ length: 30 }, (_, at) => testKey(`flood ${at}`))

test('a full pool gives up the worst for a better one, says so, and takes nothing further of its signer until the next block', () => {
  const duty = dutyOf(other, 0n)
  watchChecks((tx) => (tx === duty ? { code: 0, priority: 2 } : {}))
  const pool = poolOf({ txs: 2 })
  const [first, second, third] = [transfer(0n), transfer(1n), transfer(2n)]
  expect([first, second].map((tx) => codeOf(pool, tx))).toEqual([0, 0])
  expect(codeOf(pool, third)).toBe(20)
  expect(codeOf(pool, duty)).toBe(0)
  expect(pool.reap(10, 1_000_000)).toEqual([first, duty])
  expect([first, second, duty].map((tx) => pool.has(hashTx(tx)))).toEqual([true, false, true])
  expect([2, 1, 0].map((lane) => pool.sizeOf(lane as 0))).toEqual([1, 0, 1])
  expect(codeOf(pool, second)).toBe(20)
  commitNothing(pool)
  expect(pool.reap(10, 1_000_000)).toEqual([first, duty])
})

test('a refusal that these bytes will always get is found out once', () => {
  const counts = watchChecks()
  const pool = poolOf({ badHashes: 2 })
  const [forged, garbage] = [transfer(0n).slice(), new Uint8Array(40).fill(3)]
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  expect([forged, garbage, forged, garbage].map((tx) => codeOf(pool, tx))).toEqual([4, 2, 4, 2])
  expect(counts.checks).toBe(2)
  expect(codeOf(pool, new Uint8Array(41).fill(3))).toBe(2)
  expect(codeOf(pool, forged)).toBe(4)
  expect(counts.checks).toBe(4)
  expect(codeOf(pool, transfer(0n))).toBe(0)
})

test("after a block only the next block's worth is checked again; the others when their turn or their signer comes", () => {
  const counts = watchChecks(() => ({ code: 0 }))
  const pool = poolOf({ recheckTxs: 10 })
  const signers = keys.slice(0, 5)
  const all = signers.flatMap((key) => [0n, 1n, 2n, 3n, 4n, 5n].map((sequence) => transfer(sequence, key)))
  expect(new Set(all.map((tx) => codeOf(pool, tx)))).toEqual(new Set([0]))
  commitNothing(pool)
  expect(counts.rechecks).toBe(10)
  expect(pool.reap(10, PROPOSAL_LIMITS.bytes)).toHaveLength(10)
  expect(counts.rechecks).toBe(10)
  const last = signers[4] as TestKey
  expect(codeOf(pool, transfer(6n, last))).toBe(0)
  expect(counts.rechecks).toBeLessThanOrEqual(16)
  expect(pool.reap(1_000, PROPOSAL_LIMITS.bytes)).toEqual([...all, transfer(6n, last)])
  expect(counts.rechecks).toBe(all.length)
})

test('what was refused before its signature was looked at cost no check', () => {
  const counts = watchChecks()
  const pool = poolOf({ txs: 3, perSigner: 2 })
  expect([0n, 1n, 2n].map((sequence) => codeOf(pool, transfer(sequence)))).toEqual([0, 0, 20])
  expect(codeOf(pool, transfer(0n, other))).toBe(0)
  expect(keys.map((key) => codeOf(pool, transfer(0n, key)))).toEqual(keys.map(() => 20))
  expect(counts).toEqual({ checks: 3, rechecks: 0 })
})

/** A duty as to its kind; this state machine does not know what it means. */
function dutyOf(key: TestKey, sequence: bigint): Uint8Array {
  const message = { typeUrl: '/tailrace.v1.MsgSetPayout', value: { owner: key.address, payout: '' } } as const
  return signTx({ name: '', ...key }, [message], { sequence })
}
