import { equalBytes } from '../../lib/bytes.ts'
import type { SumInterval } from '../../lib/merkle-sum.ts'
import type { BatchState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BatchLeaf, Order, Receipt } from '../../protocol/gen/tailrace/v1/work.ts'
import { isNumericClass } from '../../protocol/work/classes.ts'
import { orderHash } from '../../protocol/work/order.ts'
import { priceOf } from '../../protocol/work/price.ts'

/**
 * The root stands in a transaction of the executor, a leaf under it commits to an order and a receipt by hash: what these three
 * say is the executor's word. Here is what no honest executor says; each can be seen before the order is accepted, or
 * before the batch is made.
 */
export interface OpenedLeaf {
  readonly leaf: BatchLeaf
  readonly interval: SumInterval
  /** With the hash that the leaf names. */
  readonly order: Order
  /** With the hash that the leaf names. */
  readonly receipt: Receipt
}

/** Undefined where leaf, order, receipt and batch agree; else what does not, in a few words. */
export function contradictionOf(chainId: string, batch: BatchState, opened: OpenedLeaf): string | undefined {
  const { leaf, order, receipt } = opened
  const conditions: readonly (readonly [boolean, string])[] = [
    [isInItsPlace(batch, opened), 'the leaf does not stand where its lane interval belongs'],
    [order.chainId === chainId, 'the order is for another chain'],
    [equalBytes(order.payer, leaf.payer), 'the order has another payer than the leaf'],
    [order.model === batch.model, 'the order is for another model than the batch'],
    [order.height < batch.height, 'the order names a height whose randomness was not known'],
    [equalBytes(receipt.executor, batch.executor), 'the receipt has another executor'],
    [equalBytes(receipt.orderHash, orderHash(order)), 'the receipt answers another order'],
    [isNumericClass(receipt.numericClass), 'the receipt names an unknown numeric class'],
    [hasConstrainedClass(order, receipt), 'the receipt has another numeric class than the order demands'],
    [leaf.promptTokens === receipt.promptTokens, 'leaf and receipt differ in prompt tokens'],
    [leaf.outputTokens === receipt.outputTokens, 'leaf and receipt differ in output tokens'],
    [receipt.promptTokens === order.promptTokens, 'order and receipt differ in prompt tokens'],
    [receipt.outputTokens <= order.maxTokens, 'more output tokens than ordered'],
    [receipt.price === priceOf(order.price, receipt.promptTokens, receipt.outputTokens), 'a wrong price'],
    [receipt.price <= order.maxPrice, 'a price above the most that was offered'],
    [leaf.to - leaf.from === receipt.price, 'the leaf takes something else than the price'],
    [hasSoundRefusals(order, receipt), 'a refusal that is not of this order and host'],
  ]
  return conditions.find(([holds]) => !holds)?.[1]
}

/**
 * Lanes stand in the tree one after the other, each from its first unit to its last: so each unit of the sum is one unit of one
 * lane, and a leaf that is left out, put in twice or stretched shows in the place of another.
 */
function isInItsPlace(batch: BatchState, { leaf, interval }: OpenedLeaf): boolean {
  let start = 0n
  for (const lane of batch.lanes) {
    if (equalBytes(lane.payer, leaf.payer)) {
      const isAcross = leaf.from < lane.countersigned && leaf.to > lane.countersigned
      const isInside = leaf.from >= lane.from && leaf.to <= lane.to && !isAcross
      return isInside && interval.start === start + (leaf.from - lane.from)
    }
    start += lane.to - lane.from
  }
  return false
}

function hasConstrainedClass(order: Order, receipt: Receipt): boolean {
  const wanted = order.constraints?.numericClass ?? ''
  return wanted === '' || wanted === receipt.numericClass
}

/** Whether the refused host signed is not asked here: its key may have been replaced since. A forged one is no better than a timeout. */
function hasSoundRefusals(order: Order, receipt: Receipt): boolean {
  const hash = orderHash(order)
  return receipt.skipped.every(
    ({ host, refusal }) =>
      refusal?.refusal === undefined ||
      (equalBytes(refusal.refusal.host, host) && equalBytes(refusal.refusal.orderHash, hash)),
  )
}
