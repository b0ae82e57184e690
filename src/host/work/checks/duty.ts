import { equalBytes } from '../../../lib/bytes.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import type { ArbiterState, BatchState, CheckerState, CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type {
  CheckCommit,
  CheckReport,
  MsgCommitRuling,
  MsgRevealRuling,
} from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { Order, Receipt, ReceiptOpening, SignedOrder } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { CommitmentPlace } from './commitment.ts'

export const NEVER_TRIED = -1

export type DutyRole = 'verifier' | 'arbiter'

/** What is ready for the chain. Commits and reports of several duties travel in one message. */
export type Outgoing =
  | { readonly kind: 'commit'; readonly part: CheckCommit }
  | { readonly kind: 'report'; readonly part: CheckReport }
  | { readonly kind: 'commit_ruling'; readonly message: MsgCommitRuling }
  | { readonly kind: 'reveal_ruling'; readonly message: MsgRevealRuling }

/** The work that a drawn point is about. */
export interface DutySubject {
  readonly opening: ReceiptOpening
  readonly signedOrder: SignedOrder
  readonly order: Order
  readonly receipt: Receipt
  readonly orderHash: Uint8Array
}

/**
 * One drawn point for which this host has something to do. Invariant: what the chain says of it decides; the fields below
 * `check` only spare work and bound attempts, and may be lost at any time.
 */
export interface Duty {
  readonly key: string
  readonly role: DutyRole
  readonly place: CommitmentPlace
  readonly subject: DutySubject
  /** As the chain had it last. */
  check: CheckState
  /** Aborts when the chain no longer lists it. */
  readonly gone: AbortController
  /** This host's commit, where the chain has it. */
  committed: Uint8Array | undefined
  outgoing: Outgoing | undefined
  isRunning: boolean
  /** Height of the last step that led to nothing, NEVER_TRIED where the next one may lead on. */
  triedHeight: number
  /** Steps that failed. */
  failures: number
  /** No step and no sending below this height. */
  restUntil: number
  /** Refused together with others: it is sent by itself. */
  isAlone: boolean
  /** Times that the chain refused it alone. */
  refusals: number
  /** Height of the block that has this host's last word on it. */
  finishedHeight: number | undefined
  /** Its batch, read once: what is needed of it never changes. */
  batch: BatchState | undefined
  /** What was asked for by gossip. */
  readonly asked: Set<'work' | 'work_and_scores'>
}

/** @throws CodedError `malformed_duty` for a check without an opening: a verifier has nothing to do before it is opened. */
export function newDuty(role: DutyRole, host: Uint8Array, check: CheckState): Duty {
  const { batch, point } = check
  return {
    key: dutyKey(role, check),
    role,
    place: { host, batch, point },
    subject: subjectOf(check),
    check,
    gone: new AbortController(),
    committed: undefined,
    outgoing: undefined,
    isRunning: false,
    triedHeight: NEVER_TRIED,
    failures: 0,
    restUntil: 0,
    isAlone: false,
    refusals: 0,
    finishedHeight: undefined,
    batch: undefined,
    asked: new Set(),
  }
}

export function dutyKey(role: DutyRole, { batch, point }: { readonly batch: bigint; readonly point: number }): string {
  return `${role}/${batch}/${point}`
}

export function deadlineOf({ check }: Duty): number {
  return Number(check.deadlineHeight)
}

export function partyOf({ role, check, place }: Duty): CheckerState | ArbiterState | undefined {
  const parties: readonly (CheckerState | ArbiterState)[] = role === 'verifier' ? check.checkers : check.arbiters
  return parties.find(({ host }) => equalBytes(host, place.host))
}

function subjectOf({ opening }: CheckState): DutySubject {
  const [signedOrder, receipt, leaf] = [opening?.order, opening?.receipt?.receipt, opening?.leaf]
  const order = signedOrder?.order
  if (opening === undefined || signedOrder === undefined || order === undefined || !receipt || !leaf) {
    throw new CodedError('malformed_duty', 'a check without its opening')
  }
  return { opening, signedOrder, order, receipt, orderHash: leaf.orderHash }
}
