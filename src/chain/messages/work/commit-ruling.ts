import { equalBytes } from '../../../lib/bytes.ts'
import type { MsgCommitRuling } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgCommitRulingResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { moveCheck } from '../../checks/check-moves.ts'
import type { BlockContext } from '../../context.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { requireOwner } from '../acting-host.ts'
import { isRefused, judgingHost, waitingCheck } from './check-party.ts'

/** An arbiter binds itself before it can see what the others found. */
export const commitRulingHandler: MessageHandler<MsgCommitRuling> = {
  validate: validateCommitRuling,
  apply: applyCommitRuling,
}

function validateCommitRuling(context: BlockContext, message: MsgCommitRuling): Rejection | undefined {
  const host = judgingHost(context, message.signer)
  if (isRefused(host)) {
    return host
  }
  const at = waitingCheck(context, message.batch, message.point, 'committing')
  if (isRefused(at)) {
    return at
  }
  const arbiter = at.check.arbiters.find((one) => equalBytes(one.host, host.owner))
  if (arbiter === undefined) {
    return reject('not_assigned', 'the host is no arbiter of this check')
  }
  return arbiter.commit.length > 0 ? reject('wrong_duty_state', 'the host has committed already') : undefined
}

function applyCommitRuling(context: BlockContext, message: MsgCommitRuling): Uint8Array {
  const { batch, point, hash } = message
  const owner = requireOwner(context, message.signer)
  const at = waitingCheck(context, batch, point, 'committing')
  if (!isRefused(at)) {
    const arbiters = at.check.arbiters.map((one) => (equalBytes(one.host, owner) ? { ...one, commit: hash } : one))
    const isComplete = arbiters.every(({ commit }) => commit.length > 0)
    const deadline = isComplete ? context.height : Number(at.check.deadlineHeight)
    moveCheck(context, at.check, 'committing', deadline, { arbiters })
  }
  return MsgCommitRulingResponse.encode({}).finish()
}
