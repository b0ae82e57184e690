/**
 * From a parsed request to what the network signs: prompt token ids and the canonical InferenceRequest, all numbers Q16.16.
 * Equal wishes give equal bytes: biases are sorted and those of 0 dropped, roundings are to the nearest.
 */
import { CodedError } from '../../lib/coded-error.ts'
import type { InferenceRequest, SamplingParams } from '../../protocol/gen/tailrace/v1/work.ts'
import { parameterError } from '../errors.ts'
import { GATEWAY_LIMITS } from '../limits.ts'
import type { GatewayModel } from '../ports.ts'
import type { CompletionSettings } from './settings.ts'

const ONE = 65_536

type RequestModel = Pick<GatewayModel, 'id' | 'contextTokens' | 'defaultMaxTokens' | 'vocabularySize'>

/** @throws CodedError `context_length_exceeded`, `invalid_value` (a bias for a token that the model does not have) */
export function toInferenceRequest(
  settings: CompletionSettings,
  model: RequestModel,
  promptTokens: number,
  choice: number,
): InferenceRequest {
  return {
    model: model.id,
    maxTokens: maxTokensFor(settings.maxTokens, model, promptTokens),
    sampling: toSampling(settings, model),
    stop: [...settings.stop],
    ...(settings.seed === undefined ? {} : { seed: settings.seed }),
    choice,
  }
}

/** @throws CodedError `context_length_exceeded` where so long a text cannot fit, before it is split into tokens. */
export function checkPromptSize(characters: number, model: RequestModel): void {
  if (characters > model.contextTokens * GATEWAY_LIMITS.promptBytesPerToken) {
    const message = `This model's maximum context length is ${model.contextTokens} tokens. Your prompt of ${characters} characters is longer.`
    throw new CodedError('context_length_exceeded', message)
  }
}

function maxTokensFor(wanted: number | undefined, model: RequestModel, promptTokens: number): number {
  const room = model.contextTokens - promptTokens
  const maxTokens = wanted ?? Math.min(model.defaultMaxTokens, room)
  if (room < 1 || maxTokens > room) {
    const asked = wanted ?? 1
    const message =
      `This model's maximum context length is ${model.contextTokens} tokens. However, you requested ${promptTokens + asked} tokens ` +
      `(${promptTokens} in the prompt, ${asked} for the completion). Please reduce the length of either.`
    // Where the prompt alone fits, the wish for tokens is what is too large.
    throw new CodedError('context_length_exceeded', message, room < 1 ? {} : { fields: { param: 'max_tokens' } })
  }
  return maxTokens
}

function toSampling(settings: CompletionSettings, model: RequestModel): SamplingParams {
  const unknown = settings.logitBias.find(([token]) => token >= model.vocabularySize)
  if (unknown !== undefined) {
    const message = `Invalid value for 'logit_bias': the model has no token ${unknown[0]}.`
    throw parameterError('invalid_value', 'logit_bias', message)
  }
  return {
    temperature: toFixed(settings.temperature),
    topK: 0,
    // 0 would be no token at all: the best one stays.
    topP: Math.max(1, toFixed(settings.topP)),
    frequencyPenalty: toFixed(settings.frequencyPenalty),
    presencePenalty: toFixed(settings.presencePenalty),
    logitBias: settings.logitBias
      .map(([token, bias]) => ({ token, bias: toFixed(bias) }))
      .filter(({ bias }) => bias !== 0)
      .sort((a, b) => a.token - b.token),
  }
}

function toFixed(value: number): number {
  // `+ 0`: a negative zero would be another value in some encodings.
  return Math.round(value * ONE) + 0
}
