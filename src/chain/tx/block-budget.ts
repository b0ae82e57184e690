import { toHex } from '../../lib/bytes.ts'
import type { TypeUrl } from '../../protocol/messages.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

/** What free transactions may do in one block: so many messages of a kind per host, so many stamps and signatures in all. */
export interface BlockBudget {
  /** Undefined where there is room for these messages in this block. Counts nothing. */
  violation(slots: readonly BudgetSlot[]): Rejection | undefined
  /** Counts messages of a transaction that passed every other check. */
  spend(slots: readonly BudgetSlot[]): void
  /** Counts the signatures inside them: a simulation counts as well, for it verifies them. */
  spendSignatures(slots: readonly BudgetSlot[]): void
  /** Takes one stamp check; false where none is left. Hosts that register again get half of them at most. */
  takeStamp(isNewcomer: boolean): boolean
  /** Takes one verification of a consensus key's registration; false where none is left. */
  takeKeyProof(): boolean
}

/** One message of a kind by, or for, one host. */
export interface BudgetSlot {
  readonly host: Uint8Array
  readonly kind: TypeUrl
  /** Signatures inside the message (work-signatures.ts); none where this very transaction was checked before. */
  readonly signatures: number
}

/** Stamps recomputed in one block: 8 `std` attempts are 4 GMAC. */
export const STAMPS_PER_BLOCK = 8

/** Signatures of vouchers, orders and receipts verified in one block: 0.3 s where the mempool has not seen them before. */
export const WORK_SIGNATURES_PER_BLOCK = 256

/** Registrations of consensus keys verified in one block, and between two: 35 ms each. */
export const KEY_PROOFS_PER_BLOCK = 2

/** Messages of one host in one block. */
const MESSAGES_PER_HOST: Partial<Record<TypeUrl, number>> = {
  '/tailrace.v1.MsgRegisterHost': 1,
  '/tailrace.v1.MsgSetActive': 2,
  '/tailrace.v1.MsgSetPayout': 1,
  '/tailrace.v1.MsgCommitFinds': 4,
  '/tailrace.v1.MsgSubmitVerification': 2,
  '/tailrace.v1.MsgOpenVerification': 2,
  '/tailrace.v1.MsgChallengeFind': 1,
  '/tailrace.v1.MsgChallengeOpening': 1,
  '/tailrace.v1.MsgServeModels': 1,
  '/tailrace.v1.MsgSubmitBatch': 1,
  '/tailrace.v1.MsgOpenReceipts': 4,
  '/tailrace.v1.MsgCommitChecks': 2,
  '/tailrace.v1.MsgReportChecks': 2,
  '/tailrace.v1.MsgPostWork': 2,
  '/tailrace.v1.MsgCommitRuling': 8,
  '/tailrace.v1.MsgRevealRuling': 8,
  '/tailrace.v1.MsgProveOvercommit': 1,
  '/tailrace.v1.MsgRegisterValidator': 1,
  '/tailrace.v1.MsgNameValidator': 1,
  '/tailrace.v1.MsgValidatorHeartbeat': 1,
  '/tailrace.v1.MsgVoteUpgrade': 1,
}

export function createBlockBudget(
  stamps: number = STAMPS_PER_BLOCK,
  workSignatures: number = WORK_SIGNATURES_PER_BLOCK,
): BlockBudget {
  const spent = new Map<string, number>()
  let signaturesLeft = workSignatures
  let stampsLeft = stamps
  let keyProofsLeft = KEY_PROOFS_PER_BLOCK
  let renewalsLeft = stamps >> 1
  return {
    violation(slots) {
      const asked = new Map<string, number>()
      for (const slot of slots) {
        const name = nameOf(slot)
        const count = (asked.get(name) ?? 0) + 1
        asked.set(name, count)
        const limit = MESSAGES_PER_HOST[slot.kind]
        if (limit !== undefined && count + (spent.get(name) ?? 0) > limit) {
          return reject('rate_limited', `at most ${limit} of ${slot.kind} by one host in a block`)
        }
      }
      return signaturesOf(slots) > signaturesLeft
        ? reject('work_budget', 'too many signatures of paid work in this block, try again')
        : undefined
    },
    spend(slots) {
      for (const slot of slots) {
        spent.set(nameOf(slot), (spent.get(nameOf(slot)) ?? 0) + 1)
      }
    },
    spendSignatures(slots) {
      signaturesLeft -= signaturesOf(slots)
    },
    takeStamp(isNewcomer) {
      if (stampsLeft === 0 || (!isNewcomer && renewalsLeft === 0)) {
        return false
      }
      stampsLeft -= 1
      renewalsLeft -= isNewcomer ? 0 : 1
      return true
    },
    takeKeyProof() {
      keyProofsLeft -= 1
      return keyProofsLeft >= 0
    },
  }
}

function nameOf({ host, kind }: BudgetSlot): string {
  return `${toHex(host)}${kind}`
}

function signaturesOf(slots: readonly BudgetSlot[]): number {
  return slots.reduce((sum, { signatures }) => sum + signatures, 0)
}
