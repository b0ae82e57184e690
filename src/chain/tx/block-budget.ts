import { toHex } from '../../lib/bytes.ts'
import type { TypeUrl } from '../../protocol/messages.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

/** What free transactions may do in one block: so many messages of a kind per host, and so many stamps in all. */
export interface BlockBudget {
  /** Undefined where the host may send these messages in this block. Counts nothing. */
  violation(owner: Uint8Array, kinds: readonly TypeUrl[]): Rejection | undefined
  /** Counts messages of a transaction that passed every other check. */
  spend(owner: Uint8Array, kinds: readonly TypeUrl[]): void
  /** Takes one stamp check; false where none is left. */
  takeStamp(): boolean
}

/** Stamps recomputed in one block: 8 `std` attempts are 4 GMAC. */
export const STAMPS_PER_BLOCK = 8

/** Messages of one host in one block. */
const MESSAGES_PER_HOST: Partial<Record<TypeUrl, number>> = {
  '/tailrace.v1.MsgRegisterHost': 1,
  '/tailrace.v1.MsgSetActive': 2,
  '/tailrace.v1.MsgCommitFinds': 4,
  '/tailrace.v1.MsgSubmitVerification': 2,
  '/tailrace.v1.MsgOpenVerification': 2,
  '/tailrace.v1.MsgChallengeFind': 1,
  '/tailrace.v1.MsgChallengeOpening': 1,
}

export function createBlockBudget(stamps: number = STAMPS_PER_BLOCK): BlockBudget {
  const spent = new Map<string, number>()
  let stampsLeft = stamps
  return {
    violation(owner, kinds) {
      const asked = new Map<TypeUrl, number>()
      for (const kind of kinds) {
        asked.set(kind, (asked.get(kind) ?? 0) + 1)
      }
      for (const [kind, count] of asked) {
        const limit = MESSAGES_PER_HOST[kind]
        if (limit !== undefined && count + (spent.get(slot(owner, kind)) ?? 0) > limit) {
          return reject('rate_limited', `at most ${limit} of ${kind} by one host in a block`)
        }
      }
      return undefined
    },
    spend(owner, kinds) {
      for (const kind of kinds) {
        spent.set(slot(owner, kind), (spent.get(slot(owner, kind)) ?? 0) + 1)
      }
    },
    takeStamp() {
      stampsLeft -= 1
      return stampsLeft >= 0
    },
  }
}

function slot(owner: Uint8Array, kind: TypeUrl): string {
  return `${toHex(owner)}${kind}`
}
