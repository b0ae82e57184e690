import type { BatchState, CheckState, ServiceState } from '../../protocol/gen/tailrace/v1/state.ts'
import { drawPoints, pointCount } from '../../protocol/work/batch.ts'
import type { BlockContext, EndContext } from '../context.ts'
import { ownerText } from '../state/hosts.ts'
import { readBatch, writeBatch } from '../state/work/batches.ts'
import { FLOOR_EVENT, scheduleEvent } from '../state/work/due.ts'
import { readService, updateService } from '../state/work/services.ts'
import { checkShare, reputationOf } from '../work/reputation.ts'
import { closeHeightOf, medianOf, missingPoints } from './batch-terms.ts'
import { moveCheck } from './check-moves.ts'
import { panelOf, pickCheckers, pickCustodian } from './panel.ts'

/**
 * Two blocks after the batch, with that block's R, known to nobody when the batch was sent: the points in [0, sum) that are
 * checked, ⌈p · sum / median⌉ of them, and each point's verifiers. Starts of leaves that no voucher covers are always drawn.
 * Returns how many.
 */
export function drawBatchPoints(context: EndContext, id: bigint): number {
  const { store, params, randomness } = context
  const batch = readBatch(store, id)
  if (batch?.state !== 'accepted') {
    return 0
  }
  const service = readService(store, batch.executor, batch.model)
  const share = checkShare(params.serving, reputationOf(service?.g ?? 0n))
  const count = pointCount(share, batch.sum, medianOf(context, batch.model), leastPoints(context, batch, service))
  const offsets = [...batch.certainPoints, ...drawPoints(randomness, id, 0, batch.sum, count)]
  const drawn = appendPoints(context, { ...batch, state: 'checking' }, offsets)
  if (isUnderFloor(context, drawn)) {
    scheduleEvent(store, { height: closeHeightOf(context, batch), batch: id, point: FLOOR_EVENT })
  }
  return offsets.length
}

/** One block after the batch: who keeps its openings beside executor and gateway. */
export function drawBatchCustodian(context: EndContext, id: bigint): void {
  const batch = readBatch(context.store, id)
  if (batch?.state === 'accepted') {
    const custodian = pickCustodian(context, panelOf(context, batch))
    writeBatch(context.store, { ...batch, custodian })
    context.emit('custodian_drawn', { batch: id, custodian: custodian.length === 0 ? '' : ownerText(custodian) })
  }
}

/** Adds checks at these units of [0, sum), after those that the batch has. */
export function appendPoints(context: EndContext, batch: BatchState, offsets: readonly bigint[]): BatchState {
  const panel = panelOf(context, batch)
  const next: BatchState = {
    ...batch,
    points: batch.points + offsets.length,
    openChecks: batch.openChecks + offsets.length,
  }
  writeBatch(context.store, next)
  for (const [index, offset] of offsets.entries()) {
    const point = batch.points + index
    const checkers = pickCheckers(context, panel, point, [])
    moveCheck(context, newCheck(batch.id, point, offset), 'drawn', openingDeadline(context), { checkers })
    context.emit('check_drawn', {
      batch: batch.id,
      point,
      executor: ownerText(batch.executor),
      verifiers: checkers.map(({ host }) => ownerText(host)).join(),
    })
  }
  countPoints(context, batch, offsets.length)
  return next
}

/** Whether the batch has to wait for its epoch's close, where the points that are missing will be drawn. */
function isUnderFloor(context: BlockContext, batch: BatchState): boolean {
  return context.height < closeHeightOf(context, batch) && missingPoints(context, batch) > 0
}

/** One at least; the whole rest of the floor where the batch's epoch is over already. */
function leastPoints(context: BlockContext, batch: BatchState, service: ServiceState | undefined): number {
  const isOver = context.height >= closeHeightOf(context, batch)
  const missing = service === undefined ? 0 : missingPoints(context, batch)
  return isOver && missing > 1 ? missing : 1
}

function countPoints(context: BlockContext, batch: BatchState, count: number): void {
  const service = readService(context.store, batch.executor, batch.model)
  if (service?.epoch === batch.epoch) {
    const epochPoints = service.epochPoints + BigInt(count)
    updateService(context.store, batch.executor, batch.model, { epochPoints })
  }
}

function openingDeadline({ height, params }: BlockContext): number {
  return height + params.serving.openingBlocks
}

function newCheck(batch: bigint, point: number, offset: bigint): CheckState {
  return {
    batch,
    point,
    offset,
    state: 'drawn',
    deadlineHeight: 0n,
    opening: undefined,
    checkers: [],
    arbiters: [],
    round: 0,
    posted: false,
    postedTx: '',
    openedTx: '',
  }
}
