/**
 * The one table from codes to what a client sees: HTTP status and OpenAI's error body. Clients look at `code`, people at
 * `message`; a code that is not in the table is a fault of ours and says nothing of its inside.
 *
 * Statuses decide what SDKs do: openai-node and the AI SDK retry on 408, 409, 429 and ≥ 500, LangChain.js not on 402. So an
 * empty escrow is 402 `insufficient_quota`: with OpenAI's own 429 the first two would ask twice more for nothing.
 */
import type { ErrorFields } from '../lib/coded-error.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'

export interface OpenAiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string
}

export interface ErrorAnswer {
  readonly status: number
  readonly error: OpenAiError
  /** In seconds, for the Retry-After header. */
  readonly retryAfterSeconds?: number
}

interface Rule {
  readonly status: number
  readonly type: string
  /** The code that clients know it by, where that is not ours. */
  readonly code?: string
  readonly param?: string
  /** Said instead of the error's own message. */
  readonly message?: string
  /** Present where trying again makes sense; an error's own `retryAfterSeconds` wins. */
  readonly retryAfterSeconds?: number
}

const REQUEST = 'invalid_request_error'

/** Orders and vouchers are stored before they leave this machine. */
const DISK_FULL: Rule = {
  status: 503,
  type: 'server_error',
  code: 'disk_full',
  message:
    'The disk of this gateway is full, so it takes no new orders. They are taken again as soon as there is room.',
  retryAfterSeconds: 15,
}

const RULES: Readonly<Record<string, Rule>> = {
  invalid_json: { status: 400, type: REQUEST },
  json_too_deep: { status: 400, type: REQUEST },
  missing_required_parameter: { status: 400, type: REQUEST },
  unknown_parameter: { status: 400, type: REQUEST },
  unsupported_parameter: { status: 400, type: REQUEST },
  invalid_type: { status: 400, type: REQUEST },
  invalid_value: { status: 400, type: REQUEST },
  context_length_exceeded: { status: 400, type: REQUEST },
  text_too_long: { status: 400, type: REQUEST, code: 'context_length_exceeded' },
  too_many_messages: { status: 400, type: REQUEST, param: 'messages' },
  text_not_encodable: { status: 400, type: REQUEST },
  no_chat_template: { status: 400, type: REQUEST, param: 'model' },
  chat_not_renderable: { status: 400, type: REQUEST, param: 'messages' },
  invalid_api_key: { status: 401, type: REQUEST },
  key_unknown: { status: 401, type: REQUEST, message: 'No escrow on chain names this API key.' },
  key_expired: { status: 401, type: REQUEST, message: 'This API key has expired.' },
  insufficient_quota: {
    status: 402,
    type: 'insufficient_quota',
    message: 'The escrow of this API key cannot pay for the request. Deposit more, or ask for fewer tokens.',
  },
  price_above_cap: {
    status: 402,
    type: 'insufficient_quota',
    message: 'The public price of the model is above the price cap of this API key.',
  },
  origin_not_allowed: { status: 403, type: REQUEST },
  model_not_allowed: {
    status: 403,
    type: REQUEST,
    param: 'model',
    message: 'This API key may not order from this model.',
  },
  unknown_model: { status: 404, type: REQUEST, code: 'model_not_found', param: 'model' },
  unknown_url: { status: 404, type: REQUEST },
  receipt_not_found: { status: 404, type: REQUEST, param: 'order_hash' },
  receipt_pending: { status: 404, type: REQUEST, param: 'order_hash', retryAfterSeconds: 5 },
  method_not_allowed: { status: 405, type: REQUEST },
  body_too_large: { status: 413, type: REQUEST },
  unsupported_media_type: { status: 415, type: REQUEST },
  overloaded: {
    status: 429,
    type: 'overloaded',
    message: 'This gateway has as many orders in work as it may. Try again shortly.',
    retryAfterSeconds: 1,
  },
  aborted: { status: 499, type: 'aborted', message: 'The client went away.' },
  executor_lost: {
    status: 502,
    type: 'server_error',
    message: 'The host that served this order went away before its end. A new request is drawn anew.',
  },
  invalid_scores: {
    status: 502,
    type: 'server_error',
    message: 'The host that served this order sent scores that are none.',
  },
  executor_failed: {
    status: 502,
    type: 'server_error',
    message: 'The host that served this order gave up. A new request is drawn anew.',
  },
  bad_receipt: {
    status: 502,
    type: 'server_error',
    message: 'The receipt of the host that served this order does not fit it.',
  },
  order_refused: { status: 502, type: 'server_error', message: 'The host that was drawn finds fault with the order.' },
  order_cancelled: { status: 503, type: 'server_error', message: 'The order was ended early.', retryAfterSeconds: 1 },
  no_host: {
    status: 503,
    type: 'server_error',
    message: 'No host serves this model at the moment.',
    retryAfterSeconds: 10,
  },
  all_busy: {
    status: 503,
    type: 'server_error',
    message: 'All hosts that may be drawn for this order are busy.',
    retryAfterSeconds: 2,
  },
  disk_full: DISK_FULL,
  store_full: DISK_FULL,
  chain_unreachable: {
    status: 503,
    type: 'server_error',
    message: 'The gateway cannot reach the chain.',
    retryAfterSeconds: 5,
  },
}

const INTERNAL: Rule = { status: 500, type: 'server_error', code: 'internal_error', message: 'Internal error.' }

const MAX_RETRY_AFTER_SECONDS = 3_600

/** What the client is told of anything thrown. */
export function answerForError(error: unknown): ErrorAnswer {
  const ours = errorCode(error)
  const rule = Object.hasOwn(RULES, ours) ? (RULES[ours] as Rule) : INTERNAL
  const fields: ErrorFields = rule === INTERNAL || !(error instanceof Error) ? {} : fieldsOf(error)
  const own = error instanceof Error ? error.message : ''
  const param = typeof fields.param === 'string' ? fields.param : (rule.param ?? null)
  const retryAfterSeconds = retryAfter(rule, fields)
  return {
    status: rule.status,
    error: { message: rule.message ?? own, type: rule.type, param, code: rule.code ?? ours },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

/** True where the table does not know the code: the error is a fault of ours and must be logged. */
export function isInternalError(error: unknown): boolean {
  return !Object.hasOwn(RULES, errorCode(error))
}

/** A refusal of a request that names the field, as `messages[2].content`. */
export function parameterError(code: string, param: string, message: string): CodedError {
  return new CodedError(code, message, { fields: { param } })
}

function fieldsOf(error: Error): ErrorFields {
  const { fields } = error as Partial<CodedError>
  return typeof fields === 'object' && fields !== null ? fields : {}
}

function retryAfter(rule: Rule, fields: ErrorFields): number | undefined {
  if (rule.retryAfterSeconds === undefined) {
    return undefined
  }
  const wanted = fields.retryAfterSeconds
  if (typeof wanted !== 'number' || !(wanted >= 0)) {
    return rule.retryAfterSeconds
  }
  return Math.min(Math.ceil(wanted), MAX_RETRY_AFTER_SECONDS)
}
