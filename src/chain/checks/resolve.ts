/**
 * The state machine of one check, moved by its deadlines at the end of a block:
 * drawn → opened → passed | disputed → committing → revealing → passed | failed | void, and on the way demanded (data is to be
 * posted), withheld (it was not, or the leaf not opened) and unchecked (nobody looked, twice). Transactions fill in what is
 * known and may bring a deadline forward; they decide nothing but what is `late`. Read next: verdict.ts, due-events.ts.
 */

import type { BatchState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import { RANDOMNESS_DELAY } from '../../protocol/params.ts'
import type { EndContext } from '../context.ts'
import { ownerText } from '../state/hosts.ts'
import { listOpenBatches, readBatch } from '../state/work/batches.ts'
import type { CheckStateName } from '../state/work/checks.ts'
import { readCheck } from '../state/work/checks.ts'
import { readService, updateService } from '../state/work/services.ts'
import { moveCheck } from './check-moves.ts'
import { closeCheck } from './close-batch.ts'
import { panelOf, pickArbiters, pickCheckers } from './panel.ts'
import { withholdBatch } from './refund.ts'
import { ruleCheck } from './rule.ts'
import { isSuspicious, nextSuspicion } from './suspicion.ts'
import { hasComputed, tallyReports } from './verdict.ts'

/** Rounds of verifiers of one point. */
const LAST_ROUND = 1

/** The deadline of a check has come. Returns how many other batches were moved with it. */
export function resolveCheck(context: EndContext, id: bigint, point: number, height: number): number {
  const check = readCheck(context.store, id, point)
  const batch = readBatch(context.store, id)
  if (check === undefined || batch === undefined || check.deadlineHeight !== BigInt(height)) {
    return 0
  }
  switch (check.state as CheckStateName) {
    case 'drawn':
    case 'demanded':
      withhold(context, batch, check)
      return 0
    case 'opened':
      resolveReports(context, batch, check)
      return 0
    case 'disputed':
      callArbiters(context, batch, check)
      return 0
    case 'committing':
      resolveCommits(context, check)
      return 0
    case 'revealing': {
      const settled = listOpenBatches(context.store, batch.executor).length
      ruleCheck(context, batch, check)
      return settled
    }
    default:
      return 0
  }
}

function withhold(context: EndContext, batch: BatchState, check: CheckState): void {
  moveCheck(context, check, 'withheld', context.height)
  context.emit('check_closed', { batch: batch.id, point: check.point, state: 'withheld' })
  withholdBatch(context, batch)
}

function resolveReports(context: EndContext, batch: BatchState, check: CheckState): void {
  const tally = tallyReports(check.checkers)
  if (tally === 'objected') {
    dispute(context, check)
  } else if (tally === 'approved') {
    resolveApproval(context, batch, check)
  } else if (check.round < LAST_ROUND && askOthers(context, batch, check)) {
    return
  } else {
    closeCheck(context, check, tally === 'unavailable' ? 'void' : 'unchecked')
  }
}

/** Margins that are small one by one may be too many in all: then the arbiters look, and the count begins anew. */
function resolveApproval(context: EndContext, batch: BatchState, check: CheckState): void {
  const { executor, model } = batch
  const service = readService(context.store, executor, model)
  const softMargins = check.checkers
    .filter(hasComputed)
    .reduce((most, report) => (report.softMargins > most ? report.softMargins : most), 0)
  const tokens = check.opening?.leaf?.outputTokens ?? 0
  const suspicion = nextSuspicion(service?.suspicion ?? 0n, softMargins, tokens)
  const isCalled = isSuspicious(suspicion)
  updateService(context.store, executor, model, { suspicion: isCalled ? 0n : suspicion })
  if (isCalled) {
    dispute(context, check)
  } else {
    closeCheck(context, check, 'passed')
  }
}

/** Another round with verifiers who were not asked yet; false where there are none. */
function askOthers(context: EndContext, batch: BatchState, check: CheckState): boolean {
  const asked = check.checkers.map(({ host }) => host)
  const checkers = pickCheckers(context, panelOf(context, batch), check.point, asked)
  if (checkers.length === 0) {
    return false
  }
  const deadline = context.height + context.params.serving.checkBlocks
  moveCheck(context, check, 'opened', deadline, { checkers, round: check.round + 1 })
  context.emit('check_drawn', {
    batch: batch.id,
    point: check.point,
    executor: ownerText(batch.executor),
    verifiers: checkers.map(({ host }) => ownerText(host)).join(),
  })
  return true
}

function dispute(context: EndContext, check: CheckState): void {
  moveCheck(context, check, 'disputed', context.height + RANDOMNESS_DELAY)
  context.emit('check_disputed', { batch: check.batch, point: check.point })
}

/** Arbiters are drawn with the R of two blocks after the dispute: no party could wait for friendly ones. */
function callArbiters(context: EndContext, batch: BatchState, check: CheckState): void {
  const parties = check.checkers.filter(hasComputed).map(({ host }) => host)
  const drawn = pickArbiters(context, panelOf(context, batch), check.point, parties)
  if (drawn.length === 0) {
    closeCheck(context, check, 'void')
    return
  }
  const arbiters = drawn.map((host) => ({ host, commit: new Uint8Array(0), ruling: undefined }))
  const deadline = context.height + context.params.serving.commitBlocks
  moveCheck(context, check, 'committing', deadline, { arbiters })
  context.emit('arbiters_drawn', {
    batch: batch.id,
    point: check.point,
    arbiters: drawn.map(ownerText).join(),
  })
}

function resolveCommits(context: EndContext, check: CheckState): void {
  if (check.arbiters.every(({ commit }) => commit.length === 0)) {
    closeCheck(context, check, 'void')
    return
  }
  moveCheck(context, check, 'revealing', context.height + context.params.serving.revealBlocks)
}
