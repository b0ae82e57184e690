import type { SignedVoucher } from '../gen/tailrace/v1/work.ts'
import { Receipt, Voucher } from '../gen/tailrace/v1/work.ts'
import { sha256, taggedBytes, taggedHash } from '../hash.ts'
import { signBytes, verifyBytes } from '../signature.ts'
import { tokenBytes } from './order.ts'

/** What an executor signs for its work, and what the payer's session key signs for a lane (protocol §3). */
export function tokensHash(tokens: readonly number[]): Uint8Array {
  return taggedHash('tailrace/work/tokens/1', tokenBytes(tokens))
}

/** Over the scores blob, SCORE_BYTES a token. */
export function scoresHash(scores: Uint8Array): Uint8Array {
  return taggedHash('tailrace/work/scores/1', scores)
}

export function receiptHash(receipt: Receipt): Uint8Array {
  return sha256(receiptBytes(receipt))
}

export function receiptBytes(receipt: Receipt): Uint8Array {
  return taggedBytes('tailrace/work/receipt/1', Receipt.encode(receipt).finish())
}

export function verifyReceipt(receipt: Receipt, signature: Uint8Array, devicePublicKey: Uint8Array): boolean {
  return verifyBytes(devicePublicKey, receiptHash(receipt), signature)
}

export function voucherHash(voucher: Voucher): Uint8Array {
  return taggedHash('tailrace/work/voucher/1', Voucher.encode(voucher).finish())
}

export function signVoucher(voucher: Voucher, sessionKey: Uint8Array): SignedVoucher {
  return { voucher, signature: signBytes(sessionKey, voucherHash(voucher)) }
}

export function verifyVoucher(voucher: Voucher, signature: Uint8Array, sessionPublicKey: Uint8Array): boolean {
  return verifyBytes(sessionPublicKey, voucherHash(voucher), signature)
}
