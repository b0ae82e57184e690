import type { BatchState, CheckerState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import { CheckVerdict } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { Ruling } from '../../protocol/gen/tailrace/v1/work.ts'
import type { BlockContext } from '../context.ts'
import { convict } from '../judgement/conviction.ts'
import { readService, updateService } from '../state/work/services.ts'
import { moveCheck } from './check-moves.ts'
import { closeCheck } from './close-batch.ts'
import { contradicted, decideRuling, limitsOf } from './verdict.ts'

/**
 * What the arbiters' rulings come to. No decision: the receipt goes back, nobody is convicted. Else the executor of a false
 * receipt, and verifiers whose reports the ruling contradicts clearly: each report stands in a transaction that they signed.
 */
export function ruleCheck(context: BlockContext, batch: BatchState, check: CheckState): void {
  const ruling = decideRuling(check.arbiters)
  if (ruling === undefined) {
    closeCheck(context, check, 'void')
    return
  }
  const objector = check.checkers.find(({ verdict }) => verdict === CheckVerdict.CHECK_VERDICT_FAIL)
  convictReporters(context, check, ruling, ruling.valid ? batch.executor : objector?.host)
  if (ruling.valid) {
    closeCheck(context, check, 'passed')
    return
  }
  failCheck(context, batch, check, objector)
}

function convictReporters(
  context: BlockContext,
  check: CheckState,
  ruling: Ruling,
  finder: Uint8Array | undefined,
): void {
  const limits = limitsOf(check.opening?.receipt?.receipt?.numericClass ?? '')
  if (limits === undefined) {
    return
  }
  for (const { host, txHash } of contradicted(check.checkers, ruling, limits)) {
    convict(context, { host, code: 'false_report', faultEpoch: context.epoch.epoch, evidenceTx: txHash, finder })
  }
}

/** The evidence is the report of the verifier who objected first, else of the one whose numbers called the arbiters. */
function failCheck(
  context: BlockContext,
  batch: BatchState,
  check: CheckState,
  objector: CheckerState | undefined,
): void {
  const { executor, model } = batch
  moveCheck(context, check, 'failed', context.height)
  context.emit('check_closed', { batch: batch.id, point: check.point, state: 'failed' })
  const service = readService(context.store, executor, model)
  if (service !== undefined) {
    updateService(context.store, executor, model, { checksFailed: service.checksFailed + 1n })
  }
  const evidenceTx = objector?.txHash ?? check.checkers.find(({ txHash }) => txHash !== '')?.txHash ?? check.openedTx
  convict(context, {
    host: executor,
    code: 'false_inference',
    faultEpoch: context.epoch.epoch,
    evidenceTx,
    finder: objector?.host,
    batch: batch.id,
  })
}
