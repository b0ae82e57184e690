import type { InferenceRequest } from '../gen/tailrace/v1/work.ts'
import { validateSampling } from '../sampling/parameters.ts'
import { WORK_LIMITS } from './limits.ts'

/** Undefined when the canonical request is within its bounds, else what is wrong, in a few words. */
export function requestViolation(request: InferenceRequest): string | undefined {
  const { sampling, stop } = request
  const conditions: readonly (readonly [boolean, string])[] = [
    [request.model.length > 0 && request.model.length <= WORK_LIMITS.modelCharacters, 'model name'],
    [request.maxTokens > 0 && request.maxTokens <= WORK_LIMITS.outputTokens, 'max_tokens out of range'],
    [sampling !== undefined, 'sampling is missing'],
    [stop.length <= WORK_LIMITS.stopTexts, 'too many stop texts'],
    [stop.every((text) => text.length > 0 && text.length <= WORK_LIMITS.stopCharacters), 'stop text length'],
    [request.choice < WORK_LIMITS.choices, 'choice out of range'],
  ]
  return conditions.find(([holds]) => !holds)?.[1] ?? (sampling === undefined ? undefined : validateSampling(sampling))
}
