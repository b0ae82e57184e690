/**
 * Receipts that no voucher covers: the gateway went away. Each stands in the batch with all that the chain can judge of it.
 * Invariant: an order is paid in this way once at most, and not where a voucher may have covered it: a lane's uncountersigned
 * orders have sequences above those that it has seen, in rising order.
 */
import { equalBytes } from '../../lib/bytes.ts'
import type { SumInterval } from '../../lib/merkle-sum.ts'
import type { BatchState, HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BatchLeaf, Order, Receipt, ReceiptOpening } from '../../protocol/gen/tailrace/v1/work.ts'
import { verifyBatchLeaf } from '../../protocol/work/batch.ts'
import { orderHash } from '../../protocol/work/order.ts'
import { receiptHash } from '../../protocol/work/receipt.ts'
import type { BlockContext } from '../context.ts'
import { readEscrow } from '../state/work/escrows.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { contradictionOf } from './contradiction.ts'
import type { LaneClaim } from './lane-claims.ts'

/** A receipt without a voucher, with everything that its opening must have. */
export interface LooseReceipt {
  readonly leaf: BatchLeaf
  readonly order: Order
  readonly receipt: Receipt
  readonly interval: SumInterval
  readonly opening: ReceiptOpening
}

/** The opened leaves, in the order of the tree, or why one is none of this root. */
export function readLoose(batch: BatchState, openings: readonly ReceiptOpening[]): LooseReceipt[] | Rejection {
  const root = { hash: batch.root, sum: batch.sum }
  const loose: LooseReceipt[] = []
  for (const opening of openings) {
    const { leaf, order: signedOrder, receipt: signedReceipt } = opening
    const interval = verifyBatchLeaf(root, batch.leaves, opening)
    if (interval === undefined || leaf === undefined) {
      return reject('proof_invalid', 'an uncountersigned receipt does not stand under the root')
    }
    const [order, receipt] = [signedOrder?.order, signedReceipt?.receipt]
    if (order === undefined || receipt === undefined) {
      return reject('receipt_invalid', 'an uncountersigned receipt needs order and receipt')
    }
    loose.push({ leaf, order, receipt, interval, opening })
  }
  return loose
}

/** Whether they cover, without a gap, exactly what the claims take beyond their vouchers. */
export function coverViolation(claims: readonly LaneClaim[], loose: readonly LooseReceipt[]): Rejection | undefined {
  let next = 0
  for (const claim of claims) {
    let [covered, sequence] = [claim.countersigned, claim.sequence]
    for (let at = loose[next]; at !== undefined && covered < claim.to; at = loose[next]) {
      const { leaf, order } = at
      if (!equalBytes(leaf.payer, claim.escrow.payer) || leaf.from !== covered || leaf.to <= covered) {
        break
      }
      if (order.sequence <= sequence) {
        return reject('lane_behind', 'the lane has seen a voucher or a receipt of this order, or of a later one')
      }
      ;[covered, sequence] = [leaf.to, order.sequence]
      next += 1
    }
    if (covered !== claim.to) {
      return reject('uncovered', `a lane is covered up to ${covered}, and takes ${claim.to}`)
    }
  }
  return next === loose.length ? undefined : reject('uncovered', 'an uncountersigned receipt that no lane takes')
}

/** What one of them says, its signatures last. */
export function looseViolation(
  context: BlockContext,
  host: HostState,
  batch: BatchState,
  loose: LooseReceipt,
): Rejection | undefined {
  const { leaf, order, receipt, opening } = loose
  const { store, height, params, chainId } = context
  const escrow = readEscrow(store, leaf.payer)
  const areNamed = equalBytes(leaf.orderHash, orderHash(order)) && equalBytes(leaf.receiptHash, receiptHash(receipt))
  const wrong = areNamed ? contradictionOf(chainId, batch, loose) : 'the leaf names another order or receipt'
  if (wrong !== undefined || escrow === undefined) {
    return reject('receipt_invalid', wrong ?? 'no such escrow')
  }
  if (receipt.endHeight + BigInt(params.serving.countersignBlocks) > BigInt(height)) {
    return reject('too_early', 'a receipt without a voucher has to wait for one')
  }
  if (order.expiryHeight < BigInt(height) || order.height > escrow.expiryHeight) {
    return reject('escrow_expired', 'the order has expired')
  }
  if (escrow.maxPrice !== 0n && order.price > escrow.maxPrice) {
    return reject('not_allowed', 'an escrow does not allow this price')
  }
  const isSigned =
    context.signatures.verify(escrow.sessionPubkey, orderHash(order), opening.order?.signature ?? NO_BYTES) &&
    context.signatures.verify(host.devicePubkey, receiptHash(receipt), opening.receipt?.signature ?? NO_BYTES)
  return isSigned ? undefined : reject('receipt_invalid', 'an order or a receipt is not signed by whom it names')
}

const NO_BYTES = new Uint8Array(0)
