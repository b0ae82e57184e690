/** What each check of a receipt says where it holds, and where it does not. */
import type { ReceiptVerdict } from '../../../ipc/wires/developer-wire.ts'
import type { BundleCheck } from '../../../protocol/work/bundle.ts'
import { codeWords, isKnown } from './sentence.ts'

/** What only the chain can confirm; the host's own list is compared by a conformance test. */
export type ChainCheck = 'network_is_the_receipts' | 'batch_on_chain' | 'executor_key_on_chain' | 'not_refunded'

interface CheckWords {
  readonly ok: string
  readonly failed: string
  readonly absent: string
}

const NOT_CARRIED = 'the receipt does not carry it'

export const RECEIPT_CHECKS: Readonly<Record<BundleCheck | ChainCheck, CheckWords>> = {
  order_signed_by_payer: {
    ok: 'The payer signed the order',
    failed: 'The order is not signed by the payer',
    absent: `The payer’s signature: ${NOT_CARRIED}`,
  },
  receipt_signed_by_executor: {
    ok: 'The executor signed the receipt',
    failed: 'The receipt is not signed by the executor',
    absent: `The executor’s signature: ${NOT_CARRIED}`,
  },
  receipt_answers_order: {
    ok: 'The receipt answers this order',
    failed: 'The receipt is for another order',
    absent: `The order that it answers: ${NOT_CARRIED}`,
  },
  price_within_order: {
    ok: 'Tokens and price are what was ordered',
    failed: 'Tokens or price are not what was ordered',
    absent: `The price: ${NOT_CARRIED}`,
  },
  tokens_are_the_receipts: {
    ok: 'Prompt and answer are the ones that were signed',
    failed: 'Prompt or answer were changed since',
    absent: `Prompt and answer: ${NOT_CARRIED}`,
  },
  leaf_is_the_receipt: {
    ok: 'The batch’s leaf is this receipt',
    failed: 'The batch’s leaf is another receipt',
    absent: `The leaf: ${NOT_CARRIED}`,
  },
  leaf_under_root: {
    ok: 'The leaf is in the batch, at its price',
    failed: 'The leaf is not in the batch',
    absent: `The path to the root: ${NOT_CARRIED}`,
  },
  voucher_covers_leaf: {
    ok: 'The payer’s voucher covers it',
    failed: 'The payer’s voucher does not cover it',
    absent: 'No voucher of the payer yet: it is checked in any case',
  },
  network_is_the_receipts: {
    ok: 'It is from this network',
    failed: 'It is from another network',
    absent: 'The network was not asked',
  },
  batch_on_chain: {
    ok: 'The batch is on chain, exactly like this',
    failed: 'The chain has no such batch',
    absent: 'The chain was not asked for the batch',
  },
  executor_key_on_chain: {
    ok: 'The executor’s key is the one on chain',
    failed: 'The executor’s key is not the one on chain',
    absent: 'The chain was not asked for the key',
  },
  not_refunded: {
    ok: 'The batch was not refunded',
    failed: 'The batch was refunded: this receipt is not paid',
    absent: 'The chain was not asked what became of the batch',
  },
}

export function receiptCheckWords(name: string, result: keyof CheckWords): string {
  return isKnown(RECEIPT_CHECKS, name) ? RECEIPT_CHECKS[name][result] : codeWords(name)
}

export const VERDICT_WORDS: Readonly<Record<ReceiptVerdict['state'], string>> = {
  verified: 'Verified: every check holds, on chain too.',
  pending: 'Not batched yet. Once it is on chain it can be verified.',
  failed: 'This receipt does not hold.',
  unknown: 'There is no receipt of this order here.',
}
