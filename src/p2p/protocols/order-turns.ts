import { CodedError } from '../../lib/coded-error.ts'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import type { OrderFrameBody } from '../../protocol/work/streams.ts'

/** Which frames may come when, for one side of an order stream. */
export interface OrderTurns {
  /** Before a frame is handed over. @throws CodedError `malformed_frame` where it may not come now. */
  received(frame: OrderFrameBody): void
  /** After a frame was sent. */
  sent(frame: OrderFrameBody): void
  /** Whether the other side has to say something soon. */
  mustHear(): boolean
}

const LAST_OF_EXECUTOR: readonly OrderFrameBody['$case'][] = ['refusal', 'failed', 'receipt']

/** The executor hears: the order; at any time one cancel; after its receipt one voucher. */
export function executorTurns(): OrderTurns {
  let hasOrder = false
  let isCancelled = false
  let isDone = false
  let last: OrderFrameBody['$case'] | undefined
  return {
    received({ $case }) {
      const isFine =
        $case === 'open'
          ? !hasOrder
          : $case === 'cancel'
            ? hasOrder && !isCancelled && !isDone
            : $case === 'voucher' && last === 'receipt' && !isDone
      if (!isFine) {
        throw unexpected($case)
      }
      hasOrder = true
      isCancelled = isCancelled || $case === 'cancel'
      isDone = $case === 'voucher'
    },
    sent({ $case }) {
      last = LAST_OF_EXECUTOR.includes($case) ? $case : last
    },
    // Between order and receipt a gateway has nothing to say; one that vanished is seen by its connection.
    mustHear: () => !hasOrder || last !== undefined,
  }
}

/** The gateway hears: a yes or a no; tokens; a receipt or a failure. In between at any time that the executor is alive. */
export function gatewayTurns(): OrderTurns {
  let isAccepted = false
  let isDone = false
  let tokens = 0
  return {
    received(frame) {
      if (isDone || !isExpected(frame.$case, isAccepted)) {
        throw unexpected(frame.$case)
      }
      isAccepted = isAccepted || frame.$case === 'accepted'
      isDone = LAST_OF_EXECUTOR.includes(frame.$case)
      tokens += frame.$case === 'tokens' ? frame.value.tokens.length : 0
      if (tokens > WORK_LIMITS.outputTokens) {
        throw new CodedError('malformed_frame', 'more tokens than any order asks for', {
          fields: { reason: 'too many tokens' },
        })
      }
    },
    sent: () => undefined,
    mustHear: () => true,
  }
}

function isExpected(kind: OrderFrameBody['$case'], isAccepted: boolean): boolean {
  switch (kind) {
    case 'heartbeat':
    case 'failed':
      return true
    case 'accepted':
    case 'refusal':
      return !isAccepted
    case 'tokens':
    case 'receipt':
      return isAccepted
    case 'open':
    case 'cancel':
    case 'voucher':
      return false
  }
}

function unexpected(kind: string): CodedError {
  return new CodedError('malformed_frame', `unexpected frame: ${kind}`, { fields: { reason: `unexpected ${kind}` } })
}
