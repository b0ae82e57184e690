import { sumBigint } from '../../lib/fixed-point.ts'
import type { BatchState } from '../../protocol/gen/tailrace/v1/state.ts'
import { drawPoints } from '../../protocol/work/batch.ts'
import type { EndContext } from '../context.ts'
import { listOpenBatches, readBatch } from '../state/work/batches.ts'
import { FLOOR_EVENT, removeEvent } from '../state/work/due.ts'
import { closeHeightOf, missingPoints, waitsForFloor } from './batch-terms.ts'
import { closeWhereDone } from './close-batch.ts'
import { appendPoints } from './draw-checks.ts'

/** Tells the points of the close from those of the batch (protocol/work/batch.ts: drawPoints). */
const FLOOR_SALT = 1

/**
 * The epoch of a batch closes: the points that its host lacks of the floor are drawn over all its batches of this model and epoch
 * that are open, by their sums, so that nothing of a little work escapes. Such a host has fewer open batches than points in the
 * floor, since each has a point at least. Returns how many were drawn.
 */
export function drawFloorPoints(context: EndContext, id: bigint): number {
  const { store, randomness } = context
  const batch = readBatch(store, id)
  if (batch === undefined) {
    return 0
  }
  const mates = matesOf(context, batch)
  const missing = mates.some((mate) => mate.id === id) ? missingPoints(context, batch) : 0
  if (missing > 0) {
    const total = sumBigint(mates.map(({ sum }) => sum))
    const points = drawPoints(randomness, id, FLOOR_SALT, total, missing)
    for (const [mate, offsets] of spread(mates, points)) {
      appendPoints(context, mate, offsets)
    }
  }
  closeWhereDone(context, id)
  return missing
}

/** After a batch's points were drawn: where they reach the floor, earlier batches need not wait for the close. */
export function liftFloor(context: EndContext, id: bigint): void {
  const batch = readBatch(context.store, id)
  if (batch === undefined || missingPoints(context, batch) > 0) {
    return
  }
  for (const mate of matesOf(context, batch).filter((one) => waitsForFloor(context, one))) {
    removeEvent(context.store, { height: closeHeightOf(context, mate), batch: mate.id, point: FLOOR_EVENT })
    closeWhereDone(context, mate.id)
  }
}

/** Open batches of the same host, model and epoch, this one among them while it is open. */
function matesOf(context: EndContext, batch: BatchState): BatchState[] {
  return listOpenBatches(context.store, batch.executor).filter(
    ({ model, epoch }) => model === batch.model && epoch === batch.epoch,
  )
}

/** Units of the batches laid end to end, as units of each. */
function spread(batches: readonly BatchState[], points: readonly bigint[]): (readonly [BatchState, bigint[]])[] {
  let start = 0n
  const shares = batches.map((batch) => {
    const from = start
    start += batch.sum
    const own = points.filter((point) => point >= from && point < from + batch.sum).map((point) => point - from)
    return [batch, own] as const
  })
  return shares.filter(([, own]) => own.length > 0)
}
