import { equalBytes } from '../../../lib/bytes.ts'
import type { MsgRevealRuling } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgRevealRulingResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { rulingCommitHash } from '../../../protocol/work/check.ts'
import { moveCheck } from '../../checks/check-moves.ts'
import { isConsistentRuling, limitsOf } from '../../checks/verdict.ts'
import type { BlockContext } from '../../context.ts'
import { ownerText } from '../../state/hosts.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { requireOwner } from '../acting-host.ts'
import { isRefused, judgingHost, waitingCheck } from './check-party.ts'

export const revealRulingHandler: MessageHandler<MsgRevealRuling> = {
  validate: validateRevealRuling,
  apply: applyRevealRuling,
}

function validateRevealRuling(context: BlockContext, message: MsgRevealRuling): Rejection | undefined {
  const { batch, point, ruling, salt } = message
  const host = judgingHost(context, message.signer)
  if (isRefused(host)) {
    return host
  }
  const at = waitingCheck(context, batch, point, 'revealing')
  if (isRefused(at)) {
    return at
  }
  const arbiter = at.check.arbiters.find((one) => equalBytes(one.host, host.owner))
  if (arbiter === undefined) {
    return reject('not_assigned', 'the host is no arbiter of this check')
  }
  if (arbiter.commit.length === 0 || arbiter.ruling !== undefined || ruling === undefined) {
    return reject('wrong_duty_state', 'the host did not commit, or has shown its ruling')
  }
  if (!equalBytes(arbiter.commit, rulingCommitHash({ host: host.owner, batch, point, ruling, salt }))) {
    return reject('commit_mismatch', 'another ruling than the one committed to')
  }
  const limits = limitsOf(at.check.opening?.receipt?.receipt?.numericClass ?? '')
  return limits === undefined || !isConsistentRuling(ruling, limits)
    ? reject('report_inconsistent', 'valid with a margin above the hard limit')
    : undefined
}

function applyRevealRuling(context: BlockContext, message: MsgRevealRuling): Uint8Array {
  const { batch, point, ruling } = message
  const owner = requireOwner(context, message.signer)
  const at = waitingCheck(context, batch, point, 'revealing')
  if (!isRefused(at) && ruling !== undefined) {
    const arbiters = at.check.arbiters.map((one) => (equalBytes(one.host, owner) ? { ...one, ruling } : one))
    // Who did not commit has nothing to show: the others are not kept waiting.
    const isComplete = arbiters.every((one) => one.commit.length === 0 || one.ruling !== undefined)
    const deadline = isComplete ? context.height : Number(at.check.deadlineHeight)
    moveCheck(context, at.check, 'revealing', deadline, { arbiters })
    context.emit('ruling', { batch, point, host: ownerText(owner), valid: String(ruling.valid) })
  }
  return MsgRevealRulingResponse.encode({}).finish()
}
