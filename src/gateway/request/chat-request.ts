/** The body of POST /v1/chat/completions. */
import { z } from 'zod'
import type { ChatMessage } from '../../models/chat-template.ts'
import { parameterError } from '../errors.ts'
import { GATEWAY_LIMITS } from '../limits.ts'
import type { JsonBody } from './read-json-body.ts'
import {
  anyObject,
  boundedList,
  isEmptyList,
  isOneOf,
  parseWith,
  shortText,
  unsupported,
  unsupportedUnless,
  withoutNulls,
} from './schema-parts.ts'
import type { CompletionSettings } from './settings.ts'
import { settingsOf, sharedFields } from './settings.ts'

export interface ChatRequest {
  readonly settings: CompletionSettings
  readonly messages: readonly ChatMessage[]
}

const textPart = z.strictObject({
  type: z.literal('text', { error: "only parts of type 'text' are supported." }),
  text: z.string(),
  /** A hint for caches, which the network does not have. */
  prompt_cache_breakpoint: z.unknown().optional(),
})

const content = z.preprocess(
  (value) => (typeof value === 'string' ? [{ type: 'text', text: value }] : value),
  boundedList(textPart, GATEWAY_LIMITS.contentParts),
)

const message = z.preprocess(
  withoutNulls,
  z
    .strictObject({
      role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
      content: content.optional(),
      /** Accepted and ignored: chat templates know roles only. */
      name: shortText.optional(),
      /** To what a tool answered; the text itself is in the conversation. */
      tool_call_id: shortText.optional(),
      tool_calls: unsupportedUnless(isEmptyList),
      function_call: unsupported(),
      audio: unsupported(),
      refusal: unsupportedUnless(isOneOf('')),
      /** What openai-node puts into messages that it hands back. */
      annotations: unsupportedUnless(isEmptyList),
      parsed: unsupported(),
    })
    .refine((value) => value.content !== undefined || value.role === 'assistant', {
      path: ['content'],
      error: 'Missing.',
    }),
)

const chatSchema = z.strictObject({
  ...sharedFields,
  /** Parsed one by one, so that the first bad one ends it: the library has no end at the first. */
  messages: boundedList(z.unknown(), GATEWAY_LIMITS.messages).refine((list) => list.length > 0, {
    error: 'At least one message.',
  }),
  max_completion_tokens: z.int().min(1).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(GATEWAY_LIMITS.topLogprobs).optional(),
  // Read over: they change nothing about the answer.
  metadata: anyObject.optional(),
  prompt_cache_key: shortText.optional(),
  prompt_cache_retention: shortText.optional(),
  prompt_cache_options: anyObject.optional(),
  safety_identifier: shortText.optional(),
  parallel_tool_calls: z.boolean().optional(),
  // Only the values that ask for nothing.
  store: unsupportedUnless(isOneOf(false)),
  service_tier: unsupportedUnless(isOneOf('auto', 'default')),
  verbosity: unsupportedUnless(isOneOf('medium')),
  reasoning_effort: unsupportedUnless(isOneOf('none')),
  response_format: unsupportedUnless(isTextFormat),
  modalities: unsupportedUnless((value) => Array.isArray(value) && value.length === 1 && value[0] === 'text'),
  tools: unsupportedUnless(isEmptyList),
  tool_choice: unsupportedUnless(isOneOf('none', 'auto')),
  functions: unsupportedUnless(isEmptyList),
  function_call: unsupportedUnless(isOneOf('none', 'auto')),
  audio: unsupported(),
  prediction: unsupported(),
  web_search_options: unsupported(),
  moderation: unsupported(),
})

/** @throws CodedError of schema-parts.ts, naming the field. */
export function parseChatRequest(body: JsonBody): ChatRequest {
  const fields = parseWith(chatSchema, withoutNulls(body.value))
  if (fields.top_logprobs !== undefined && fields.logprobs !== true) {
    throw parameterError('invalid_value', 'top_logprobs', "'top_logprobs' is only allowed when 'logprobs' is true.")
  }
  const { max_tokens: older, max_completion_tokens: newer } = fields
  if (older !== undefined && newer !== undefined && older !== newer) {
    throw parameterError(
      'invalid_value',
      'max_tokens',
      "'max_tokens' and 'max_completion_tokens' contradict each other.",
    )
  }
  const settings = settingsOf(fields, body, {
    maxTokens: newer ?? older,
    topLogprobs: fields.logprobs === true ? (fields.top_logprobs ?? 0) : undefined,
  })
  return { settings, messages: fields.messages.map(toChatMessage) }
}

/** Templates know `system`; `developer` is its newer name. */
function toChatMessage(value: unknown, index: number): ChatMessage {
  const { role, content: parts = [] } = parseWith(message, value, ['messages', index])
  const text = parts.map((part) => part.text).join('')
  return { role: role === 'developer' ? 'system' : role, content: text.toWellFormed() }
}

function isTextFormat(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'text'
}
