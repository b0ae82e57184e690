import { maxBigint } from '../../lib/fixed-point.ts'
import type { BatchState } from '../../protocol/gen/tailrace/v1/state.ts'
import { epochHeights } from '../../protocol/params.ts'
import type { BlockContext } from '../context.ts'
import { FLOOR_EVENT } from '../state/work/due.ts'
import { medianValue, readModel } from '../state/work/models.ts'
import { readService } from '../state/work/services.ts'
import { dueKey } from '../state/work/work-keys.ts'

/** utail of the model's median receipt: the unit of points, reputation and fees. */
export function medianOf(context: BlockContext, model: string): bigint {
  const state = readModel(context.store, model)
  return state === undefined ? 1n : medianValue(state)
}

/** Points that the executor still lacks of its floor in the batch's epoch. */
export function missingPoints(context: BlockContext, batch: BatchState): number {
  const service = readService(context.store, batch.executor, batch.model)
  const points = service?.epoch === batch.epoch ? service.epochPoints : BigInt(batch.points)
  return Number(maxBigint(BigInt(context.params.serving.checkFloor) - points, 0n))
}

export function closeHeightOf({ params }: BlockContext, batch: BatchState): number {
  return epochHeights(params, Number(batch.epoch)).closeHeight
}

/** Whether the batch stays open until its epoch closes, for points that are to be drawn then. */
export function waitsForFloor(context: BlockContext, batch: BatchState): boolean {
  return context.store.get(dueKey(closeHeightOf(context, batch), batch.id, FLOOR_EVENT)) !== undefined
}
