/**
 * What a person confirmed, as the signer knows it. Invariant: one confirmation signs one document: the first that fits it in every
 * field is bound to it with its sequence, so that it can be executed once at most however often a signature is asked for.
 */
import { equalBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { encodeMessage } from '../../protocol/messages.ts'
import type { SignDocument } from '../../protocol/tx.ts'

/** A transaction as it was shown: one message, its fee in utail, its memo. */
export interface Approval {
  readonly chainId: string
  readonly message: TypedMessage
  readonly fee: bigint
  readonly memo: string
}

export interface Approvals {
  /** Good for two minutes and one document. @returns its number. @throws CodedError `busy` where too many stand open */
  approve(approval: Approval): number
  withdraw(id: number): void
  /** Whether exactly this was confirmed; binds the confirmation to these bytes. */
  take(document: Uint8Array, content: SignDocument): boolean
}

const LIFE_MS = 120_000
const MOST_OPEN = 8

interface Open extends Approval {
  readonly id: number
  readonly untilMs: number
  document: Uint8Array | undefined
}

export function createApprovals(clock: Clock): Approvals {
  let open: readonly Open[] = []
  let lastId = 0
  const alive = (): readonly Open[] => open.filter(({ untilMs }) => clock.nowMs() < untilMs)
  return {
    approve(approval) {
      open = alive()
      if (open.length >= MOST_OPEN) {
        throw new CodedError('busy', 'too many confirmations wait to be signed')
      }
      lastId += 1
      open = [...open, { ...approval, id: lastId, untilMs: clock.nowMs() + LIFE_MS, document: undefined }]
      return lastId
    },
    withdraw(id) {
      open = open.filter((entry) => entry.id !== id)
    },
    take(document, content) {
      const found = alive().find((entry) =>
        entry.document === undefined ? isSame(entry, content) : equalBytes(entry.document, document),
      )
      if (found === undefined) {
        return false
      }
      found.document = document.slice()
      return true
    },
  }
}

function isSame(approval: Approval, content: SignDocument): boolean {
  const [message, ...more] = content.messages
  return (
    message !== undefined &&
    more.length === 0 &&
    approval.chainId === content.chainId &&
    approval.memo === content.memo &&
    approval.fee === content.feeAmount &&
    approval.message.typeUrl === message.typeUrl &&
    equalBytes(encodeMessage(approval.message), encodeMessage(message))
  )
}
