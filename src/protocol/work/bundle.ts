/**
 * A receipt that carries its own proof (ReceiptBundle): what anybody can check without asking anybody, and what only the chain
 * can confirm. As a file it is JSON: a summary for people, the bytes in base64.
 */
import { base64 } from '@scure/base'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { addressOfPublicKey, encodeAddress, tryDecodeAddress } from '../address.ts'
import type { Order, Receipt, SignedVoucher } from '../gen/tailrace/v1/work.ts'
import { ReceiptBundle } from '../gen/tailrace/v1/work.ts'
import { isPublicKey } from '../signature.ts'
import { verifyBatchLeaf } from './batch.ts'
import { WORK_LIMITS } from './limits.ts'
import { orderHash, promptHash, requestHash, verifyOrder } from './order.ts'
import { priceOf } from './price.ts'
import { receiptHash, tokensHash, verifyReceipt, verifyVoucher } from './receipt.ts'
import { openingViolation, voucherViolation, workDataViolation } from './violations.ts'

export const BUNDLE_FORMAT = 'tailrace-receipt/1'
/** A file with 131,072 tokens each way is far below. */
const MAX_BUNDLE_CHARACTERS = 8 * 1024 * 1024

/** What a bundle shows by itself, in the order in which a reader would ask. */
export const BUNDLE_CHECKS = [
  'order_signed_by_payer',
  'receipt_signed_by_executor',
  'receipt_answers_order',
  'price_within_order',
  'tokens_are_the_receipts',
  'leaf_is_the_receipt',
  'leaf_under_root',
  'voucher_covers_leaf',
] as const
export type BundleCheck = (typeof BUNDLE_CHECKS)[number]

export interface BundleVerdict {
  readonly valid: boolean
  /** `absent`: the bundle does not carry what this check needs; it is still valid. */
  readonly checks: Readonly<Record<BundleCheck, 'ok' | 'failed' | 'absent'>>
}

/** @throws CodedError `malformed_bundle` */
export function encodeBundle(bundle: ReceiptBundle): string {
  const { order, receipt } = partsOf(bundle)
  const summary = {
    order: toHex(orderHash(order)),
    model: order.model,
    payer: encodeAddress(order.payer),
    executor: encodeAddress(receipt.executor),
    promptTokens: receipt.promptTokens,
    outputTokens: receipt.outputTokens,
    priceUtail: receipt.price.toString(),
    batch: bundle.batch.toString(),
    batchTx: bundle.txHash,
  }
  const bytes = base64.encode(ReceiptBundle.encode(bundle).finish())
  return `${JSON.stringify({ format: BUNDLE_FORMAT, chainId: bundle.chainId, summary, bundle: bytes }, undefined, 2)}\n`
}

/** The bytes decide; the summary is for people and not read. @throws CodedError `malformed_bundle` */
export function decodeBundle(text: string): ReceiptBundle {
  if (text.length > MAX_BUNDLE_CHARACTERS) {
    throw malformed('the file is too large')
  }
  let bundle: ReceiptBundle
  try {
    const value = JSON.parse(text) as { format?: unknown; bundle?: unknown }
    if (value.format !== BUNDLE_FORMAT || typeof value.bundle !== 'string') {
      throw malformed(`not a ${BUNDLE_FORMAT} file`)
    }
    const bytes = base64.decode(value.bundle)
    bundle = ReceiptBundle.decode(bytes)
    // A bundle has one form: bytes that nothing is read from could say anything.
    if (!equalBytes(ReceiptBundle.encode(bundle).finish(), bytes)) {
      throw malformed('its bytes are not those of a bundle')
    }
  } catch (cause) {
    throw cause instanceof CodedError ? cause : malformed('it cannot be decoded', cause)
  }
  const violation = bundleViolation(bundle)
  if (violation !== undefined) {
    throw malformed(violation)
  }
  return bundle
}

/** Everything that needs no chain. @throws CodedError `malformed_bundle` where order or receipt is missing. */
export function verifyBundle(bundle: ReceiptBundle): BundleVerdict {
  const { order, receipt, opening } = partsOf(bundle)
  const interval = verifyBatchLeaf({ hash: bundle.root, sum: bundle.sum }, bundle.leaves, opening)
  const isOrdered =
    order.chainId === bundle.chainId && verifyOrder(order, opening.order?.signature ?? EMPTY, bundle.sessionPubkey)
  const checks: Record<BundleCheck, 'ok' | 'failed' | 'absent'> = {
    order_signed_by_payer: word(isOrdered && addressIs(bundle.sessionPubkey, order.payer)),
    receipt_signed_by_executor: word(verifyReceipt(receipt, opening.receipt?.signature ?? EMPTY, bundle.devicePubkey)),
    receipt_answers_order: word(equalBytes(receipt.orderHash, orderHash(order))),
    price_within_order: word(isPriced(order, receipt)),
    tokens_are_the_receipts: dataWord(bundle, order, receipt),
    leaf_is_the_receipt: word(isLeafOf(bundle, order, receipt)),
    leaf_under_root: word(interval !== undefined),
    voucher_covers_leaf: voucherWord(bundle, order, receipt),
  }
  return { valid: BUNDLE_CHECKS.every((name) => checks[name] !== 'failed'), checks }
}

const EMPTY = new Uint8Array(0)

function isPriced(order: Order, receipt: Receipt): boolean {
  const price = priceOf(order.price, receipt.promptTokens, receipt.outputTokens)
  const isCounted = receipt.promptTokens === order.promptTokens && receipt.outputTokens <= order.maxTokens
  return isCounted && receipt.price === price && price <= order.maxPrice
}

function isLeafOf({ opening }: ReceiptBundle, order: Order, receipt: Receipt): boolean {
  const leaf = opening?.leaf
  return (
    leaf !== undefined &&
    equalBytes(leaf.orderHash, receipt.orderHash) &&
    equalBytes(leaf.payer, order.payer) &&
    equalBytes(leaf.receiptHash, receiptHash(receipt)) &&
    leaf.to - leaf.from === receipt.price &&
    leaf.promptTokens === receipt.promptTokens &&
    leaf.outputTokens === receipt.outputTokens
  )
}

function dataWord({ data }: ReceiptBundle, order: Order, receipt: Receipt): 'ok' | 'failed' | 'absent' {
  if (data?.request === undefined) {
    return 'absent'
  }
  return word(
    equalBytes(data.orderHash, receipt.orderHash) &&
      equalBytes(promptHash(data.prompt), order.promptHash) &&
      equalBytes(requestHash(data.request), order.requestHash) &&
      equalBytes(tokensHash(data.output), receipt.tokensHash),
  )
}

/**
 * The voucher that belongs into a bundle: it has to reach its leaf. One whose place in the lane was taken by another receipt says less; its
 * receipt went to the chain without it.
 */
export function voucherOfLeaf(signed: SignedVoucher | undefined, to: bigint): SignedVoucher | undefined {
  return signed?.voucher !== undefined && signed.voucher.cumulative >= to ? signed : undefined
}

/** The payer's newest voucher, and the one of this very leaf, which the executor may have put beside it. */
function voucherWord(bundle: ReceiptBundle, order: Order, receipt: Receipt): 'ok' | 'failed' | 'absent' {
  const given = [bundle.voucher, bundle.opening?.voucher].filter((signed) => signed !== undefined)
  return given.length === 0 ? 'absent' : word(given.every((signed) => isCovered(signed, bundle, order, receipt)))
}

function isCovered(
  { voucher, signature }: SignedVoucher,
  bundle: ReceiptBundle,
  order: Order,
  receipt: Receipt,
): boolean {
  return (
    voucher !== undefined &&
    verifyVoucher(voucher, signature, bundle.sessionPubkey) &&
    voucher.chainId === bundle.chainId &&
    equalBytes(voucher.payer, order.payer) &&
    equalBytes(voucher.executor, receipt.executor) &&
    voucher.cumulative >= (bundle.opening?.leaf?.to ?? voucher.cumulative + 1n)
  )
}

function bundleViolation(bundle: ReceiptBundle): string | undefined {
  const conditions: readonly (readonly [boolean, string])[] = [
    [bundle.chainId.length <= 64, 'chain id'],
    [isPublicKey(bundle.sessionPubkey) && isPublicKey(bundle.devicePubkey), 'a public key'],
    [bundle.root.length === 32, 'root'],
    [bundle.sum > 0n && bundle.sum < WORK_LIMITS.amount, 'sum'],
    [bundle.leaves > 0 && bundle.leaves <= WORK_LIMITS.leavesPerBatch, 'leaves'],
    [/^[0-9A-F]{0,64}$/.test(bundle.txHash), 'transaction hash'],
  ]
  const { opening, voucher, data } = bundle
  return (
    conditions.find(([holds]) => !holds)?.[1] ??
    (opening === undefined ? 'opening' : openingViolation(opening)) ??
    (voucher?.voucher === undefined ? undefined : voucherViolation(voucher.voucher)) ??
    (data === undefined ? undefined : workDataViolation(data))
  )
}

function partsOf(bundle: ReceiptBundle): {
  order: Order
  receipt: Receipt
  opening: NonNullable<ReceiptBundle['opening']>
} {
  const { opening } = bundle
  const order = opening?.order?.order
  const receipt = opening?.receipt?.receipt
  if (opening === undefined || order === undefined || receipt === undefined) {
    throw malformed('order or receipt is missing')
  }
  return { order, receipt, opening }
}

function addressIs(publicKey: Uint8Array, address: Uint8Array): boolean {
  const own = tryDecodeAddress(addressOfPublicKey(publicKey))
  return own !== undefined && equalBytes(own, address)
}

function word(holds: boolean): 'ok' | 'failed' {
  return holds ? 'ok' : 'failed'
}

function malformed(reason: string, cause?: unknown): CodedError {
  return new CodedError('malformed_bundle', `receipt: ${reason}`, { cause })
}
