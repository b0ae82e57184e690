/**
 * Messages between an inference worker and its owner, each declared once: the type and the bounded decoder come from the same
 * line. The owner sends requests, cancels and acknowledgements; the worker answers each request once and reports the tokens of
 * a generation in between.
 *
 * Invariant: of one generation at most one chunk of tokens is unacknowledged, so the worker is never ahead of who reads.
 *
 * Read next: inference-client.ts (the owner's side), inference-server.ts (the worker's side), inference-engine.ts (the work).
 */
import { CodedError } from '../../lib/coded-error.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import type { Decoded, Decoder } from '../message-schema.ts'
import { bytes, bytesUpTo, int32s, integer, integers, list, oneOf, rate, record, text } from '../message-schema.ts'

const MAX_U32 = 2 ** 32 - 1
const MAX_I32 = 2 ** 31 - 1
const MAX_BIASES = 1_024
/** Tokens of one event. */
const MAX_CHUNK = 64
const count = integer(0, Number.MAX_SAFE_INTEGER)
const u32 = integer(0, MAX_U32)
const i32 = integer(-MAX_I32, MAX_I32)

const modelName = text(WORK_LIMITS.modelCharacters)
const prompt = integers(0, MAX_U32, WORK_LIMITS.promptTokens)
const stop = list(text(WORK_LIMITS.stopCharacters), WORK_LIMITS.stopTexts)

const sampling = record({
  temperature: u32,
  topK: u32,
  topP: u32,
  frequencyPenalty: i32,
  presencePenalty: i32,
  logitBias: list(record({ token: u32, bias: i32 }), MAX_BIASES),
})

const job = { model: modelName, prompt, sampling, samplingSeed: bytes(32), choice: integer(0, MAX_I32), stop }

const report = record({
  model: modelName,
  backend: oneOf('webgpu', 'wasm'),
  numericClass: text(WORK_LIMITS.classCharacters),
  adapter: text(128),
  contextTokens: count,
  tokensPerSecond: rate,
  choiceReason: text(WORK_LIMITS.codeCharacters),
  canaryDifference: count,
})

const nothing = record({})

/** Requests by type, with the reply of each. */
const REQUESTS = {
  load: { request: record({ model: modelName }), reply: report },
  /** A cancel ends it with `cancelled`. */
  generate: {
    request: record({ ...job, maxTokens: integer(1, WORK_LIMITS.outputTokens) }),
    reply: record({ finish: oneOf('stop', 'length', 'cancelled'), outputTokens: count }),
  },
  score: {
    request: record({
      ...job,
      output: integers(0, MAX_U32, WORK_LIMITS.outputTokens),
      engine: oneOf('own', 'reference'),
    }),
    reply: record({
      numericClass: text(WORK_LIMITS.classCharacters),
      scores: bytesUpTo(WORK_LIMITS.outputTokens * SCORE_BYTES),
      margins: int32s(WORK_LIMITS.outputTokens),
      ending: oneOf('end_token', 'stop_text', 'open'),
    }),
  },
  /** Frees everything; the worker answers nothing afterwards. */
  dispose: { request: nothing, reply: nothing },
} as const

/** Tokens of the generation that the request `id` started, each once and in order. The owner acknowledges each event. */
const tokensEvent = record({
  id: count,
  tokens: integers(0, MAX_U32, MAX_CHUNK),
  scores: bytesUpTo(MAX_CHUNK * SCORE_BYTES),
})

/** What the worker of Node finds in its workerData. */
const nodeInit = record({
  /** Path of a folder with one folder for each model. */
  modelsFolder: text(4_096),
  /** Of WASM where it serves. */
  threads: integer(1, 64),
})

/** What the worker of a page is told first. */
const pageInit = record({
  /** Folder with one folder for each model, ending in `/`. */
  modelsUrl: text(2_048),
  backend: oneOf('auto', 'webgpu', 'wasm'),
})

export type RequestType = keyof typeof REQUESTS
export type RequestBody<T extends RequestType> = Decoded<(typeof REQUESTS)[T]['request']>
export type ReplyBody<T extends RequestType> = Decoded<(typeof REQUESTS)[T]['reply']>
export type TokensEvent = Decoded<typeof tokensEvent>
export type NodeInit = Decoded<typeof nodeInit>
export type PageInit = Decoded<typeof pageInit>

/** What the owner sends. `id` names the request in replies, events, cancels and acknowledgements. */
export type OwnerMessage =
  | {
      readonly [T in RequestType]: {
        readonly kind: 'request'
        readonly id: number
        readonly type: T
        readonly body: RequestBody<T>
      }
    }[RequestType]
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'ack'; readonly id: number }

/** What the worker sends. The body of a reply is decoded by its receiver, who knows the request's type. */
export type WorkerMessage =
  | { readonly kind: 'reply'; readonly id: number; readonly body: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: unknown }
  | ({ readonly kind: 'tokens' } & TokensEvent)

const requestHeader = record({ id: count, type: oneOf(...(Object.keys(REQUESTS) as RequestType[])) })
const idOnly = record({ id: count })

/** @throws CodedError `invalid_message`. */
export function decodeOwnerMessage(value: unknown): OwnerMessage {
  const kind = kindOf(value)
  if (kind === 'cancel' || kind === 'ack') {
    return { kind, ...idOnly.decode(value, kind) }
  }
  if (kind !== 'request') {
    throw new CodedError('invalid_message', 'neither a request nor a cancel nor an acknowledgement')
  }
  const { id, type } = requestHeader.decode(value, 'request')
  const decoder: Decoder<unknown> = REQUESTS[type].request
  return { kind: 'request', id, type, body: decoder.decode((value as { body?: unknown }).body, type) } as OwnerMessage
}

/** @throws CodedError `invalid_message`. */
export function decodeWorkerMessage(value: unknown): WorkerMessage {
  const { body, error } = (value ?? {}) as { body?: unknown; error?: unknown }
  switch (kindOf(value)) {
    case 'reply':
      return { kind: 'reply', ...idOnly.decode(value, 'reply'), body }
    case 'failure':
      return { kind: 'failure', ...idOnly.decode(value, 'failure'), error }
    case 'tokens': {
      const event = tokensEvent.decode(value, 'tokens')
      if (event.scores.length !== event.tokens.length * SCORE_BYTES) {
        throw new CodedError('invalid_message', 'tokens: another number of scores')
      }
      return { kind: 'tokens', ...event }
    }
    default:
      throw new CodedError('invalid_message', 'no message of an inference worker')
  }
}

/** @throws CodedError `invalid_message`. */
export function decodeReply<T extends RequestType>(type: T, body: unknown): ReplyBody<T> {
  const decoder: Decoder<unknown> = REQUESTS[type].reply
  return decoder.decode(body, `${type} reply`) as ReplyBody<T>
}

/** @throws CodedError `invalid_message`. */
export function decodeNodeInit(value: unknown): NodeInit {
  return nodeInit.decode(value, 'workerData')
}

/** @throws CodedError `invalid_message`. */
export function decodePageInit(value: unknown): PageInit {
  return pageInit.decode(value, 'init')
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined
}
