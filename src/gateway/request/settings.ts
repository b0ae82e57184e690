/**
 * The fields that chat and legacy completions share: their schema, and what the gateway makes of them. Fields of OpenAI's API
 * that ask for nothing here are read over (documented beside each), those that would change the answer are refused by name.
 */
import { z } from 'zod'
import { parameterError } from '../errors.ts'
import { GATEWAY_LIMITS } from '../limits.ts'
import type { JsonBody } from './read-json-body.ts'
import { exactInteger } from './read-json-body.ts'
import { boundedList, isOneOf, shortText, unsupportedUnless } from './schema-parts.ts'

export interface CompletionSettings {
  readonly model: string
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Choices for each prompt; each is an order of its own, also at temperature 0: the client pays for what it asks for. */
  readonly choices: number
  readonly maxTokens: number | undefined
  /** 0 … 2 */
  readonly temperature: number
  /** 0 … 1 */
  readonly topP: number
  readonly frequencyPenalty: number
  readonly presencePenalty: number
  /** Token and bias, −100 … 100. */
  readonly logitBias: readonly (readonly [number, number])[]
  readonly stop: readonly string[]
  readonly seed: bigint | undefined
  /** Undefined where no log-probabilities are wanted. */
  readonly topLogprobs: number | undefined
}

const encoder = new TextEncoder()

const stopText = z
  .string()
  .min(1)
  .max(GATEWAY_LIMITS.stopBytes)
  .refine((text) => encoder.encode(text).length <= GATEWAY_LIMITS.stopBytes, {
    error: `At most ${GATEWAY_LIMITS.stopBytes} bytes.`,
  })
  .transform((text) => text.toWellFormed())

const tokenCount = z.int().min(1).optional()
const penalty = z.number().min(-2).max(2).optional()

const INT64_MIN = -(1n << 63n)
const INT64_MAX = (1n << 63n) - 1n

export const sharedFields = {
  model: z.string().min(1).max(GATEWAY_LIMITS.modelCharacters),
  stream: z.boolean().optional(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish(),
      /** Padding against observers of the connection; the gateway has none, so only `false` passes. */
      include_obfuscation: unsupportedUnless(isOneOf(false, null)),
    })
    .optional(),
  n: z.int().min(1).max(GATEWAY_LIMITS.choices).optional(),
  max_tokens: tokenCount,
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  logit_bias: z
    .custom<Record<string, unknown>>(
      (value) =>
        typeof value === 'object' &&
        !Array.isArray(value) &&
        Object.keys(value ?? {}).length <= GATEWAY_LIMITS.logitBiases,
      { error: `Expected an object of at most ${GATEWAY_LIMITS.logitBiases} entries.`, abort: true },
    )
    .pipe(z.record(z.string().regex(/^(0|[1-9]\d{0,9})$/), z.number().min(-100).max(100)))
    .optional(),
  stop: z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), boundedList(stopText, GATEWAY_LIMITS.stops))
    .optional(),
  /** The exact value is read from the body's text: exactInteger. */
  seed: z.number().refine(Number.isInteger, { error: 'Expected an integer.' }).optional(),
  /** Accepted and ignored: who the client's user is does not leave the gateway. */
  user: shortText.optional(),
} as const

type SharedFields = { readonly [K in keyof typeof sharedFields]?: z.output<(typeof sharedFields)[K]> }

/** @throws CodedError `invalid_value` where fields contradict each other. */
export function settingsOf(
  fields: SharedFields & { readonly model: string },
  body: JsonBody,
  own: Pick<CompletionSettings, 'maxTokens' | 'topLogprobs'>,
): CompletionSettings {
  if (fields.stream_options !== undefined && fields.stream !== true) {
    throw parameterError('invalid_value', 'stream_options', "'stream_options' is only allowed when 'stream' is true.")
  }
  return {
    model: fields.model,
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
    choices: fields.n ?? 1,
    temperature: fields.temperature ?? 1,
    topP: fields.top_p ?? 1,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    presencePenalty: fields.presence_penalty ?? 0,
    logitBias: Object.entries(fields.logit_bias ?? {}).map(([token, bias]) => [Number(token), bias] as const),
    stop: fields.stop ?? [],
    seed: fields.seed === undefined ? undefined : seedOf(body),
    ...own,
  }
}

function seedOf(body: JsonBody): bigint {
  const seed = exactInteger(body, 'seed')
  if (seed === undefined || seed < INT64_MIN || seed > INT64_MAX) {
    throw parameterError('invalid_value', 'seed', "Invalid value for 'seed': expected a 64-bit signed integer.")
  }
  return seed
}
