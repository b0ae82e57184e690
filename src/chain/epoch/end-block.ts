/**
 * What happens at the end of every block, in this order: the epoch's draws with this block's R, one re-execution, and at
 * their heights the settle and the close. Invariant: the work is bounded by the number of hosts, whatever the transactions.
 * Read next: seed-epoch.ts, sample.ts, settle.ts, close.ts; judgement/reexecute.ts.
 */
import type { EndContext } from '../context.ts'
import { reexecuteOne } from '../judgement/reexecute.ts'
import { epochRanges } from '../state/keys.ts'
import { deleteRange } from '../state/records.ts'
import { closeEpoch } from './close.ts'
import { drawDueOpenings } from './draw-openings.ts'
import { drawExtensions } from './extension.ts'
import { pruneHosts } from './prune-hosts.ts'
import { drawSamples } from './sample.ts'
import { seedEpoch } from './seed-epoch.ts'
import { settleEpoch } from './settle.ts'

export function endBlock(context: EndContext): void {
  const { height, epoch } = context
  if (height === epoch.startHeight) {
    seedEpoch(context)
  }
  if (height === epoch.sampleHeight) {
    drawSamples(context)
  }
  drawDueOpenings(context)
  drawExtensions(context)
  reexecuteOne(context)
  if (height === epoch.settleHeight) {
    settleEpoch(context)
  }
  if (height === epoch.closeHeight) {
    closeEpoch(context)
    pruneHosts(context)
    pruneEpoch(context)
  }
}

/** The epoch before the one that closes: its last stamps and challenges are over. */
function pruneEpoch(context: EndContext): void {
  if (context.epoch.epoch > 0) {
    for (const range of epochRanges(context.epoch.epoch - 1)) {
      deleteRange(context.store, range)
    }
  }
}
