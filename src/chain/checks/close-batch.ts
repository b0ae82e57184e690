import { toHex } from '../../lib/bytes.ts'
import type { BatchState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { ownerText } from '../state/hosts.ts'
import { payerCreditOf, readBatch, removeBatch, setPayerCredit, writeBatch } from '../state/work/batches.ts'
import type { CheckStateName } from '../state/work/checks.ts'
import { listChecks, removeChecks } from '../state/work/checks.ts'
import { readService, updateService } from '../state/work/services.ts'
import { creditOf } from '../work/reputation.ts'
import { medianOf, waitsForFloor } from './batch-terms.ts'
import { moveCheck } from './check-moves.ts'
import { chargeBatch } from './fees.ts'
import { finishBatch, refundReceipt } from './refund.ts'

/** Outcomes that leave the batch standing; `withheld` and `failed` end it (refund.ts, resolve.ts). */
type Outcome = Extract<CheckStateName, 'passed' | 'void' | 'unchecked'>

/** One check of a batch is over; the last one closes it. */
export function closeCheck(context: BlockContext, check: CheckState, outcome: Outcome): void {
  const { store } = context
  const closed = moveCheck(context, check, outcome, context.height)
  context.emit('check_closed', { batch: check.batch, point: check.point, state: outcome })
  const batch = readBatch(store, check.batch)
  if (batch === undefined) {
    return
  }
  const next = outcome === 'void' ? refundReceipt(context, batch, closed) : batch
  writeBatch(store, { ...next, openChecks: next.openChecks - 1 })
  const service = readService(store, batch.executor, batch.model)
  if (outcome === 'passed' && service !== undefined) {
    updateService(store, batch.executor, batch.model, { checksPassed: service.checksPassed + 1n })
  }
  closeWhereDone(context, check.batch)
}

/** Closes the batch where no check is open and its executor's floor does not wait for the epoch's close. */
export function closeWhereDone(context: BlockContext, id: bigint): void {
  const batch = readBatch(context.store, id)
  if (batch?.state !== 'checking' || batch.openChecks > 0 || waitsForFloor(context, batch)) {
    return
  }
  const checks = listChecks(context.store, id)
  const { burned, fees } = chargeBatch(context, batch, checks)
  creditReputation(context, batch, checks)
  finishBatch(context, { ...batch, state: 'paid', charged: true, feesDue: fees })
  context.emit('batch_closed', {
    batch: id,
    executor: ownerText(batch.executor),
    paid: batch.sum - batch.refunded - burned - fees,
    burned,
    fees,
  })
}

/** Forgets a batch that is over, with its checks. */
export function pruneBatch(context: BlockContext, id: bigint): void {
  const { store } = context
  const batch = readBatch(store, id)
  if (batch === undefined) {
    return
  }
  removeChecks(store, id)
  removeBatch(store, batch)
}

/** g grows with each receipt that was found good: once, however many points fell on it. */
function creditReputation(context: BlockContext, batch: BatchState, checks: readonly CheckState[]): void {
  const { store } = context
  const { executor, model } = batch
  const epoch = context.epoch.epoch
  const service = readService(store, executor, model)
  if (service === undefined) {
    return
  }
  const median = medianOf(context, model)
  let g = service.g
  for (const { payer, from, to } of goodLeaves(checks)) {
    const credited = payerCreditOf(store, epoch, executor, payer, model)
    const credit = creditOf(to - from, median, credited)
    setPayerCredit(store, epoch, executor, payer, model, credited + credit)
    g += credit
  }
  updateService(store, executor, model, { g })
}

function goodLeaves(checks: readonly CheckState[]): { payer: Uint8Array; from: bigint; to: bigint }[] {
  const leaves = new Map<string, { payer: Uint8Array; from: bigint; to: bigint }>()
  for (const { state, opening } of checks) {
    if (state === 'passed' && opening?.leaf !== undefined) {
      leaves.set(toHex(opening.leaf.orderHash), opening.leaf)
    }
  }
  return [...leaves.values()]
}
