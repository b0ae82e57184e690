import { equalBytes } from '../../../lib/bytes.ts'
import type { CheckerState, CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { CheckReport, MsgReportChecks } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict, MsgReportChecksResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { checkCommitHash } from '../../../protocol/work/check.ts'
import { moveCheck, replaceChecker } from '../../checks/check-moves.ts'
import { isPostable } from '../../checks/posted-data.ts'
import { hasEveryReport, isConsistentReport, limitsOf } from '../../checks/verdict.ts'
import type { BlockContext } from '../../context.ts'
import { ownerText } from '../../state/hosts.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { requireOwner } from '../acting-host.ts'
import { isRefused, judgingHost, waitingCheck } from './check-party.ts'

export const reportChecksHandler: MessageHandler<MsgReportChecks> = {
  validate: validateReportChecks,
  apply: applyReportChecks,
}

function validateReportChecks(context: BlockContext, message: MsgReportChecks): Rejection | undefined {
  const host = judgingHost(context, message.signer)
  if (isRefused(host)) {
    return host
  }
  for (const report of message.reports) {
    const wrong = reportViolation(context, host.owner, report)
    if (wrong !== undefined) {
      return wrong
    }
  }
  return undefined
}

function reportViolation(context: BlockContext, owner: Uint8Array, report: CheckReport): Rejection | undefined {
  const at = waitingCheck(context, report.batch, report.point, 'opened')
  if (isRefused(at)) {
    return at
  }
  const checker = at.check.checkers.find(({ host }) => equalBytes(host, owner))
  if (checker === undefined) {
    return reject('not_assigned', 'the host is no verifier of this point')
  }
  if (checker.verdict !== CheckVerdict.CHECK_VERDICT_UNSPECIFIED) {
    return reject('wrong_duty_state', 'the host has reported already')
  }
  if (report.verdict === CheckVerdict.CHECK_VERDICT_UNAVAILABLE) {
    return at.check.posted ? reject('wrong_duty_state', 'the data stands on the chain') : undefined
  }
  const limits = limitsOf(at.check.opening?.receipt?.receipt?.numericClass ?? '')
  if (limits === undefined || !isConsistentReport(report.verdict, report.maxMargin, limits)) {
    return reject('report_inconsistent', 'a pass with a margin above the hard limit')
  }
  return boundViolation(context, checker, report)
}

/** The scores are those that the verifier committed to, in a block before this one. */
function boundViolation(context: BlockContext, checker: CheckerState, report: CheckReport): Rejection | undefined {
  const { batch, point, scoresHash } = report
  if (checker.commit.length === 0 || checker.commitHeight >= BigInt(context.height)) {
    return reject('wrong_duty_state', 'a report needs a commit in an earlier block')
  }
  return equalBytes(checker.commit, checkCommitHash({ host: checker.host, batch, point, scoresHash }))
    ? undefined
    : reject('commit_mismatch', 'other scores than those committed to')
}

function applyReportChecks(context: BlockContext, message: MsgReportChecks): Uint8Array {
  const owner = requireOwner(context, message.signer)
  for (const report of message.reports) {
    const at = waitingCheck(context, report.batch, report.point, 'opened')
    if (!isRefused(at)) {
      applyReport(context, owner, at.check, report)
    }
  }
  return MsgReportChecksResponse.encode({}).finish()
}

function applyReport(context: BlockContext, owner: Uint8Array, check: CheckState, report: CheckReport): void {
  const { height, params, txHash } = context
  const { verdict, maxMargin, softMargins, scoresHash } = report
  const checkers = replaceChecker(check, owner, { verdict, maxMargin, softMargins, scoresHash, txHash })
  context.emit('check_reported', {
    batch: check.batch,
    point: check.point,
    host: ownerText(owner),
    verdict: VERDICT_WORDS[verdict] ?? '',
  })
  const isMissing = verdict === CheckVerdict.CHECK_VERDICT_UNAVAILABLE && isPostable(check)
  if (isMissing) {
    moveCheck(context, check, 'demanded', height + params.serving.postBlocks, { checkers })
    return
  }
  // The last report brings the deadline forward: the end of this block decides.
  const deadline = hasEveryReport(checkers) ? height : Number(check.deadlineHeight)
  moveCheck(context, check, 'opened', deadline, { checkers })
}

const VERDICT_WORDS: Readonly<Record<number, string>> = {
  [CheckVerdict.CHECK_VERDICT_PASS]: 'pass',
  [CheckVerdict.CHECK_VERDICT_FAIL]: 'fail',
  [CheckVerdict.CHECK_VERDICT_UNAVAILABLE]: 'unavailable',
}
