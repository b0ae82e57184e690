/** What a failed command says, and a chat that failed. Complete sentences, with what to do. */
import { ORDER_FAULTS } from './refusals.ts'
import { isKnown } from './sentence.ts'

/** What a failed command says. */
export function failureSentence(code: string): string {
  switch (code) {
    case 'connection_lost':
      return 'The host did not answer. It reconnects by itself; try again in a moment.'
    case 'chain_unreachable':
      return 'The chain does not answer right now. Try again in a moment.'
    case 'gateway_unreachable':
      return 'The gateway does not answer right now. It restarts by itself; try again in a moment.'
    case 'invalid_message':
    case 'contract_mismatch':
      return 'This page is older than the host. Reload it.'
    case 'file_too_large':
      return 'A file of the data folder is far larger than Tailrace ever writes it, so it was not read. Restore it from a backup, or move it away.'
    case 'newer_data':
      return 'A file of the data folder was written by a newer Tailrace. Nothing was changed; install that version to go on.'
    case 'wallet_needed':
      return 'There is no wallet on this computer yet. Create one on the wallet page, or restore yours from its words.'
    default:
      return `That did not work (${code}). The log folder has the details.`
  }
}

/** Codes with which a chat through the gateway can end, as a client knows them; a conformance test compares. */
export const CHAT_FAILURES = {
  connection_lost: 'The host did not answer. It reconnects by itself; ask again in a moment.',
  contract_mismatch: 'This page is older than the host. Reload it.',
  invalid_message: 'This page is older than the host. Reload it.',
  aborted: 'Stopped.',
  gateway_unreachable: 'The gateway does not answer. It restarts by itself; ask again in a moment.',
  stream_ended: 'The answer broke off before its end. What was not delivered is not paid.',
  malformed_answer: 'The gateway answered something that this page cannot read.',
  request_failed: 'The gateway did not take the request. The log folder has the details.',
  context_length_exceeded:
    'This is more than the model can read at once. Begin anew, leave the earlier turns out, or ask for fewer tokens.',
  too_many_messages: 'The conversation has too many turns. Begin anew.',
  text_not_encodable: 'The model’s tokenizer has no tokens for some of these characters.',
  no_chat_template: 'This model takes plain completions only, no chat.',
  chat_not_renderable: 'The conversation does not fit the model’s template. Begin anew.',
  invalid_api_key: 'The gateway does not know this API key.',
  key_unknown: 'No escrow on chain names this API key yet. It is deposited at the start; ask again in a moment.',
  key_expired: 'This API key has expired. Create another one with “tailrace key create”.',
  insufficient_quota: 'The escrow cannot pay for this. Deposit more, or ask for fewer tokens.',
  price_above_cap: 'The model costs more at the moment than this API key allows.',
  origin_not_allowed: 'The gateway does not take requests from there.',
  model_not_allowed: 'This API key may not order from this model.',
  model_not_found: 'The network has no model of that name.',
  overloaded: 'The gateway has as many orders in work as it may. Ask again in a moment.',
  executor_lost:
    'The host that answered went away before the end. What was not delivered is not paid. Ask again: another one is drawn.',
  invalid_scores: 'The host that answered sent scores that are none. Ask again: another one is drawn.',
  order_cancelled: 'The order was ended early. Ask again.',
  no_host: 'No host serves this model at the moment. Yours does once it has weight and the model is loaded.',
  all_busy: 'All hosts that may be drawn are busy, during a race most are. Ask again in a moment.',
  chain_unreachable: 'The gateway cannot reach the chain. Ask again in a moment.',
  disk_full: 'The gateway’s disk is full, so it takes no new orders. Make room on it, then ask again.',
  invalid_json: 'The gateway could not read the request.',
  json_too_deep: 'The gateway could not read the request.',
  missing_required_parameter: 'The gateway misses a part of the request. Reload the page.',
  unknown_parameter: 'The gateway does not know a part of the request. Reload the page.',
  unsupported_parameter: 'The gateway does not do what was asked. Reload the page.',
  invalid_type: 'The gateway could not read a part of the request. Reload the page.',
  invalid_value: 'A value is outside of what the gateway takes.',
  body_too_large: 'The conversation is too long. Begin anew.',
  unsupported_media_type: 'The gateway could not read the request.',
  unknown_url: 'The gateway is older or newer than this page. Reload it.',
  method_not_allowed: 'The gateway is older or newer than this page. Reload it.',
  receipt_not_found: 'The gateway has no such receipt.',
  receipt_pending: 'The receipt is not on chain yet.',
  internal_error: 'Something broke inside the gateway. Please report it with the logs.',
} as const

/** `message` is the gateway's own text, for codes that are not known here. */
export function chatFailureSentence(code: string, message: string): string {
  if (isKnown(CHAT_FAILURES, code)) {
    return CHAT_FAILURES[code]
  }
  if (isKnown(ORDER_FAULTS, code)) {
    return ORDER_FAULTS[code]
  }
  return message === '' ? failureSentence(code) : `The gateway says: ${message}`
}
