/**
 * Whether an order is taken: a pure verdict over gathered facts. Invariant: what passes here can be paid, is bound to this host
 * by the draw, and does not contradict itself in anything that an opening shows on chain; so a receipt for it is never a fault.
 * Each fault has a code of its own, which the gateway is told. Being busy is no fault (executor.ts). Read next: order-facts.ts
 * (where the facts come from), judging.ts (which faults may be this host's own node's, a block behind), executor.ts.
 */
import { equalBytes, toHex } from '../../../lib/bytes.ts'
import { maxBigint, minBigint, PPM } from '../../../lib/fixed-point.ts'
import { addressOfPublicKey, encodeAddress } from '../../../protocol/address.ts'
import type { ModelRecord, QueryEscrowResponse } from '../../../protocol/gen/tailrace/v1/query.ts'
import type { EscrowState, RosterState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { InferenceRequest, Order, SignedOrder, Skip } from '../../../protocol/gen/tailrace/v1/work.ts'
import { InferenceRequest as InferenceRequestCodec, SkipReason } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { InferenceReport } from '../../../protocol/inference.ts'
import { SCORE_BYTES } from '../../../protocol/inference.ts'
import { verifyBytes } from '../../../protocol/signature.ts'
import { eligibleFor } from '../../../protocol/work/eligible.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import { drawExecutors, promptHash, refusalHash, requestHash, verifyOrder } from '../../../protocol/work/order.ts'
import { PRICE_STEP_PPM, priceOf } from '../../../protocol/work/price.ts'
import { requestViolation } from '../../../protocol/work/request-violation.ts'
import { orderViolation } from '../../../protocol/work/violations.ts'

/** What came in `open`, with what never is absent in it. */
export interface OpenedOrder {
  readonly signed: SignedOrder
  readonly order: Order
  readonly hash: Uint8Array
  readonly request: InferenceRequest
  readonly prompt: readonly number[]
  readonly skipped: readonly Skip[]
  /** Peer that opened the stream. */
  readonly from: string
}

export interface OrderFacts {
  readonly chainId: string
  /** Newest height that this host has seen. */
  readonly height: number
  /** The same when the order came; its own where that was ahead. Waiting for the chain does not make an order old. */
  readonly arrivedHeight: number
  /** Blocks that the order's height may lie behind that. */
  readonly mostAge: number
  /** 20 bytes. */
  readonly executor: Uint8Array
  readonly report: InferenceReport
  /** As the chain knows it; absent where it does not. */
  readonly model: ModelRecord | undefined
  readonly escrow: QueryEscrowResponse
  /** Cumulative up to which the chain took batches of this lane. */
  readonly accepted: bigint
  /** What this payer may still owe this host for orders and receipts that no batch has taken. */
  readonly unpaid: bigint
  /** Newest roster at or below the order's height, and R of that height. */
  readonly roster: RosterState | undefined
  readonly randomness: Uint8Array | undefined
  /** Least number of blocks from now to the expiry. */
  readonly leastLifetime: number
  /** Blocks between changes of the price. */
  readonly priceBlocks: number
  /** By hex address: device keys of skipped hosts, and whether one takes orders after all. */
  readonly skippedKeys: ReadonlyMap<string, Uint8Array>
  readonly readyHosts: ReadonlySet<string>
}

/** An order is opened by the same bytes everywhere; so many above the settled ones may not be jumped over. */
const SEQUENCE_LEAD = 1_024n
const AHEAD = 1
/** Longest varint of a token id below 2^21. */
const TOKEN_BYTES = 3
/** Tags, lengths and hashes of posted work. */
const POSTED_HEAD_BYTES = 128

/** What can be said before anybody is asked. Undefined where nothing is wrong. */
export function formFault(opened: OpenedOrder, report: InferenceReport, chainId: string): string | undefined {
  const { order, request, prompt } = opened
  const isBounded =
    orderViolation(order) === undefined &&
    requestViolation(request) === undefined &&
    prompt.length === order.promptTokens
  return firstFault([
    [isBounded, 'malformed_order'],
    [order.chainId === chainId, 'wrong_chain'],
    [order.gatewayPeer === opened.from, 'wrong_gateway'],
    [request.model === order.model && request.maxTokens === order.maxTokens, 'request_mismatch'],
    [order.promptTokens < report.contextTokens, 'prompt_too_long'],
    [isPostable(opened, report), 'not_postable'],
    [equalBytes(promptHash(prompt), order.promptHash), 'prompt_hash'],
    [equalBytes(requestHash(request), order.requestHash), 'request_hash'],
  ])
}

/** Everything else. Undefined where the order is to be taken. */
export function orderFault(opened: OpenedOrder, facts: OrderFacts): string | undefined {
  return (
    formFault(opened, facts.report, facts.chainId) ??
    priceFault(opened, facts) ??
    timeFault(opened, facts) ??
    escrowFault(opened, facts) ??
    drawFault(opened, facts) ??
    skipFault(opened, facts)
  )
}

const LIFTED_BY_BLOCKS: ReadonlySet<string> = new Set([
  'unknown_model',
  'price_too_low',
  'unknown_escrow',
  // The terms of an escrow are only ever widened, its money added to, and what was paid counts no more as unpaid.
  'escrow_expired',
  'model_not_allowed',
  'price_above_cap',
  'escrow_short',
  'sequence_ahead',
  'draw_unknown',
])

/** Whether a block that this host's node has not shown yet may lift this fault. Only its payer's own order is worth a wait. */
export function isLiftedByBlocks(fault: string, { order, signed, skipped }: OpenedOrder, facts: OrderFacts): boolean {
  const { escrow } = facts.escrow
  if (escrow !== undefined && !verifyOrder(order, signed.signature, escrow.sessionPubkey)) {
    return false
  }
  const isRefusingUnknown = skipped.some(
    ({ host, reason }) => reason === SkipReason.SKIP_REASON_REFUSED && !facts.skippedKeys.has(toHex(host)),
  )
  return LIFTED_BY_BLOCKS.has(fault) || (fault === 'skip_unfounded' && isRefusingUnknown)
}

/** Most output tokens that the order can lead to. */
export function mostOutput(order: Order, report: InferenceReport): number {
  return Math.min(order.maxTokens, report.contextTokens - order.promptTokens)
}

/** Whether the payer promised more than the escrow can ever pay: an order that proves it. */
export function isOvercommitted(order: Order, escrow: EscrowState): boolean {
  return order.total > promiseLimit(escrow)
}

/**
 * A verifier who finds the data nowhere can have it posted on chain, in one transaction; data that does not fit would cost the
 * whole batch.
 */
function isPostable({ order, request }: OpenedOrder, report: InferenceReport): boolean {
  const output = Math.max(0, mostOutput(order, report))
  const requestBytes = InferenceRequestCodec.encode(request).finish().length
  const most =
    POSTED_HEAD_BYTES + requestBytes + TOKEN_BYTES * order.promptTokens + (TOKEN_BYTES + SCORE_BYTES) * output
  return most <= WORK_LIMITS.postedBytes
}

function priceFault({ order }: OpenedOrder, facts: OrderFacts): string | undefined {
  const most = priceOf(order.price, order.promptTokens, mostOutput(order, facts.report))
  return firstFault([
    [facts.model !== undefined, 'unknown_model'],
    [order.price >= leastPrice(order, facts), 'price_too_low'],
    [order.maxPrice >= most, 'max_price_too_low'],
  ])
}

/** The present price; one step below where the price may have risen since the order was signed. */
function leastPrice(order: Order, { model, height, priceBlocks }: OrderFacts): bigint {
  const present = model?.price ?? 0n
  const period = (at: number) => Math.floor(at / priceBlocks)
  // The chain that was asked for the price may have made a block that this host has not heard of.
  const hasPassedChange = period(Number(order.height)) !== period(height + AHEAD)
  return hasPassedChange ? (present * PPM) / (PPM + PRICE_STEP_PPM) : present
}

function timeFault({ order }: OpenedOrder, facts: OrderFacts): string | undefined {
  const { height, arrivedHeight, mostAge, leastLifetime } = facts
  return firstFault([
    [order.height + BigInt(mostAge) >= BigInt(arrivedHeight), 'height_too_old'],
    [order.height <= BigInt(height + AHEAD), 'height_ahead'],
    [order.expiryHeight >= BigInt(height + leastLifetime), 'expiry_too_near'],
  ])
}

function escrowFault({ order, signed }: OpenedOrder, facts: OrderFacts): string | undefined {
  const { escrow, available } = facts.escrow
  if (escrow === undefined) {
    return 'unknown_escrow'
  }
  return firstFault([
    [isOwnPayer(escrow, order.payer), 'unknown_escrow'],
    [verifyOrder(order, signed.signature, escrow.sessionPubkey), 'bad_signature'],
    [!escrow.frozen, 'escrow_frozen'],
    [!escrow.closed && escrow.releaseHeight === 0n, 'escrow_closing'],
    [order.height <= escrow.expiryHeight && BigInt(facts.height) <= escrow.expiryHeight, 'escrow_expired'],
    [escrow.models.length === 0 || escrow.models.includes(order.model), 'model_not_allowed'],
    [escrow.maxPrice === 0n || order.price <= escrow.maxPrice, 'price_above_cap'],
    [order.total >= order.maxPrice, 'total_too_low'],
    [!isOvercommitted(order, escrow), 'escrow_short'],
    [facts.unpaid + order.maxPrice <= available, 'escrow_short'],
    // What was settled cost a unit at least, so their number is not above what was paid; the chain keeps no other count.
    [order.sequence > 0n && order.sequence <= escrow.paid + SEQUENCE_LEAD, 'sequence_ahead'],
  ])
}

function drawFault({ order, skipped }: OpenedOrder, { executor, roster, randomness }: OrderFacts): string | undefined {
  if (roster === undefined || randomness === undefined) {
    return 'draw_unknown'
  }
  const drawn = drawExecutors(randomness, order.payer, order.sequence, eligibleFor(order.constraints, roster.entries))
  const before = drawn.slice(0, skipped.length)
  const own = drawn[skipped.length]
  return firstFault([
    [drawn.some((host) => equalBytes(host, executor)), 'not_drawn'],
    [own !== undefined && equalBytes(own, executor), 'wrong_skips'],
    [before.every((host, index) => equalBytes(host, skipped[index]?.host ?? EMPTY)), 'wrong_skips'],
  ])
}

const EMPTY = new Uint8Array(0)

/** A signed refusal speaks for itself; a timeout is believed where the host does not answer this one either. */
function skipFault({ hash, skipped }: OpenedOrder, { skippedKeys, readyHosts }: OrderFacts): string | undefined {
  for (const { host, reason, refusal } of skipped) {
    const name = toHex(host)
    if (reason === SkipReason.SKIP_REASON_TIMEOUT && refusal === undefined) {
      if (readyHosts.has(name)) {
        return 'skip_unfounded'
      }
      continue
    }
    const content = refusal?.refusal
    const key = skippedKeys.get(name)
    const isSound =
      reason === SkipReason.SKIP_REASON_REFUSED &&
      refusal !== undefined &&
      content !== undefined &&
      key !== undefined &&
      equalBytes(content.orderHash, hash) &&
      equalBytes(content.host, host) &&
      verifyBytes(key, refusalHash(content), refusal.signature)
    if (!isSound) {
      return 'skip_unfounded'
    }
  }
  return undefined
}

function isOwnPayer(escrow: EscrowState, payer: Uint8Array): boolean {
  return equalBytes(escrow.payer, payer) && addressOfPublicKey(escrow.sessionPubkey) === encodeAddress(payer)
}

/** The greatest T that an order of this escrow may carry, as the chain counts it (chain/state/work/escrows.ts). */
function promiseLimit(escrow: EscrowState): bigint {
  const deposit = maxBigint(escrow.deposited - escrow.guarantee, 0n)
  const granted = escrow.spendLimit === 0n ? deposit : minBigint(deposit, escrow.spendLimit)
  return granted + escrow.refunded
}

function firstFault(conditions: readonly (readonly [holds: boolean, code: string])[]): string | undefined {
  return conditions.find(([holds]) => !holds)?.[1]
}
