import { expect, test } from 'vitest'
import { samplingParams } from '../../../test/support/sampling-logits.ts'
import { validateSampling } from './parameters.ts'
import { ONE } from './quantize.ts'

const entry = (token: number, bias = 0): { token: number; bias: number } => ({ token, bias })

test.each([
  ['all at their least', { temperature: 0, topK: 0, topP: 1, frequencyPenalty: -2 * ONE, presencePenalty: -2 * ONE }],
  ['all at their greatest', { temperature: 2 * ONE, topK: 2 ** 32 - 1, frequencyPenalty: 2 * ONE }],
  ['a bias at each end', { logitBias: [entry(0, -100 * ONE), entry(99, 100 * ONE)] }],
  ['1,024 biases', { logitBias: Array.from({ length: 1_024 }, (_, token) => entry(token)) }, 1_024],
])('accepts %s', (_, over, vocabularySize = 100) => {
  expect(validateSampling(samplingParams(over), vocabularySize)).toBeUndefined()
})

test.each([
  ['temperature', { temperature: 2 * ONE + 1 }],
  ['temperature', { temperature: -1 }],
  ['temperature', { temperature: 0.5 }],
  ['top_k', { topK: -1 }],
  ['top_k', { topK: Number.NaN }],
  ['top_p', { topP: 0 }],
  ['top_p', { topP: ONE + 1 }],
  ['frequency_penalty', { frequencyPenalty: 2 * ONE + 1 }],
  ['presence_penalty', { presencePenalty: -2 * ONE - 1 }],
  ['logit_bias', { logitBias: [entry(0, 100 * ONE + 1)] }],
  ['logit_bias', { logitBias: [entry(3), entry(3)] }],
  ['logit_bias', { logitBias: [entry(3), entry(2)] }],
  ['logit_bias', { logitBias: [entry(100)] }],
  ['logit_bias', { logitBias: [entry(-1)] }],
  ['logit_bias', { logitBias: Array.from({ length: 1_025 }, (_, token) => entry(token)) }],
])('refuses a bad %s', (field, over) => {
  expect(validateSampling(samplingParams(over), 100)).toMatch(new RegExp(`^${field} `))
})

test('without a vocabulary size any token below 2^20 may be biased', () => {
  expect(validateSampling(samplingParams({ logitBias: [entry(2 ** 20 - 1)] }))).toBeUndefined()
  expect(validateSampling(samplingParams({ logitBias: [entry(2 ** 20)] }))).toMatch(/^logit_bias /)
})
