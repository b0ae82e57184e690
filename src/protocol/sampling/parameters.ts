/** What sampling parameters may be. Their shape is SamplingParams of work.proto; all numbers are Q16.16. */
import type { SamplingParams } from '../gen/tailrace/v1/work.ts'
import { ONE } from './quantize.ts'

/** Sums of weights (2^30 each) of so many tokens are exact in a double. */
export const MAX_VOCABULARY = 2 ** 20
const MAX_TEMPERATURE = 2 * ONE
const MAX_PENALTY = 2 * ONE
const MAX_BIAS = 100 * ONE
const MAX_BIASES = 1_024

/**
 * Undefined where the parameters are within their bounds, else what is wrong, in a few words that begin with the field's name
 * as OpenAI has it. With a vocabulary size, biased tokens must also exist.
 */
export function validateSampling(params: SamplingParams, vocabularySize: number = MAX_VOCABULARY): string | undefined {
  const { temperature, topK, topP, frequencyPenalty, presencePenalty, logitBias } = params
  const conditions: readonly (readonly [boolean, string])[] = [
    [isWithin(temperature, 0, MAX_TEMPERATURE), 'temperature must be from 0 to 2'],
    [isWithin(topK, 0, 2 ** 32 - 1), 'top_k must be an unsigned 32-bit integer'],
    [isWithin(topP, 1, ONE), 'top_p must be more than 0 and at most 1'],
    [isWithin(frequencyPenalty, -MAX_PENALTY, MAX_PENALTY), 'frequency_penalty must be from -2 to 2'],
    [isWithin(presencePenalty, -MAX_PENALTY, MAX_PENALTY), 'presence_penalty must be from -2 to 2'],
    [logitBias.length <= MAX_BIASES, `logit_bias must have at most ${MAX_BIASES} entries`],
    [logitBias.every(({ bias }) => isWithin(bias, -MAX_BIAS, MAX_BIAS)), 'logit_bias must be from -100 to 100'],
    [
      logitBias.every(({ token }) => isWithin(token, 0, vocabularySize - 1)),
      'logit_bias names a token that is not there',
    ],
    [
      logitBias.every(({ token }, index) => index === 0 || token > (logitBias[index - 1]?.token ?? token)),
      'logit_bias must name tokens in strictly increasing order',
    ],
  ]
  return conditions.find(([holds]) => !holds)?.[1]
}

function isWithin(value: number, least: number, greatest: number): boolean {
  return Number.isInteger(value) && value >= least && value <= greatest
}
