/**
 * What a batch takes from lanes. Invariant: a lane only goes forward, and money leaves an escrow only for what its session key
 * has signed: up to the voucher by the voucher, beyond it by one signed order for each leaf (uncountersigned.ts). That a payer
 * promised too much is judged by its own signatures alone, never by what executors claim.
 */
import { equalBytes } from '../../lib/bytes.ts'
import { maxBigint, minBigint, sumBigint } from '../../lib/fixed-point.ts'
import type { EscrowState, LaneState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BatchLane, MsgSubmitBatch } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { Voucher } from '../../protocol/gen/tailrace/v1/work.ts'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import { voucherHash } from '../../protocol/work/receipt.ts'
import type { BlockContext } from '../context.ts'
import { availableOf, promiseLimit, readEscrow } from '../state/work/escrows.ts'
import { readLane } from '../state/work/lanes.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

export interface LaneClaim {
  readonly escrow: EscrowState
  readonly lane: LaneState
  /** The lane is taken from `lane.accepted` up to here. */
  readonly to: bigint
  /** Up to here by the voucher. */
  readonly countersigned: bigint
  readonly voucher: Voucher | undefined
  /** What the voucher says, with what was known before. */
  readonly vouched: bigint
  readonly totalSeen: bigint
  readonly sequence: bigint
}

/** The claims of a batch in its order, or why one cannot be. Signatures are not looked at here. */
export function readClaims(
  context: BlockContext,
  executor: Uint8Array,
  message: MsgSubmitBatch,
): LaneClaim[] | Rejection {
  const claims: LaneClaim[] = []
  for (const lane of message.lanes) {
    const claim = readClaim(context, executor, message.model, lane)
    if ('code' in claim) {
      return claim
    }
    claims.push(claim)
  }
  return sumBigint(claims.map(incrementOf)) === message.sum
    ? claims
    : reject('sum_mismatch', 'the lanes do not add up to the sum of the root')
}

export function incrementOf({ to, lane }: LaneClaim): bigint {
  return to - lane.accepted
}

/** The vouchers' signatures: one for each lane that has one. */
export function voucherViolation(
  context: BlockContext,
  message: MsgSubmitBatch,
  claims: readonly LaneClaim[],
): Rejection | undefined {
  const isSigned = claims.every(({ escrow, voucher }, index) => {
    const signature = message.lanes[index]?.voucher?.signature
    return (
      voucher === undefined ||
      (signature !== undefined && context.signatures.verify(escrow.sessionPubkey, voucherHash(voucher), signature))
    )
  })
  return isSigned ? undefined : reject('voucher_invalid', 'a voucher is not signed by the session key of its payer')
}

/** Whether the payer's own signatures show that it promised more than it said, or more than it has. */
export function isOvercommitted({ escrow, voucher, vouched, totalSeen }: LaneClaim): boolean {
  const isAboveLimit = voucher !== undefined && voucher.total > promiseLimit(escrow)
  return escrow.frozen || vouched > totalSeen || isAboveLimit
}

/** Where the payer promised too much its guarantee pays as well: whoever brings the proof is served first. */
export function fundsViolation(claim: LaneClaim): Rejection | undefined {
  const available = availableOf({ ...claim.escrow, frozen: isOvercommitted(claim) })
  return incrementOf(claim) <= available
    ? undefined
    : reject('escrow_short', `the escrow of a lane can pay ${available} utail, the lane takes ${incrementOf(claim)}`)
}

function readClaim(
  context: BlockContext,
  executor: Uint8Array,
  model: string,
  { payer, to, voucher: signed }: BatchLane,
): LaneClaim | Rejection {
  const escrow = readEscrow(context.store, payer)
  if (escrow === undefined) {
    return reject('unknown_escrow', 'no escrow pays for one of the lanes')
  }
  const lane = readLane(context.store, payer, executor)
  const voucher = signed?.voucher
  const wrong =
    escrowViolation(context, escrow, model) ??
    (to <= lane.accepted ? reject('lane_behind', `a lane was taken up to ${lane.accepted} before`) : undefined) ??
    (voucher === undefined ? undefined : boundViolation(context, executor, payer, lane, voucher))
  if (wrong !== undefined) {
    return wrong
  }
  const promised = voucher?.cumulative ?? 0n
  return {
    escrow,
    lane,
    to,
    countersigned: maxBigint(minBigint(promised, to), lane.accepted),
    voucher,
    vouched: escrow.vouched + maxBigint(promised - lane.vouched, 0n),
    totalSeen: maxBigint(escrow.totalSeen, voucher?.total ?? 0n),
    sequence: maxBigint(lane.sequence, voucher?.sequence ?? 0n),
  }
}

/** A frozen escrow still pays for what was ordered before: else a payer could freeze its own to keep its money. */
function escrowViolation(context: BlockContext, escrow: EscrowState, model: string): Rejection | undefined {
  const height = BigInt(context.height)
  if (escrow.closed || (escrow.releaseHeight !== 0n && height > escrow.releaseHeight)) {
    return reject('escrow_closed', 'the escrow of a lane was paid back')
  }
  if (height > escrow.expiryHeight + BigInt(WORK_LIMITS.orderLifetime)) {
    return reject('escrow_expired', 'the orders of an escrow have expired')
  }
  return escrow.models.length === 0 || escrow.models.includes(model)
    ? undefined
    : reject('not_allowed', 'an escrow does not allow this model')
}

function boundViolation(
  context: BlockContext,
  executor: Uint8Array,
  payer: Uint8Array,
  lane: LaneState,
  voucher: Voucher,
): Rejection | undefined {
  if (voucher.chainId !== context.chainId) {
    return reject('voucher_invalid', 'a voucher is for another chain')
  }
  if (!equalBytes(voucher.payer, payer) || !equalBytes(voucher.executor, executor)) {
    return reject('voucher_invalid', 'a voucher is for another lane')
  }
  return voucher.cumulative <= lane.accepted
    ? reject('lane_behind', `what a voucher promises was taken before, up to ${lane.accepted}`)
    : undefined
}
