import type { TypedMessage } from '../../protocol/messages.ts'
import type { BlockContext } from '../context.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { challengeFindHandler } from './challenge-find.ts'
import { challengeOpeningHandler } from './challenge-opening.ts'
import { commitFindsHandler } from './commit-finds.ts'
import { openVerificationHandler } from './open-verification.ts'
import { registerHostHandler } from './register-host.ts'
import { sendHandler } from './send.ts'
import { setActiveHandler } from './set-active.ts'
import { submitVerificationHandler } from './submit-verification.ts'

type Handlers = {
  readonly [Message in TypedMessage as Message['typeUrl']]: MessageHandler<Message['value']>
}

const HANDLERS: Handlers = {
  '/cosmos.bank.v1beta1.MsgSend': sendHandler,
  '/tailrace.v1.MsgRegisterHost': registerHostHandler,
  '/tailrace.v1.MsgSetActive': setActiveHandler,
  '/tailrace.v1.MsgCommitFinds': commitFindsHandler,
  '/tailrace.v1.MsgSubmitVerification': submitVerificationHandler,
  '/tailrace.v1.MsgOpenVerification': openVerificationHandler,
  '/tailrace.v1.MsgChallengeFind': challengeFindHandler,
  '/tailrace.v1.MsgChallengeOpening': challengeOpeningHandler,
}

/** Validates and applies one message: its encoded response, or why it is refused (then nothing was changed). */
export function executeMessage(context: BlockContext, message: TypedMessage): Uint8Array | Rejection {
  const handler = HANDLERS[message.typeUrl] as MessageHandler<unknown>
  return handler.validate(context, message.value) ?? handler.apply(context, message.value)
}
