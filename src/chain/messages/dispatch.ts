import type { TypedMessage } from '../../protocol/messages.ts'
import type { BlockContext } from '../context.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { challengeFindHandler } from './challenge-find.ts'
import { challengeOpeningHandler } from './challenge-opening.ts'
import { commitFindsHandler } from './commit-finds.ts'
import { nameValidatorHandler } from './consensus/name-validator.ts'
import { registerValidatorHandler } from './consensus/register-validator.ts'
import { validatorHeartbeatHandler } from './consensus/validator-heartbeat.ts'
import { voteUpgradeHandler } from './consensus/vote-upgrade.ts'
import { openVerificationHandler } from './open-verification.ts'
import { registerHostHandler } from './register-host.ts'
import { sendHandler } from './send.ts'
import { setActiveHandler } from './set-active.ts'
import { setPayoutHandler } from './set-payout.ts'
import { submitVerificationHandler } from './submit-verification.ts'
import { commitChecksHandler } from './work/commit-checks.ts'
import { commitRulingHandler } from './work/commit-ruling.ts'
import { depositEscrowHandler } from './work/deposit-escrow.ts'
import { openReceiptsHandler } from './work/open-receipts.ts'
import { postWorkHandler } from './work/post-work.ts'
import { proveOvercommitHandler } from './work/prove-overcommit.ts'
import { reportChecksHandler } from './work/report-checks.ts'
import { revealRulingHandler } from './work/reveal-ruling.ts'
import { serveModelsHandler } from './work/serve-models.ts'
import { submitBatchHandler } from './work/submit-batch.ts'
import { withdrawEscrowHandler } from './work/withdraw-escrow.ts'

type Handlers = {
  readonly [Message in TypedMessage as Message['typeUrl']]: MessageHandler<Message['value']>
}

const HANDLERS: Handlers = {
  '/cosmos.bank.v1beta1.MsgSend': sendHandler,
  '/tailrace.v1.MsgRegisterHost': registerHostHandler,
  '/tailrace.v1.MsgSetActive': setActiveHandler,
  '/tailrace.v1.MsgSetPayout': setPayoutHandler,
  '/tailrace.v1.MsgCommitFinds': commitFindsHandler,
  '/tailrace.v1.MsgSubmitVerification': submitVerificationHandler,
  '/tailrace.v1.MsgOpenVerification': openVerificationHandler,
  '/tailrace.v1.MsgChallengeFind': challengeFindHandler,
  '/tailrace.v1.MsgChallengeOpening': challengeOpeningHandler,
  '/tailrace.v1.MsgDepositEscrow': depositEscrowHandler,
  '/tailrace.v1.MsgWithdrawEscrow': withdrawEscrowHandler,
  '/tailrace.v1.MsgServeModels': serveModelsHandler,
  '/tailrace.v1.MsgSubmitBatch': submitBatchHandler,
  '/tailrace.v1.MsgOpenReceipts': openReceiptsHandler,
  '/tailrace.v1.MsgCommitChecks': commitChecksHandler,
  '/tailrace.v1.MsgReportChecks': reportChecksHandler,
  '/tailrace.v1.MsgPostWork': postWorkHandler,
  '/tailrace.v1.MsgCommitRuling': commitRulingHandler,
  '/tailrace.v1.MsgRevealRuling': revealRulingHandler,
  '/tailrace.v1.MsgProveOvercommit': proveOvercommitHandler,
  '/tailrace.v1.MsgRegisterValidator': registerValidatorHandler,
  '/tailrace.v1.MsgNameValidator': nameValidatorHandler,
  '/tailrace.v1.MsgValidatorHeartbeat': validatorHeartbeatHandler,
  '/tailrace.v1.MsgVoteUpgrade': voteUpgradeHandler,
}

/** Validates and applies one message: its encoded response, or why it is refused (then nothing was changed). */
export function executeMessage(context: BlockContext, message: TypedMessage): Uint8Array | Rejection {
  const handler = HANDLERS[message.typeUrl] as MessageHandler<unknown>
  return handler.validate(context, message.value) ?? handler.apply(context, message.value)
}
