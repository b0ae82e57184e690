import { errorCode, errorMessage } from '../lib/coded-error.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import type { HostContext } from './context.ts'
import type { TxOutcome } from './ports.ts'

/** `unknown`: the connection failed; the transaction may or may not have been executed, the chain's state tells. */
export type SubmitResult =
  | { readonly status: 'executed'; readonly outcome: TxOutcome }
  | { readonly status: 'refused'; readonly outcome: TxOutcome }
  | { readonly status: 'unknown'; readonly error: string }

/**
 * Numbers of codespace `tailrace` (the chain's tx-codes) on which a host acts; a conformance test compares them.
 * Later, the same message may be taken; already there, somebody else has said it.
 */
export const TRY_LATER_CODES = {
  rate_limited: 6,
  challenge_open: 23,
  queue_full: 24,
  work_budget: 30,
  too_early: 46,
} as const
export const ALREADY_THERE_CODES = { already_judged: 22 } as const

/** Submits one message; failures are values and leave a notice. Throws only when the signal aborted. */
export function submitMessage(
  context: HostContext,
  message: TypedMessage,
  key: 'owner' | 'device',
  signal: AbortSignal,
): Promise<SubmitResult> {
  return submitMessages(context, [message], key, signal)
}

/** Several of one kind in one transaction: all are executed or none. */
export async function submitMessages(
  context: HostContext,
  messages: readonly TypedMessage[],
  key: 'owner' | 'device',
  signal: AbortSignal,
): Promise<SubmitResult> {
  const typeUrl = messages[0]?.typeUrl ?? ''
  const action = typeUrl.slice(typeUrl.lastIndexOf('.') + 1)
  try {
    const outcome = await context.chain.submit(messages, key, signal)
    if (outcome.code === 0) {
      return { status: 'executed', outcome }
    }
    const result: SubmitResult = { status: 'refused', outcome }
    const level = refusalOf(result) === 'final' ? 'warning' : 'info'
    context.view.notice(level, 'tx_failed', { action, code: outcome.code, log: outcome.log })
    return result
  } catch (error) {
    signal.throwIfAborted()
    context.view.notice('warning', 'tx_failed', { action, code: errorCode(error), log: errorMessage(error) })
    return { status: 'unknown', error: errorCode(error) }
  }
}

/** What a refusal asks for; undefined where nothing was refused. */
export function refusalOf(result: SubmitResult): 'try_later' | 'already_there' | 'final' | undefined {
  if (result.status !== 'refused') {
    return undefined
  }
  const { code, codespace } = result.outcome
  if (codespace !== 'tailrace') {
    return 'final'
  }
  if (Object.values<number>(TRY_LATER_CODES).includes(code)) {
    return 'try_later'
  }
  return Object.values<number>(ALREADY_THERE_CODES).includes(code) ? 'already_there' : 'final'
}
