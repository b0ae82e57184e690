/**
 * What the chain itself can say of an opened leaf. Invariant: a contradiction follows from bytes that the executor has signed
 * (its root binds leaf, order and receipt), so no third party can bring an honest host to fall; an opening that proves nothing
 * is refused, and the leaf is still to be opened. Read next: work/contradiction.ts, messages/work/open-receipts.ts.
 */
import { equalBytes } from '../../lib/bytes.ts'
import type { BatchState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { ReceiptOpening } from '../../protocol/gen/tailrace/v1/work.ts'
import { verifyBatchLeaf } from '../../protocol/work/batch.ts'
import { drawExecutors, orderHash } from '../../protocol/work/order.ts'
import { receiptHash, voucherHash } from '../../protocol/work/receipt.ts'
import type { BlockContext } from '../context.ts'
import { randomnessKey } from '../state/keys.ts'
import { readEscrow } from '../state/work/escrows.ts'
import { candidatesOf, readRoster } from '../state/work/rosters.ts'
import type { OpenedLeaf } from '../work/contradiction.ts'
import { contradictionOf } from '../work/contradiction.ts'

export type OpeningVerdict =
  /** Everything fits; the tokens are for the verifiers. */
  | { readonly kind: 'sound' }
  /** The order had expired when it was batched: nobody owes anything for it. */
  | { readonly kind: 'late' }
  /** The executor's own word against itself. */
  | { readonly kind: 'contradiction'; readonly reason: string }
  /** Proves nothing. */
  | { readonly kind: 'refused'; readonly reason: string }

const NO_BYTES = new Uint8Array(0)

/** `offset`: the drawn unit, which the leaf has to cover. Signatures come last: they cost a thousand hashes each. */
export function judgeOpening(
  context: BlockContext,
  batch: BatchState,
  offset: bigint,
  opening: ReceiptOpening,
): OpeningVerdict {
  const opened = bindOpening(batch, offset, opening)
  if (typeof opened === 'string') {
    return { kind: 'refused', reason: opened }
  }
  const reason = contradictionOf(context.chainId, batch, opened) ?? drawContradiction(context, batch, opened)
  if (reason !== undefined) {
    return { kind: 'contradiction', reason }
  }
  const unsigned = signatureViolation(context, batch, opened, opening)
  if (unsigned !== undefined) {
    return { kind: 'refused', reason: unsigned }
  }
  return { kind: batch.height > opened.order.expiryHeight ? 'late' : 'sound' }
}

/** The leaf under the root, and order and receipt as it names them; else why they are not. */
function bindOpening(batch: BatchState, offset: bigint, opening: ReceiptOpening): OpenedLeaf | string {
  const { leaf } = opening
  const order = opening.order?.order
  const receipt = opening.receipt?.receipt
  const interval = verifyBatchLeaf({ hash: batch.root, sum: batch.sum }, batch.leaves, opening)
  if (leaf === undefined || order === undefined || receipt === undefined || interval === undefined) {
    return 'the leaf does not stand under the root of the batch'
  }
  if (offset < interval.start || offset >= interval.end) {
    return 'the leaf does not cover the drawn unit'
  }
  if (!equalBytes(orderHash(order), leaf.orderHash)) {
    return 'the leaf names another order'
  }
  return equalBytes(receiptHash(receipt), leaf.receiptHash)
    ? { leaf, interval, order, receipt }
    : 'the leaf names another receipt'
}

/**
 * The draw again, as the executor had to compute it before it took the order: it is drawn right behind those that it skipped.
 * Undefined where it holds, or where the chain no longer knows randomness or roster of that height.
 */
function drawContradiction(
  context: BlockContext,
  batch: BatchState,
  { order, receipt }: OpenedLeaf,
): string | undefined {
  const height = Number(order.height)
  const randomness = context.store.get(randomnessKey(height))
  const roster = readRoster(context.store, batch.model, height)
  if (randomness === undefined || roster === undefined) {
    return undefined
  }
  const { numericClass, minReputationPpm } = order.constraints ?? { numericClass: '', minReputationPpm: 0n }
  const entries = roster.entries.filter(
    (entry) => (numericClass === '' || entry.numericClass === numericClass) && entry.reputationPpm >= minReputationPpm,
  )
  const drawn = drawExecutors(randomness, order.payer, order.sequence, candidatesOf(entries))
  const claimed = [...receipt.skipped.map(({ host }) => host), receipt.executor]
  const isAsDrawn = claimed.every((host, index) => equalBytes(host, drawn[index] ?? NO_BYTES))
  return isAsDrawn ? undefined : 'the executor was not drawn for the order'
}

/** The payer's word for the order and, where the lane is countersigned, for this very receipt at this place of the lane. */
function signatureViolation(
  context: BlockContext,
  batch: BatchState,
  { leaf, order, receipt }: OpenedLeaf,
  opening: ReceiptOpening,
): string | undefined {
  const sessionKey = readEscrow(context.store, order.payer)?.sessionPubkey
  const lane = batch.lanes.find(({ payer }) => equalBytes(payer, leaf.payer))
  if (sessionKey === undefined || lane === undefined) {
    return 'no such escrow'
  }
  const voucher = opening.voucher?.voucher
  const isCountersigned = leaf.to <= lane.countersigned
  if (isCountersigned) {
    const isOfLeaf =
      voucher !== undefined &&
      voucher.chainId === context.chainId &&
      equalBytes(voucher.payer, leaf.payer) &&
      equalBytes(voucher.executor, batch.executor) &&
      equalBytes(voucher.receiptHash, leaf.receiptHash) &&
      voucher.cumulative === leaf.to
    if (!isOfLeaf) {
      return 'the voucher of the leaf is missing or is for another one'
    }
  }
  const isSigned =
    verifyOf(context, sessionKey, orderHash(order), opening.order) &&
    verifyOf(context, batch.devicePubkey, receiptHash(receipt), opening.receipt) &&
    (!isCountersigned || voucher === undefined || verifyOf(context, sessionKey, voucherHash(voucher), opening.voucher))
  return isSigned ? undefined : 'order, receipt or voucher is not signed by whom it names'
}

function verifyOf(
  context: BlockContext,
  key: Uint8Array,
  hash: Uint8Array,
  signed: { readonly signature: Uint8Array } | undefined,
): boolean {
  return context.signatures.verify(key, hash, signed?.signature ?? NO_BYTES)
}
