/**
 * The judgement of one receipt (protocol §4): what a verifier reports and what an arbiter rules, from what the executor claims
 * and what an engine computed itself. Invariant: integers only and the same answer for the same bytes everywhere, so
 * arbiters whose engines agree bit by bit agree on the ruling bit by bit.
 *
 * With logits that differ by at most ε from the executor's, no position deviates by more than 2ε: the margin by margin.ts,
 * everything else by ε (the nth best of a list moves no further than its members).
 */
import { equalBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Order, Receipt, Ruling, WorkData } from '../gen/tailrace/v1/work.ts'
import { FinishReason } from '../gen/tailrace/v1/work.ts'
import type { ScoreResult } from '../inference.ts'
import { MAX_MARGIN } from '../sampling/margin.ts'
import type { PositionScores } from '../sampling/scores.ts'
import { decodeScores } from '../sampling/scores.ts'
import type { NumericClassLimits } from './classes.ts'
import { isNumericClass, NUMERIC_CLASSES } from './classes.ts'
import { orderHash, promptHash, requestHash } from './order.ts'
import { scoresHash, tokensHash } from './receipt.ts'
import { workDataViolation } from './violations.ts'

/** Contradictions that no rounding explains, each enough for a verdict, and `deviation` for one above the hard limit. */
export type JudgementReason =
  | 'order_hash'
  | 'request_hash'
  | 'prompt_hash'
  | 'tokens_hash'
  | 'scores_hash'
  | 'request_mismatch'
  | 'prompt_count'
  | 'output_count'
  | 'too_many_tokens'
  | 'unknown_class'
  | 'scores_malformed'
  | 'finish_unfounded'
  | 'not_computable'
  | 'deviation'

/** What the executor stands for: an opened receipt and the data behind its hashes. */
export interface ReceiptClaim {
  readonly order: Order
  readonly receipt: Receipt
  readonly data: WorkData
  /** Of the model, as the chain has it. */
  readonly contextTokens: number
}

/** An engine's own pass over the claimed tokens; `not_computable` where the model has no answer for them (unknown tokens, no room). */
export type OwnPass = ScoreResult | 'not_computable'

export interface ReceiptJudgement {
  readonly valid: boolean
  /** Q16.16, greatest deviation of a position; MAX_MARGIN where something contradicts itself. */
  readonly maxMargin: number
  /** Positions above the class's soft limit. */
  readonly softMargins: number
  /** Of the own scores. */
  readonly scoresHash: Uint8Array
  /** Empty for a valid receipt. */
  readonly reasons: readonly JudgementReason[]
}

const NO_SCORES = new Uint8Array(0)
/** Of a class that the network does not know: every deviation counts. */
const NO_LIMITS: NumericClassLimits = { hardMargin: 0, softMargin: 0 }

/** Hash of the own scores: what a verifier commits to before it sees the executor's. */
export function ownScoresHash(own: OwnPass): Uint8Array {
  return scoresHash(own === 'not_computable' ? NO_SCORES : own.scores)
}

/**
 * Why `data` is not what the receipt stands for, in a few words: then whoever handed it out is the liar, not the executor.
 * Undefined where it is. `work`: the scores are not looked at.
 */
export function workDataMismatch(
  { order, receipt }: Pick<ReceiptClaim, 'order' | 'receipt'>,
  data: WorkData,
  parts: 'work' | 'work_and_scores',
): string | undefined {
  return (
    workDataViolation(data) ??
    hashFaults(order, receipt, data).find((fault) => parts !== 'work' || fault !== 'scores_hash')
  )
}

/** @throws CodedError `invalid_scores` where the own pass does not fit the output: a defect of the own engine. */
export function judgeReceipt(claim: ReceiptClaim, own: OwnPass): ReceiptJudgement {
  const { receipt } = claim
  const limits = isNumericClass(receipt.numericClass) ? NUMERIC_CLASSES[receipt.numericClass] : NO_LIMITS
  const claimed = claimedScores(claim)
  const deviations = own === 'not_computable' ? [] : deviationsOf(claim, own, claimed)
  const greatest = deviations.reduce((most, deviation) => (deviation > most ? deviation : most), 0)
  const faults = faultsOf(claim, own, claimed !== undefined)
  const reasons = greatest > limits.hardMargin ? [...faults, 'deviation' as const] : faults
  return {
    valid: reasons.length === 0,
    maxMargin: faults.length > 0 ? MAX_MARGIN : greatest,
    softMargins: deviations.filter((deviation) => deviation > limits.softMargin).length,
    scoresHash: ownScoresHash(own),
    reasons,
  }
}

/** What an arbiter says of a receipt that it judged with the reference engine. */
export function rulingOf({ valid, maxMargin, softMargins, scoresHash: hash }: ReceiptJudgement): Ruling {
  return { valid, maxMargin, softMargins, scoresHash: hash }
}

function faultsOf(claim: ReceiptClaim, own: OwnPass, hasScores: boolean): JudgementReason[] {
  const { order, receipt, data, contextTokens } = claim
  const [prompt, output] = [data.prompt.length, data.output.length]
  const conditions: readonly (readonly [boolean, JudgementReason])[] = [
    [data.request?.model === order.model && data.request.maxTokens === order.maxTokens, 'request_mismatch'],
    [prompt === order.promptTokens && prompt === receipt.promptTokens, 'prompt_count'],
    [output === receipt.outputTokens, 'output_count'],
    [output <= order.maxTokens && prompt + output <= contextTokens, 'too_many_tokens'],
    [isNumericClass(receipt.numericClass), 'unknown_class'],
    [hasScores, 'scores_malformed'],
    [own === 'not_computable' || isFounded(claim, own.ending), 'finish_unfounded'],
    [own !== 'not_computable', 'not_computable'],
  ]
  return [...hashFaults(order, receipt, data), ...conditions.filter(([holds]) => !holds).map(([, reason]) => reason)]
}

function hashFaults(order: Order, receipt: Receipt, data: WorkData): JudgementReason[] {
  const conditions: readonly (readonly [boolean, JudgementReason])[] = [
    [equalBytes(data.orderHash, orderHash(order)) && equalBytes(data.orderHash, receipt.orderHash), 'order_hash'],
    [data.request !== undefined && equalBytes(requestHash(data.request), order.requestHash), 'request_hash'],
    [equalBytes(promptHash(data.prompt), order.promptHash), 'prompt_hash'],
    [equalBytes(tokensHash(data.output), receipt.tokensHash), 'tokens_hash'],
    [equalBytes(scoresHash(data.scores), receipt.scoresHash), 'scores_hash'],
  ]
  return conditions.filter(([holds]) => !holds).map(([, reason]) => reason)
}

/**
 * Whether the output ends where the receipt says. An output that goes on behind its end has positions with MAX_MARGIN, so an
 * end is always at the last token. A cancel may come with any token, the ending one too.
 */
function isFounded({ order, receipt, data, contextTokens }: ReceiptClaim, ending: ScoreResult['ending']): boolean {
  const output = data.output.length
  switch (receipt.finish) {
    case FinishReason.FINISH_REASON_STOP:
      return ending !== 'open'
    case FinishReason.FINISH_REASON_LENGTH:
      return ending === 'open' && (output === order.maxTokens || data.prompt.length + output === contextTokens)
    default:
      return receipt.finish === FinishReason.FINISH_REASON_CANCELLED
  }
}

/** Undefined where the claimed bytes cannot come from logits. */
function claimedScores({ data }: ReceiptClaim): PositionScores[] | undefined {
  try {
    return decodeScores(data.scores, data.output.length)
  } catch {
    // What is wrong with them does not matter: no engine writes such scores.
    return undefined
  }
}

/** One for each position: the own margin of the claimed token, and how far the claimed scores are from the own. */
function deviationsOf(claim: ReceiptClaim, own: ScoreResult, claimed: PositionScores[] | undefined): number[] {
  const positions = claim.data.output.length
  if (own.margins.length !== positions) {
    throw new CodedError('invalid_scores', `${own.margins.length} margins for ${positions} positions`)
  }
  return decodeScores(own.scores, positions).map((ownScores, position) => {
    const margin = own.margins[position] as number
    const claimedHere = claimed?.[position]
    const difference = claimedHere === undefined ? 0 : differenceOf(claimedHere, ownScores)
    return difference > margin ? atMost(difference) : margin
  })
}

/**
 * The greatest difference of two positions' scores: of the chosen token, of the sum, of each place among the best, and of each
 * token that the claim names. A named token that is not among the own best has an own score of at most the last of them, so
 * near-ties may change places and other tokens may not be named.
 */
function differenceOf(claimed: PositionScores, own: PositionScores): number {
  let greatest = larger(distance(claimed.chosen, own.chosen), distance(claimed.logSumExp, own.logSumExp))
  const last = own.top.at(-1)?.score ?? 0
  for (const [place, { token, score }] of claimed.top.entries()) {
    const atPlace = own.top[place]?.score ?? 0
    const named = own.top.find((entry) => entry.token === token)
    const ofToken = named === undefined ? score - last : distance(score, named.score)
    greatest = larger(greatest, larger(distance(score, atPlace), ofToken))
  }
  return greatest
}

function distance(a: number, b: number): number {
  return a > b ? a - b : b - a
}

function larger(a: number, b: number): number {
  return a > b ? a : b
}

function atMost(deviation: number): number {
  return deviation < MAX_MARGIN ? deviation : MAX_MARGIN
}
