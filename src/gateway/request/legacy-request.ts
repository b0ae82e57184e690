/** The body of POST /v1/completions: OpenAI's older form, one or more prompts as text or as token ids. */
import { z } from 'zod'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { parameterError } from '../errors.ts'
import { GATEWAY_LIMITS } from '../limits.ts'
import type { JsonBody } from './read-json-body.ts'
import { boundedList, isOneOf, parseWith, unsupportedUnless, withoutNulls } from './schema-parts.ts'
import type { CompletionSettings } from './settings.ts'
import { settingsOf, sharedFields } from './settings.ts'

/** Text, or token ids. */
export type LegacyPrompt = string | readonly number[]

export interface LegacyRequest {
  readonly settings: CompletionSettings
  readonly prompts: readonly LegacyPrompt[]
}

const EXPECTED = 'expected a text, a list of token ids, or a list of these.'

const legacySchema = z.strictObject({
  ...sharedFields,
  prompt: z.unknown().refine((value) => value !== undefined, { error: 'Missing.' }),
  logprobs: z.int().min(0).max(GATEWAY_LIMITS.topLogprobs).optional(),
  echo: unsupportedUnless(isOneOf(false)),
  suffix: unsupportedUnless(isOneOf('')),
  /** Choosing the best of many answers: only where it is no choice. */
  best_of: z.int().min(1).max(GATEWAY_LIMITS.choices).optional(),
})

/** @throws CodedError of schema-parts.ts, naming the field. */
export function parseLegacyRequest(body: JsonBody): LegacyRequest {
  const fields = parseWith(legacySchema, withoutNulls(body.value))
  const settings = settingsOf(fields, body, { maxTokens: fields.max_tokens, topLogprobs: fields.logprobs })
  if (fields.best_of !== undefined && fields.best_of !== settings.choices) {
    throw parameterError('unsupported_parameter', 'best_of', "Unsupported parameter: 'best_of' must be equal to 'n'.")
  }
  const prompts = promptsOf(fields.prompt)
  if (prompts.length * settings.choices > GATEWAY_LIMITS.choices) {
    const message = `Invalid value for 'prompt': at most ${GATEWAY_LIMITS.choices} prompts times 'n'.`
    throw parameterError('invalid_value', 'prompt', message)
  }
  return { settings, prompts }
}

function promptsOf(value: unknown): readonly LegacyPrompt[] {
  if (typeof value === 'string') {
    return [value.toWellFormed()]
  }
  if (!Array.isArray(value) || value.length === 0) {
    throw parameterError('invalid_value', 'prompt', `Invalid value for 'prompt': ${EXPECTED}`)
  }
  if (isTokenList(value)) {
    return [value]
  }
  const several = schemaVerdict(boundedList(z.unknown(), GATEWAY_LIMITS.choices), value)
  if (!several.success) {
    throw parameterError(
      'invalid_value',
      'prompt',
      `Invalid value for 'prompt': at most ${GATEWAY_LIMITS.choices} prompts.`,
    )
  }
  return several.data.map((prompt, index) => {
    if (typeof prompt === 'string') {
      return prompt.toWellFormed()
    }
    if (isTokenList(prompt)) {
      return prompt
    }
    throw parameterError('invalid_value', `prompt[${index}]`, `Invalid value for 'prompt[${index}]': ${EXPECTED}`)
  })
}

function isTokenList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isInteger(token) && token >= 0)
}
