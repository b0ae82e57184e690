import type { MsgPostWork } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict, MsgPostWorkResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { moveCheck } from '../../checks/check-moves.ts'
import { dataViolation } from '../../checks/posted-data.ts'
import type { BlockContext } from '../../context.ts'
import { writeCheck } from '../../state/work/checks.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'
import type { CheckAt } from './check-party.ts'
import { isRefused, waitingCheck } from './check-party.ts'

/**
 * The data of one check, for everybody to read. It answers a verifier that nobody gave it to; in a dispute it makes sure that
 * arbiters get it. The state keeps the hash of the transaction alone. Who may sign is checked before (tx/ante.ts).
 */
export const postWorkHandler: MessageHandler<MsgPostWork> = { validate: validatePostWork, apply: applyPostWork }

function validatePostWork(context: BlockContext, message: MsgPostWork): Rejection | undefined {
  const at = checkOf(context, message)
  if (isRefused(at)) {
    return at
  }
  if (at.check.posted || message.data === undefined) {
    return reject('wrong_duty_state', 'the data stands on the chain already')
  }
  const wrong = dataViolation(at.check, message.data)
  return wrong === undefined ? undefined : reject('work_data_invalid', wrong)
}

function applyPostWork(context: BlockContext, message: MsgPostWork): Uint8Array {
  const at = checkOf(context, message)
  if (!isRefused(at)) {
    const { check } = at
    const fields = { posted: true, postedTx: context.txHash }
    if (check.state === 'demanded') {
      const deadline = context.height + context.params.serving.checkBlocks
      moveCheck(context, check, 'opened', deadline, { ...fields, checkers: check.checkers.map(askedAgain) })
    } else {
      writeCheck(context.store, { ...check, ...fields })
    }
    context.emit('work_posted', { batch: check.batch, point: check.point })
  }
  return MsgPostWorkResponse.encode({}).finish()
}

function checkOf(context: BlockContext, { batch, point }: MsgPostWork): CheckAt | Rejection {
  return waitingCheck(context, batch, point, 'demanded', 'disputed', 'committing')
}

type Checker = CheckAt['check']['checkers'][number]

function askedAgain(checker: Checker): Checker {
  return checker.verdict === CheckVerdict.CHECK_VERDICT_UNAVAILABLE
    ? { ...checker, verdict: CheckVerdict.CHECK_VERDICT_UNSPECIFIED, txHash: '' }
    : checker
}
