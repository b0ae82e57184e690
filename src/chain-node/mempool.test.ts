import { beforeEach, expect, test } from 'vitest'
import { DEVELOPER, signedTransfer, testGenesis, testKey } from '../../test/conformance/rpc/network-fixture.ts'
import { openTransferApplication } from '../../test/conformance/rpc/transfer-application.ts'
import type { Application } from '../chain/application.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { TX_LIMITS } from '../protocol/tx.ts'
import { MEMPOOL_LIMITS } from './limits.ts'
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

test('a full pool gives up its dearest for a cheaper one, and for nothing else', () => {
  const pool = poolOf({ txs: 2 })
  expect([0n, 1n].map((sequence) => codeOf(pool, transfer(sequence)))).toEqual([0, 0])
  const rival = signedTransfer(other, DEVELOPER.address, 1n, 0n)
  const checkTx = application.checkTx.bind(application)
  application.checkTx = (tx, options) => ({
    ...checkTx(tx, options),
    ...(tx === rival ? { code: 0, priority: 1 } : {}),
  })
  expect(codeOf(pool, transfer(2n))).toBe(20)
  expect(codeOf(pool, rival)).toBe(0)
  expect(pool.reap(10, 1_000_000)).toEqual([transfer(0n), rival])
  expect(pool.size).toBe(2)
})
