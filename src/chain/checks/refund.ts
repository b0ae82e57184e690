/**
 * Money that goes back to payers. Invariant: what an open batch may owe its payers stands untouched among its executor's held
 * earnings of the batch's epoch, so a refund before the batch is closed is whole: a penalty takes only what is free of that.
 * Read next: debit-held.ts and credit-escrow.ts (one movement), close-batch.ts (the other end of a batch).
 */
import { toHex } from '../../lib/bytes.ts'
import { minBigint, sumBigint } from '../../lib/fixed-point.ts'
import type { BatchState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { ownerText } from '../state/hosts.ts'
import { heldKey, heldRange } from '../state/keys.ts'
import { getAmount } from '../state/records.ts'
import { endBatch, listOpenBatches, writeBatch } from '../state/work/batches.ts'
import { listChecks } from '../state/work/checks.ts'
import { PRUNE_EVENT, scheduleEvent } from '../state/work/due.ts'
import { readService, updateService } from '../state/work/services.ts'
import { creditEscrow } from '../work/credit-escrow.ts'
import { debitHeld } from '../work/debit-held.ts'
import { isOpen, moveCheck } from './check-moves.ts'

/** Epochs after its end for which a batch can be asked for. */
const EPOCHS_KEPT = 2

/** A batch is over: it no longer keeps its epoch's earnings from being released, and will be forgotten in time. */
export function finishBatch(context: BlockContext, batch: BatchState): void {
  const { store, height, params } = context
  writeBatch(store, batch)
  endBatch(store, batch)
  const forgotten = height + EPOCHS_KEPT * params.epochLength
  scheduleEvent(store, { height: forgotten, batch: batch.id, point: PRUNE_EVENT })
}

/** A drawn leaf was not opened, or its data not handed out: the batch goes back, the same sum is lost once more, g is halved. */
export function withholdBatch(context: BlockContext, batch: BatchState): void {
  const { executor, model } = batch
  const epoch = Number(batch.epoch)
  const refunded = refundBatch(context, batch, (payer, amount) =>
    debitHeld(context, executor, amount, epoch, 'opening_withheld', batch.txHash, { escrow: payer }),
  )
  burnFreeEarnings(context, batch, refunded)
  const service = readService(context.store, executor, model)
  if (service !== undefined) {
    updateService(context.store, executor, model, { g: service.g >> 1n, withheld: service.withheld + 1n })
  }
}

/** The receipt of a check without a decision goes back to its payer: once, however many points fell on it. */
export function refundReceipt(context: BlockContext, batch: BatchState, check: CheckState): BatchState {
  const leaf = check.opening?.leaf
  if (leaf === undefined || voidLeaves(context, batch, check.point).has(check.opening?.index ?? 0)) {
    return batch
  }
  const destination = { escrow: leaf.payer }
  const epoch = Number(batch.epoch)
  const amount = leaf.to - leaf.from
  const got = debitHeld(context, batch.executor, amount, epoch, 'receipt_void', check.openedTx, destination)
  return { ...batch, refunded: batch.refunded + got }
}

/**
 * A convicted host has nothing left to hold: its open batches are over. Their payers are refunded from `budget`, which stands in
 * the pool: those of `first` before the others, these from the oldest. Returns what they got.
 */
export function settleConvicted(
  context: BlockContext,
  executor: Uint8Array,
  budget: bigint,
  first: bigint | undefined,
): bigint {
  const open = listOpenBatches(context.store, executor)
  const ordered = [...open.filter(({ id }) => id === first), ...open.filter(({ id }) => id !== first)]
  let left = budget
  for (const batch of ordered) {
    refundBatch(context, batch, (payer, amount) => {
      const part = minBigint(amount, left)
      left -= part
      creditEscrow(context, payer, part, 'pool')
      return part
    })
  }
  return budget - left
}

/** Lane by lane, what was not given back before; `pay` says what the payer got. Ends the batch and its checks. */
function refundBatch(
  context: BlockContext,
  batch: BatchState,
  pay: (payer: Uint8Array, amount: bigint) => bigint,
): bigint {
  const given = sumByPayer([...voidLeaves(context, batch).values()])
  const paid = batch.lanes.map(({ payer, from, to }) => {
    const owed = to - from - (given.get(toHex(payer)) ?? 0n)
    return owed > 0n ? pay(payer, owed) : 0n
  })
  const refunded = sumBigint(paid)
  for (const check of listChecks(context.store, batch.id).filter(isOpen)) {
    moveCheck(context, check, 'void', context.height)
  }
  finishBatch(context, { ...batch, state: 'refunded', openChecks: 0, refunded: batch.refunded + refunded })
  context.emit('batch_refunded', { batch: batch.id, executor: ownerText(batch.executor), amount: refunded })
  return refunded
}

interface Given {
  readonly payer: Uint8Array
  readonly amount: bigint
}

/** Receipts of the batch that went back to their payers, by leaf; without what the check at `except` says. */
function voidLeaves(context: BlockContext, batch: BatchState, except?: number): Map<number, Given> {
  const given = new Map<number, Given>()
  for (const { state, point, opening } of listChecks(context.store, batch.id)) {
    const leaf = opening?.leaf
    if (state === 'void' && point !== except && opening !== undefined && leaf !== undefined) {
      given.set(opening.index, { payer: leaf.payer, amount: leaf.to - leaf.from })
    }
  }
  return given
}

function sumByPayer(list: readonly Given[]): Map<string, bigint> {
  const sums = new Map<string, bigint>()
  for (const { payer, amount } of list) {
    sums.set(toHex(payer), (sums.get(toHex(payer)) ?? 0n) + amount)
  }
  return sums
}

/** Burns up to `amount` of what the host has held: the batch's epoch first, then the newest, and nothing that open batches may owe. */
function burnFreeEarnings(context: BlockContext, batch: BatchState, amount: bigint): void {
  const { store } = context
  const { executor, txHash } = batch
  const reserved = reservedByEpoch(listOpenBatches(store, executor))
  const { from, to } = heldRange(executor)
  const newestFirst = [...store.range(from, to, { reverse: true })].map(([key]) => key)
  let missing = amount
  for (const key of [heldKey(executor, Number(batch.epoch)), ...newestFirst]) {
    const epoch = epochOfKey(key)
    const free = getAmount(store, key) - (reserved.get(epoch) ?? 0n)
    const part = minBigint(free, missing)
    if (part > 0n) {
      missing -= debitHeld(context, executor, part, epoch, 'withheld_penalty', txHash, 'burn')
    }
  }
}

function reservedByEpoch(open: readonly BatchState[]): Map<number, bigint> {
  const reserved = new Map<number, bigint>()
  for (const { epoch, sum, refunded } of open) {
    reserved.set(Number(epoch), (reserved.get(Number(epoch)) ?? 0n) + sum - refunded)
  }
  return reserved
}

function epochOfKey(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 8))
}
