import { equalBytes } from '../../../lib/bytes.ts'
import type { CheckCommit, MsgCommitChecks } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict, MsgCommitChecksResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { replaceChecker } from '../../checks/check-moves.ts'
import type { BlockContext } from '../../context.ts'
import { writeCheck } from '../../state/work/checks.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import { requireOwner } from '../acting-host.ts'
import { isRefused, judgingHost, waitingCheck } from './check-party.ts'

/** A verifier binds itself to its own scores before the executor hands out its own: copying is of no use then. */
export const commitChecksHandler: MessageHandler<MsgCommitChecks> = {
  validate: validateCommitChecks,
  apply: applyCommitChecks,
}

function validateCommitChecks(context: BlockContext, message: MsgCommitChecks): Rejection | undefined {
  const host = judgingHost(context, message.signer)
  if (isRefused(host)) {
    return host
  }
  for (const commit of message.commits) {
    const wrong = commitViolation(context, host.owner, commit)
    if (wrong !== undefined) {
      return wrong
    }
  }
  return undefined
}

function commitViolation(context: BlockContext, owner: Uint8Array, commit: CheckCommit): Rejection | undefined {
  const at = waitingCheck(context, commit.batch, commit.point, 'opened')
  if (isRefused(at)) {
    return at
  }
  const checker = at.check.checkers.find(({ host }) => equalBytes(host, owner))
  if (checker === undefined) {
    return reject('not_assigned', 'the host is no verifier of this point')
  }
  return checker.commit.length > 0 || checker.verdict !== CheckVerdict.CHECK_VERDICT_UNSPECIFIED
    ? reject('wrong_duty_state', 'the host has committed or reported already')
    : undefined
}

function applyCommitChecks(context: BlockContext, message: MsgCommitChecks): Uint8Array {
  const owner = requireOwner(context, message.signer)
  const commitHeight = BigInt(context.height)
  for (const { batch, point, hash } of message.commits) {
    const at = waitingCheck(context, batch, point, 'opened')
    if (!isRefused(at)) {
      const checkers = replaceChecker(at.check, owner, { commit: hash, commitHeight })
      writeCheck(context.store, { ...at.check, checkers })
      context.emit('check_committed', { batch, point })
    }
  }
  return MsgCommitChecksResponse.encode({}).finish()
}
