/** Bounds of the messages of paid work: undefined when within them, else what is wrong, in a few words (messages.ts). */
import { ADDRESS_BYTES, tryDecodeAddress } from '../address.ts'
import type {
  BatchLane,
  CheckCommit,
  CheckReport,
  MsgCommitChecks,
  MsgCommitRuling,
  MsgDepositEscrow,
  MsgOpenReceipts,
  MsgPostWork,
  MsgProveOvercommit,
  MsgReportChecks,
  MsgRevealRuling,
  MsgServeModels,
  MsgSubmitBatch,
  MsgWithdrawEscrow,
} from '../gen/tailrace/v1/tx.ts'
import { CheckVerdict } from '../gen/tailrace/v1/tx.ts'
import type {
  BatchLeaf,
  Order,
  Receipt,
  ReceiptOpening,
  Refusal,
  SignedVoucher,
  Skip,
  SumNode,
  Voucher,
} from '../gen/tailrace/v1/work.ts'
import { FinishReason, SkipReason, WorkData } from '../gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../inference.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../signature.ts'
import { WORK_LIMITS } from './limits.ts'
import { requestViolation } from './request-violation.ts'

type Conditions = readonly (true | string | undefined | false)[]

const DIGEST_BYTES = 32
const MAX_HEIGHT = 1n << 48n

export function depositViolation(message: MsgDepositEscrow): string | undefined {
  return firstOf(
    isAddress(message.owner) || 'owner is no address',
    message.sessionPubkey.length === PUBLIC_KEY_BYTES || 'session_pubkey must be 33 bytes',
    (message.amount > 0n && isAmount(message.amount)) || 'amount out of range',
    message.models.length <= WORK_LIMITS.modelsPerEscrow || 'too many models',
    message.models.every(isModel) || 'model name',
    isStrictlyAscending(message.models) || 'models must be strictly increasing',
    isAmount(message.maxPrice) || 'max_price out of range',
    isAmount(message.spendLimit) || 'spend_limit out of range',
    isHeight(message.expiryHeight) || 'expiry_height out of range',
  )
}

export function withdrawViolation(message: MsgWithdrawEscrow): string | undefined {
  return firstOf(isAddress(message.owner) || 'owner is no address', isOwner(message.payer) || 'payer must be 20 bytes')
}

export function serveViolation(message: MsgServeModels): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isAddress(message.host) || 'host is no address',
    message.offers.length <= WORK_LIMITS.offersPerHost || 'too many models',
    message.offers.every((offer) => isModel(offer.model)) || 'model name',
    message.offers.every((offer) => isClass(offer.numericClass)) || 'numeric_class',
    message.offers.every((offer) => offer.tokensPerSecond > 0 && offer.tokensPerSecond <= 1_000_000) ||
      'tokens_per_second out of range',
    isStrictlyAscending(message.offers.map((offer) => offer.model)) || 'models must be strictly increasing',
  )
}

export function batchViolation(message: MsgSubmitBatch): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isModel(message.model) || 'model name',
    message.root.length === DIGEST_BYTES || 'root must be 32 bytes',
    (message.sum > 0n && isAmount(message.sum)) || 'sum out of range',
    (message.leaves > 0 && message.leaves <= WORK_LIMITS.leavesPerBatch) || 'leaves out of range',
    (message.lanes.length > 0 && message.lanes.length <= WORK_LIMITS.lanesPerBatch) || 'lanes out of range',
    ...message.lanes.map(laneViolation),
    isStrictlyAscending(message.lanes.map((lane) => hex(lane.payer))) || 'payers must be strictly increasing',
    message.uncountersigned.length <= WORK_LIMITS.uncountersignedPerBatch || 'too many uncountersigned receipts',
    ...message.uncountersigned.map(openingViolation),
  )
}

export function openReceiptsViolation(message: MsgOpenReceipts): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isHeight(message.batch) || 'batch out of range',
    (message.openings.length > 0 && message.openings.length <= WORK_LIMITS.openingsPerTransaction) ||
      'openings out of range',
    isIncreasing(message.openings.map(({ point }) => point)) || 'points must be strictly increasing',
    ...message.openings.map(({ opening }) =>
      opening === undefined ? 'opening is missing' : openingViolation(opening),
    ),
  )
}

export function commitChecksViolation(message: MsgCommitChecks): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isCommitCount(message.commits) || 'commits out of range',
    message.commits.every((commit) => isHeight(commit.batch)) || 'batch out of range',
    message.commits.every((commit) => commit.hash.length === DIGEST_BYTES) || 'hash must be 32 bytes',
    isUnique(message.commits.map(checkName)) || 'a check named twice',
  )
}

export function reportChecksViolation(message: MsgReportChecks): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isCommitCount(message.reports) || 'reports out of range',
    ...message.reports.map(reportViolation),
    isUnique(message.reports.map(checkName)) || 'a check named twice',
  )
}

export function postWorkViolation(message: MsgPostWork): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isHeight(message.batch) || 'batch out of range',
    message.data === undefined ? 'data is missing' : workDataViolation(message.data),
    message.data === undefined ||
      WorkData.encode(message.data).finish().length <= WORK_LIMITS.postedBytes ||
      'data too large',
  )
}

export function commitRulingViolation(message: MsgCommitRuling): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isHeight(message.batch) || 'batch out of range',
    message.hash.length === DIGEST_BYTES || 'hash must be 32 bytes',
  )
}

export function revealRulingViolation(message: MsgRevealRuling): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    isHeight(message.batch) || 'batch out of range',
    message.salt.length === DIGEST_BYTES || 'salt must be 32 bytes',
    message.ruling !== undefined || 'ruling is missing',
    message.ruling === undefined || message.ruling.maxMargin >= 0 || 'max_margin out of range',
    message.ruling === undefined ||
      message.ruling.softMargins <= WORK_LIMITS.outputTokens ||
      'soft_margins out of range',
    message.ruling === undefined || message.ruling.scoresHash.length === DIGEST_BYTES || 'scores_hash must be 32 bytes',
  )
}

export function overcommitViolation(message: MsgProveOvercommit): string | undefined {
  return firstOf(
    isAddress(message.signer) || 'signer is no address',
    signedOrderViolation(message.first),
    message.second === undefined ? undefined : signedOrderViolation(message.second),
  )
}

export function orderViolation(order: Order): string | undefined {
  return firstOf(
    order.chainId.length <= 64 || 'chain_id too long',
    isOwner(order.payer) || 'payer must be 20 bytes',
    isHeight(order.sequence) || 'sequence out of range',
    isAmount(order.total) || 'total out of range',
    isModel(order.model) || 'model name',
    order.promptHash.length === DIGEST_BYTES || 'prompt_hash must be 32 bytes',
    order.requestHash.length === DIGEST_BYTES || 'request_hash must be 32 bytes',
    (order.promptTokens > 0 && order.promptTokens <= WORK_LIMITS.promptTokens) || 'prompt_tokens out of range',
    (order.maxTokens > 0 && order.maxTokens <= WORK_LIMITS.outputTokens) || 'max_tokens out of range',
    isAmount(order.price) || 'price out of range',
    isAmount(order.maxPrice) || 'max_price out of range',
    isHeight(order.height) || 'height out of range',
    (order.expiryHeight > order.height && order.expiryHeight - order.height <= BigInt(WORK_LIMITS.orderLifetime)) ||
      'expiry_height out of range',
    order.constraints === undefined ||
      order.constraints.numericClass.length <= WORK_LIMITS.classCharacters ||
      'numeric_class too long',
    order.constraints === undefined ||
      order.constraints.minReputationPpm <= 1_000_000n ||
      'min_reputation_ppm out of range',
    order.gatewayPeer.length <= WORK_LIMITS.peerIdCharacters || 'gateway_peer too long',
  )
}

export function receiptViolation(receipt: Receipt): string | undefined {
  return firstOf(
    receipt.orderHash.length === DIGEST_BYTES || 'order_hash must be 32 bytes',
    isOwner(receipt.executor) || 'executor must be 20 bytes',
    receipt.promptTokens <= WORK_LIMITS.promptTokens || 'prompt_tokens out of range',
    receipt.outputTokens <= WORK_LIMITS.outputTokens || 'output_tokens out of range',
    receipt.tokensHash.length === DIGEST_BYTES || 'tokens_hash must be 32 bytes',
    receipt.scoresHash.length === DIGEST_BYTES || 'scores_hash must be 32 bytes',
    isHeight(receipt.startHeight) || 'start_height out of range',
    (isHeight(receipt.endHeight) && receipt.endHeight >= receipt.startHeight) || 'end_height out of range',
    isAmount(receipt.price) || 'price out of range',
    isOneOf(FinishReason, receipt.finish) || 'unknown finish',
    receipt.skipped.length <= WORK_LIMITS.skips || 'too many skips',
    ...receipt.skipped.map(skipViolation),
    isClass(receipt.numericClass) || 'numeric_class',
  )
}

export function voucherViolation(voucher: Voucher): string | undefined {
  return firstOf(
    voucher.chainId.length <= 64 || 'chain_id too long',
    isOwner(voucher.payer) || 'payer must be 20 bytes',
    isOwner(voucher.executor) || 'executor must be 20 bytes',
    isAmount(voucher.cumulative) || 'cumulative out of range',
    isHeight(voucher.sequence) || 'sequence out of range',
    isAmount(voucher.total) || 'total out of range',
    voucher.receiptHash.length === DIGEST_BYTES || 'receipt_hash must be 32 bytes',
  )
}

export function openingViolation(opening: ReceiptOpening): string | undefined {
  const { leaf, order, receipt } = opening
  return firstOf(
    leaf === undefined ? 'leaf is missing' : leafViolation(leaf),
    opening.path.length <= WORK_LIMITS.pathLength || 'path too long',
    opening.path.every(isSumNode) || 'path node',
    signedOrderViolation(order),
    receipt?.receipt === undefined ? 'receipt is missing' : receiptViolation(receipt.receipt),
    receipt?.signature.length === SIGNATURE_BYTES || 'receipt signature must be 64 bytes',
    opening.voucher === undefined ? undefined : signedVoucherViolation(opening.voucher),
  )
}

export function workDataViolation(data: WorkData): string | undefined {
  return firstOf(
    data.orderHash.length === DIGEST_BYTES || 'order_hash must be 32 bytes',
    data.request === undefined ? 'request is missing' : requestViolation(data.request),
    data.prompt.length <= WORK_LIMITS.promptTokens || 'prompt too long',
    data.output.length <= WORK_LIMITS.outputTokens || 'output too long',
    data.scores.length === 0 ||
      data.scores.length === data.output.length * SCORE_BYTES ||
      'scores do not fit the output',
  )
}

export function refusalViolation(refusal: Refusal): string | undefined {
  return firstOf(
    refusal.orderHash.length === DIGEST_BYTES || 'order_hash must be 32 bytes',
    isOwner(refusal.host) || 'host must be 20 bytes',
    (refusal.code.length > 0 && refusal.code.length <= WORK_LIMITS.codeCharacters) || 'code',
    isHeight(refusal.height) || 'height out of range',
  )
}

export function signedOrderViolation(
  signed: { order: Order | undefined; signature: Uint8Array } | undefined,
): string | undefined {
  return firstOf(
    signed?.order === undefined ? 'order is missing' : orderViolation(signed.order),
    signed?.signature.length === SIGNATURE_BYTES || 'order signature must be 64 bytes',
  )
}

export function skipViolation(skip: Skip): string | undefined {
  const isRefused = skip.reason === SkipReason.SKIP_REASON_REFUSED
  return firstOf(
    isOwner(skip.host) || 'skipped host must be 20 bytes',
    isOneOf(SkipReason, skip.reason) || 'unknown skip reason',
    (skip.refusal !== undefined) === isRefused || 'a refusal belongs to a refused skip',
    skip.refusal === undefined || skip.refusal.signature.length === SIGNATURE_BYTES || 'refusal signature',
    skip.refusal === undefined
      ? undefined
      : skip.refusal.refusal === undefined
        ? 'refusal is missing'
        : refusalViolation(skip.refusal.refusal),
  )
}

function laneViolation(lane: BatchLane): string | undefined {
  return firstOf(
    isOwner(lane.payer) || 'payer must be 20 bytes',
    isAmount(lane.to) || 'to out of range',
    lane.voucher === undefined ? undefined : signedVoucherViolation(lane.voucher),
  )
}

function signedVoucherViolation({ voucher, signature }: SignedVoucher): string | undefined {
  return firstOf(
    voucher === undefined ? 'voucher is missing' : voucherViolation(voucher),
    signature.length === SIGNATURE_BYTES || 'voucher signature',
  )
}

function leafViolation(leaf: BatchLeaf): string | undefined {
  return firstOf(
    leaf.orderHash.length === DIGEST_BYTES || 'order_hash must be 32 bytes',
    isOwner(leaf.payer) || 'payer must be 20 bytes',
    (isAmount(leaf.from) && isAmount(leaf.to) && leaf.from <= leaf.to) || 'interval out of range',
    leaf.promptTokens <= WORK_LIMITS.promptTokens || 'prompt_tokens out of range',
    leaf.outputTokens <= WORK_LIMITS.outputTokens || 'output_tokens out of range',
    leaf.receiptHash.length === DIGEST_BYTES || 'receipt_hash must be 32 bytes',
  )
}

function reportViolation(report: CheckReport): string | undefined {
  const isSilent = report.verdict === CheckVerdict.CHECK_VERDICT_UNAVAILABLE
  return firstOf(
    isHeight(report.batch) || 'batch out of range',
    isOneOf(CheckVerdict, report.verdict) || 'unknown verdict',
    report.maxMargin >= 0 || 'max_margin out of range',
    report.softMargins <= WORK_LIMITS.outputTokens || 'soft_margins out of range',
    report.scoresHash.length === (isSilent ? 0 : DIGEST_BYTES) || 'scores_hash length',
    !isSilent || (report.maxMargin === 0 && report.softMargins === 0) || 'margins without a check',
  )
}

function checkName({ batch, point }: CheckCommit | CheckReport): string {
  return `${batch}/${point}`
}

function isCommitCount(list: readonly unknown[]): boolean {
  return list.length > 0 && list.length <= WORK_LIMITS.commitsPerTransaction
}

/** A value of a generated enum that is neither unspecified nor unknown. */
function isOneOf(values: Readonly<Record<string, unknown>>, value: number): boolean {
  return value > 0 && Object.values(values).includes(value)
}

function isSumNode(node: SumNode): boolean {
  return node.hash.length === DIGEST_BYTES && isAmount(node.sum)
}

/** The form of a model's id, within its bounds. */
export function isModel(model: string): boolean {
  return model.length <= WORK_LIMITS.modelCharacters && /^[a-z0-9][a-z0-9._/-]*$/.test(model)
}

function isClass(name: string): boolean {
  return name.length <= WORK_LIMITS.classCharacters && /^[a-z0-9][a-z0-9-]*$/.test(name)
}

export function isAmount(amount: bigint): boolean {
  return amount >= 0n && amount < WORK_LIMITS.amount
}

export function isHeight(value: bigint): boolean {
  return value >= 0n && value < MAX_HEIGHT
}

function isOwner(bytes: Uint8Array): boolean {
  return bytes.length === ADDRESS_BYTES
}

function isAddress(text: string): boolean {
  return tryDecodeAddress(text) !== undefined
}

function isIncreasing(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value > (values[index - 1] as number))
}

function isStrictlyAscending(values: readonly string[]): boolean {
  return values.every((value, index) => index === 0 || value > (values[index - 1] as string))
}

function isUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function firstOf(...conditions: Conditions): string | undefined {
  return conditions.find((condition): condition is string => typeof condition === 'string')
}
