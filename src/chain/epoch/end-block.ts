/**
 * What happens at the end of every block, in this order: the epoch's draws with this block's R, one re-execution, what is due
 * of batches and their checks, and at their heights the settle and the close; then what is paid back, prices and rosters.
 * Invariant: the work is bounded by the number of hosts, whatever the transactions.
 * Read next: seed-epoch.ts, sample.ts, settle.ts, close.ts; judgement/reexecute.ts; checks/due-events.ts.
 */
import { runDueEvents } from '../checks/due-events.ts'
import { ageReputations } from '../checks/idle.ts'
import { settlePower } from '../consensus/settle-power.ts'
import type { EndContext } from '../context.ts'
import { reexecuteOne } from '../judgement/reexecute.ts'
import { epochRanges } from '../state/keys.ts'
import { deleteRange } from '../state/records.ts'
import { releaseEscrows } from '../work/escrow-release.ts'
import { updatePrices } from '../work/prices.ts'
import { writeRosters } from '../work/rosters.ts'
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
  runDueEvents(context)
  if (height === epoch.settleHeight) {
    settleEpoch(context)
    settlePower(context)
  }
  if (height === epoch.closeHeight) {
    closeEpoch(context)
    ageReputations(context)
    pruneHosts(context)
    pruneEpoch(context)
  }
  releaseEscrows(context)
  updatePrices(context)
  writeRosters(context)
}

/** The epoch before the one that closes: its last stamps and challenges are over. */
function pruneEpoch(context: EndContext): void {
  if (context.epoch.epoch > 0) {
    for (const range of epochRanges(context.epoch.epoch - 1)) {
      deleteRange(context.store, range)
    }
  }
}
