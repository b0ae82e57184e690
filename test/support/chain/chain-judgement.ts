/** What the test chain takes of batches and openings: the rules of decisions 0009, by the protocol's own functions. */
import type { HostRecord } from '../../../src/host/ports.ts'
import { equalBytes } from '../../../src/lib/bytes.ts'
import type { BatchState, EscrowState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { BatchLane, MsgSubmitBatch } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { ReceiptOpening } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { verifyBatchLeaf } from '../../../src/protocol/work/batch.ts'
import { orderHash, verifyOrder } from '../../../src/protocol/work/order.ts'
import { receiptHash, verifyReceipt, verifyVoucher } from '../../../src/protocol/work/receipt.ts'

export interface LaneToJudge {
  readonly accepted: bigint
  readonly sequence: bigint
  readonly escrow: EscrowState | undefined
  readonly isRefused: boolean
}

export interface JudgingRules {
  readonly height: number
  readonly countersignBlocks: number
}

interface Reach {
  readonly covered: bigint
  readonly sequence: bigint
}

const EMPTY = new Uint8Array(0)

/** Undefined where every lane is covered by its voucher or leaf by leaf; else a code and why. */
export function lanesFault(
  message: MsgSubmitBatch,
  record: HostRecord,
  factsOf: (payer: Uint8Array) => LaneToJudge,
  rules: JudgingRules,
): string | undefined {
  let next = 0
  for (const lane of message.lanes) {
    const facts = factsOf(lane.payer)
    const { escrow } = facts
    if (escrow === undefined || facts.isRefused) {
      return 'escrow_closed: '
    }
    const reach = voucherReach(lane, facts, escrow)
    if (typeof reach === 'string') {
      return reach
    }
    let { covered, sequence } = reach
    for (; covered < lane.to; next++) {
      const opening = message.uncountersigned[next]
      const order = opening?.order?.order
      const isCovering = opening?.leaf?.from === covered && order !== undefined && order.sequence > sequence
      if (opening === undefined || !isCovering || !isLooseSound(opening, message, escrow, record, rules)) {
        return `uncovered: a lane is covered up to ${covered} of ${lane.to}`
      }
      covered = opening.leaf?.to ?? covered
      sequence = order.sequence
    }
  }
  return next === message.uncountersigned.length ? undefined : 'uncovered: too many'
}

/** How far the voucher reaches, or why it does not count. */
function voucherReach({ to, voucher: signed }: BatchLane, facts: LaneToJudge, escrow: EscrowState): Reach | string {
  const { accepted, sequence } = facts
  if (to <= accepted || to - accepted > availableOf(escrow)) {
    return to <= accepted ? 'lane_behind: ' : 'escrow_short: '
  }
  const voucher = signed?.voucher
  if (signed === undefined || voucher === undefined) {
    return { covered: accepted, sequence }
  }
  if (voucher.cumulative <= accepted || !verifyVoucher(voucher, signed.signature, escrow.sessionPubkey)) {
    return 'voucher_invalid: '
  }
  return {
    covered: voucher.cumulative < to ? voucher.cumulative : to,
    sequence: voucher.sequence > sequence ? voucher.sequence : sequence,
  }
}

function isLooseSound(
  opening: ReceiptOpening,
  { root, sum, leaves }: MsgSubmitBatch,
  escrow: EscrowState,
  record: HostRecord,
  { height, countersignBlocks }: JudgingRules,
): boolean {
  const { leaf } = opening
  const order = opening.order?.order
  const receipt = opening.receipt?.receipt
  return (
    leaf !== undefined &&
    order !== undefined &&
    receipt !== undefined &&
    verifyBatchLeaf({ hash: root, sum }, leaves, opening) !== undefined &&
    leaf.to - leaf.from === receipt.price &&
    equalBytes(leaf.orderHash, orderHash(order)) &&
    equalBytes(leaf.receiptHash, receiptHash(receipt)) &&
    receipt.endHeight + BigInt(countersignBlocks) <= BigInt(height) &&
    order.expiryHeight >= BigInt(height) &&
    verifyOrder(order, opening.order?.signature ?? EMPTY, escrow.sessionPubkey) &&
    verifyReceipt(receipt, opening.receipt?.signature ?? EMPTY, record.devicePubkey)
  )
}

/** A countersigned leaf shows the voucher of its receipt, which ends where the leaf ends. */
export function hasItsVoucher(batch: BatchState | undefined, opening: ReceiptOpening | undefined): boolean {
  const leaf = opening?.leaf
  const lane = batch?.lanes.find(({ payer }) => equalBytes(payer, leaf?.payer ?? EMPTY))
  const voucher = opening?.voucher?.voucher
  if (leaf === undefined || lane === undefined) {
    return false
  }
  const isOfLeaf = voucher?.cumulative === leaf.to && equalBytes(voucher.receiptHash, leaf.receiptHash)
  return leaf.to > lane.countersigned || isOfLeaf
}

export function availableOf({ deposited, refunded, paid, guarantee }: EscrowState): bigint {
  return deposited + refunded - paid - guarantee
}
