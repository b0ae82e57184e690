/** Why a host that was drawn did not take an order, and what was wrong with an order that failed. */
import { codeWords, isKnown } from './sentence.ts'

/** What a drawn host signs when it does not take an order; `timeout` is the gateway's word where it says nothing. */
export const REFUSAL_CODES = [
  'timeout',
  'busy',
  'leaving',
  'model_unavailable',
  'unavailable',
  'voucher_missing',
] as const
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** Each the end of “passed over: …”. */
export const REFUSAL_WORDS: Readonly<Record<RefusalCode, string>> = {
  timeout: 'it did not answer in time',
  busy: 'it was busy',
  leaving: 'it was about to leave',
  model_unavailable: 'it could not run the model',
  unavailable: 'it could not reach the chain',
  voucher_missing: 'it waits for vouchers of earlier orders',
}

/** Why an order was in vain: faults that an executor finds in it, and what can happen on the way. Complete sentences. */
export const ORDER_FAULTS = {
  malformed_order: 'The order could not be read.',
  order_running: 'The same order is running already.',
  wrong_chain: 'The order is for another network.',
  wrong_gateway: 'The order came from another gateway than it names.',
  request_mismatch: 'The order does not match its request.',
  prompt_too_long: 'The prompt is longer than the model can read.',
  not_postable: 'The request is so long that its check would not fit on chain. Ask for fewer tokens.',
  prompt_hash: 'The prompt is not the one that was ordered.',
  request_hash: 'The request is not the one that was ordered.',
  unknown_model: 'The network has no such model.',
  price_too_low: 'The price has risen since the order was signed.',
  max_price_too_low: 'The order offers less than it may come to.',
  height_too_old: 'The order was signed too many blocks ago.',
  height_ahead: 'The order names a block that is not there yet.',
  expiry_too_near: 'The order was about to expire.',
  unknown_escrow: 'No escrow on chain pays for the order.',
  bad_signature: 'The order’s signature is wrong.',
  escrow_frozen: 'The escrow is frozen: it was proven to promise too much.',
  escrow_closing: 'The escrow is being withdrawn.',
  escrow_expired: 'The escrow’s key has expired.',
  model_not_allowed: 'The key may not order from this model.',
  price_above_cap: 'The model costs more than the key allows.',
  total_too_low: 'The order promises less than it may cost.',
  escrow_short: 'The escrow cannot cover the order. Deposit more.',
  sequence_ahead: 'The order’s number is too far ahead.',
  sequence_used: 'The order’s number was used before.',
  draw_unknown: 'The executor could not recompute the draw.',
  not_drawn: 'The executor was not drawn for this order.',
  wrong_skips: 'The hosts passed over are not those drawn before it.',
  skip_unfounded: 'A host was passed over that does answer.',
  no_host: 'No host serves this model at the moment.',
  all_busy: 'All hosts that were drawn are busy. Try again in a moment.',
  order_refused: 'The executor found fault with the order.',
  executor_failed: 'The executor gave up.',
  executor_lost: 'The executor went away before the end.',
  bad_receipt: 'The executor’s receipt does not match the order, so it is not countersigned.',
  invalid_scores: 'The executor sent scores that are none.',
  frame_timeout: 'The connection to the executor fell silent.',
  malformed_frame: 'The executor sent something that cannot be read.',
  stream_closed: 'The connection to the executor broke.',
  peer_unreachable: 'The executor cannot be reached.',
  cancelled: 'It was stopped before its first token.',
  aborted: 'It was stopped.',
  receipt_expired:
    'Its order expired before it could be batched. A host that is switched off while it works loses receipts like this.',
  never_countersigned: 'The payer never signed for it, and it is too late to bring it on chain without that.',
  executor_restarted: 'The host was started anew in the middle of it.',
  device_lost: 'The GPU was lost in the middle of it.',
  compute_unavailable: 'Nothing computed: no tab lent its GPU.',
  worker_gone: 'The compute worker ended in the middle of it.',
  internal_error: 'Something broke inside. Please report it with the logs.',
} as const

export function refusalWords(code: string): string {
  return isKnown(REFUSAL_WORDS, code) ? REFUSAL_WORDS[code] : `it said “${codeWords(code)}”`
}

export function orderFaultWords(code: string): string {
  if (isKnown(ORDER_FAULTS, code)) {
    return ORDER_FAULTS[code]
  }
  return isKnown(REFUSAL_WORDS, code)
    ? `The executor was drawn, but ${REFUSAL_WORDS[code]}.`
    : `It ended with “${codeWords(code)}”.`
}
