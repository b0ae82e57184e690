import type { EndContext } from '../context.ts'
import type { DueEvent } from '../state/work/due.ts'
import { CUSTODIAN_EVENT, dueEvents, FLOOR_EVENT, POINTS_EVENT, PRUNE_EVENT, removeEvent } from '../state/work/due.ts'
import { pruneBatch } from './close-batch.ts'
import { drawBatchCustodian, drawBatchPoints } from './draw-checks.ts'
import { drawFloorPoints, liftFloor } from './floor.ts'
import { resolveCheck } from './resolve.ts'

/** A drawn point and a batch that falls with another count as events of their own; the last one of a block may go beyond. */
export const EVENTS_PER_BLOCK = 64

/**
 * End of every block: what is due of batches and checks, in order of height, batch and point. Invariant: the work is bounded
 * whatever the transactions; what finds no room waits for the next block, and only extends a deadline.
 */
export function runDueEvents(context: EndContext): void {
  let room = EVENTS_PER_BLOCK
  while (room > 0) {
    const [event] = dueEvents(context.store, context.height, 1)
    if (event === undefined) {
      return
    }
    removeEvent(context.store, event)
    room -= 1 + runEvent(context, event)
  }
}

/** Returns what it did beside the event itself. */
function runEvent(context: EndContext, { height, batch, point }: DueEvent): number {
  switch (point) {
    case CUSTODIAN_EVENT:
      drawBatchCustodian(context, batch)
      return 0
    case POINTS_EVENT:
      return drawAndLift(context, batch)
    case FLOOR_EVENT:
      return drawFloorPoints(context, batch)
    case PRUNE_EVENT:
      pruneBatch(context, batch)
      return 0
    default:
      return resolveCheck(context, batch, point, height)
  }
}

function drawAndLift(context: EndContext, batch: bigint): number {
  const drawn = drawBatchPoints(context, batch)
  liftFloor(context, batch)
  return drawn
}
