/** Every byte that paid work hashes, against the vectors of test/second-implementation/work.py. */
import { describe, expect, it } from 'vitest'
import { readVectors } from '../../../test/support/vectors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { merkleSumProof, merkleSumRoot } from '../../lib/merkle-sum.ts'
import type { BatchLeaf, InferenceRequest, Order, Receipt, Voucher } from '../gen/tailrace/v1/work.ts'
import { sha256 } from '../hash.ts'
import {
  drawArbiters,
  drawCheckers,
  drawCustodian,
  drawPoints,
  isAudited,
  sumLeafOf,
  verifyBatchLeaf,
} from './batch.ts'
import { drawExecutors, orderHash, promptHash, requestHash, samplingSeed } from './order.ts'
import { priceOf } from './price.ts'
import { receiptHash, scoresHash, tokensHash, voucherHash } from './receipt.ts'
import { createApiKey, sessionKeyOf } from './session.ts'

type Json = Record<string, never>
interface Vectors {
  readonly orders: readonly { request: Json; prompt: number[]; order: Json; [name: string]: unknown }[]
  readonly receipts: readonly { output: number[]; scores: string; receipt: Json; receiptHash: string }[]
  readonly vouchers: readonly { voucher: Json; voucherHash: string }[]
  readonly trees: readonly {
    leaves: Json[]
    root: string
    sum: number
    paths: readonly (readonly { hash: string; sum: number }[])[]
  }[]
  readonly draws: {
    randomness: string
    candidates: readonly { address: string; weight: string }[]
    executors: string[]
    points: number[]
    custodian: string
    checkers: string[]
    arbiters: string[]
    audited: boolean[]
  }
  readonly sessionKeys: readonly { entropy: string; apiKey: string; secretKey: string }[]
  readonly prices: readonly { unit: number; prompt: number; output: number; price: number }[]
}
const vectors = readVectors<Vectors>('work')

const BIG = new Set([
  'sequence',
  'total',
  'price',
  'maxPrice',
  'height',
  'expiryHeight',
  'startHeight',
  'endHeight',
  'cumulative',
  'from',
  'to',
  'seed',
])
const BYTES = new Set([
  'payer',
  'executor',
  'promptHash',
  'requestHash',
  'orderHash',
  'tokensHash',
  'scoresHash',
  'receiptHash',
  'host',
])

/** JSON to the generated type: the fields' own names say which are integers of 64 bits and which are bytes. */
function typed<T>(value: Json): T {
  const entries = Object.entries(value as Record<string, unknown>).map(([name, field]) => {
    if (field === null) return [name, undefined]
    if (BIG.has(name)) return [name, BigInt(field as number)]
    if (BYTES.has(name)) return [name, fromHex(field as string)]
    if (name === 'skipped') return [name, (field as Json[]).map((skip) => typed(skip))]
    return [name, field]
  })
  return Object.fromEntries(entries) as T
}

describe('orders, receipts and vouchers', () => {
  it.each(vectors.orders)('order %#', (vector) => {
    const request = typed<InferenceRequest>(vector.request)
    const order = typed<Order>(vector.order)
    expect(toHex(requestHash(request))).toBe(vector.requestHash)
    expect(toHex(promptHash(vector.prompt))).toBe(vector.promptHash)
    expect(toHex(orderHash(order))).toBe(vector.orderHash)
    expect(toHex(samplingSeed(request, orderHash(order)))).toBe(vector.samplingSeed)
  })

  it.each(vectors.receipts)('receipt %#', ({ output, scores, receipt, receiptHash: expected }) => {
    const decoded = typed<Receipt>(receipt)
    expect(tokensHash(output)).toEqual(decoded.tokensHash)
    expect(scoresHash(fromHex(scores))).toEqual(decoded.scoresHash)
    expect(toHex(receiptHash(decoded))).toBe(expected)
  })

  it.each(vectors.vouchers)('voucher %#', ({ voucher, voucherHash: expected }) => {
    expect(toHex(voucherHash(typed<Voucher>(voucher)))).toBe(expected)
  })

  it('gives another hash for each other field', () => {
    const order = typed<Order>((vectors.orders[0] as Vectors['orders'][number]).order)
    const changes: Partial<Order>[] = [
      { chainId: 'x' },
      { sequence: 2n },
      { total: 1n },
      { maxPrice: 1n },
      { expiryHeight: 1n },
      { gatewayPeer: 'y' },
      { constraints: { numericClass: '', minReputationPpm: 1n } },
    ]
    const hashes = changes.map((change) => toHex(orderHash({ ...order, ...change })))
    expect(new Set([toHex(orderHash(order)), ...hashes]).size).toBe(changes.length + 1)
  })
})

describe('batches', () => {
  it.each(vectors.trees)('tree %#', ({ leaves, root, sum, paths }) => {
    const entries = leaves.map((leaf) => typed<BatchLeaf>(leaf))
    const tree = merkleSumRoot(entries.map(sumLeafOf), sha256)
    expect(toHex(tree.hash)).toBe(root)
    expect(tree.sum).toBe(BigInt(sum))
    let start = 0n
    for (const [index, leaf] of entries.entries()) {
      const path = merkleSumProof(entries.map(sumLeafOf), index, sha256)
      expect(path.map((node) => ({ hash: toHex(node.hash), sum: Number(node.sum) }))).toEqual(paths[index])
      const opening = { index, leaf, path, order: undefined, receipt: undefined }
      const end = start + leaf.to - leaf.from
      expect(verifyBatchLeaf(tree, entries.length, opening)).toEqual({ start, end })
      expect(
        verifyBatchLeaf(tree, entries.length, { ...opening, leaf: { ...leaf, from: leaf.to + 1n } }),
      ).toBeUndefined()
      start = end
    }
  })

  it('draws as the second implementation does', () => {
    const { draws } = vectors
    const randomness = fromHex(draws.randomness)
    const candidates = draws.candidates.map(({ address, weight }) => ({
      address: fromHex(address),
      weight: BigInt(weight),
    }))
    const executor = candidates[6]?.address ?? new Uint8Array(20)
    const hex = (list: readonly Uint8Array[]): string[] => list.map(toHex)
    const payer = typed<Order>((vectors.orders[0] as Vectors['orders'][number]).order).payer
    expect(hex(drawExecutors(randomness, payer, 12n, candidates))).toEqual(draws.executors)
    expect(drawPoints(randomness, 77n, 1, 1_000_003n, 6).map(Number)).toEqual(draws.points)
    expect(toHex(drawCustodian(randomness, 77n, executor, candidates) ?? new Uint8Array(0))).toBe(draws.custodian)
    expect(hex(drawCheckers(randomness, 77n, 4, [executor], candidates, 2))).toEqual(draws.checkers)
    expect(hex(drawArbiters(randomness, 77n, 4, [executor], candidates, 3))).toEqual(draws.arbiters)
    expect(draws.audited.map((_, point) => isAudited(randomness, 77n, point, 100_000n))).toEqual(draws.audited)
  })
})

describe('keys and prices', () => {
  it.each(vectors.sessionKeys)('key %#', ({ entropy, apiKey, secretKey }) => {
    expect(createApiKey(fromHex(entropy))).toBe(apiKey)
    expect(toHex(sessionKeyOf(apiKey)?.secretKey ?? new Uint8Array(0))).toBe(secretKey)
  })

  it.each(vectors.prices)('price %#', ({ unit, prompt, output, price }) => {
    expect(priceOf(BigInt(unit), prompt, output)).toBe(BigInt(price))
  })
})
