import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InferenceRequest } from '../../protocol/gen/tailrace/v1/work.ts'
import { validateSampling } from '../../protocol/sampling/parameters.ts'
import { requestViolation } from '../../protocol/work/request-violation.ts'
import { parseChatRequest } from './chat-request.ts'
import { toInferenceRequest } from './inference-request.ts'

const MODEL = { id: 'bytes', contextTokens: 256, defaultMaxTokens: 128, vocabularySize: 300 }
const BASE = { model: 'bytes', messages: [{ role: 'user', content: 'Hi' }] }

function request(fields: object, promptTokens = 10, choice = 0): InferenceRequest {
  const text = JSON.stringify({ ...BASE, ...fields })
  const { settings } = parseChatRequest({ text, value: JSON.parse(text) })
  return toInferenceRequest(settings, MODEL, promptTokens, choice)
}

test('defaults: temperature and top_p 1, no seed, the model’s max_tokens', () => {
  expect(request({})).toEqual({
    model: 'bytes',
    maxTokens: 128,
    sampling: { temperature: 65_536, topK: 0, topP: 65_536, frequencyPenalty: 0, presencePenalty: 0, logitBias: [] },
    stop: [],
    choice: 0,
  })
})

test('numbers become Q16.16, rounded to the nearest', () => {
  const { sampling } = request({ temperature: 0.7, top_p: 0.9, frequency_penalty: -0.3, presence_penalty: 2 })
  expect(sampling).toMatchObject({
    temperature: 45_875,
    topP: 58_982,
    frequencyPenalty: -19_661,
    presencePenalty: 131_072,
  })
  expect(request({ temperature: 1e-6, top_p: 0, frequency_penalty: -1e-9 }).sampling).toMatchObject({
    temperature: 0,
    topP: 1,
    frequencyPenalty: 0,
  })
  expect(Object.is(request({ frequency_penalty: -1e-9 }).sampling?.frequencyPenalty, 0)).toBe(true)
})

test('biases are sorted; those of nothing go', () => {
  const biases = { '12': 100, '3': -0.5, '7': 0, '299': 1e-9 }
  expect(request({ logit_bias: biases }).sampling?.logitBias).toEqual([
    { token: 3, bias: -32_768 },
    { token: 12, bias: 6_553_600 },
  ])
  expect(() => request({ logit_bias: { '300': 1 } })).toThrow(expect.objectContaining({ code: 'invalid_value' }))
})

test('seeds: 64 bits, exactly as written', () => {
  const seedOf = (json: string): bigint | undefined => {
    const text = `{"seed":${json},"model":"bytes","messages":[{"role":"user","content":"{\\"seed\\":1}"}],"metadata":{"seed":5}}`
    const { settings } = parseChatRequest({ text, value: JSON.parse(text) })
    return toInferenceRequest(settings, MODEL, 1, 0).seed
  }
  expect(seedOf('0')).toBe(0n)
  expect(seedOf('-1')).toBe(-1n)
  expect(seedOf('9007199254740993')).toBe(9_007_199_254_740_993n)
  expect(seedOf('9223372036854775807')).toBe((1n << 63n) - 1n)
  expect(seedOf('-9223372036854775808')).toBe(-(1n << 63n))
  expect(seedOf('1e18')).toBe(10n ** 18n)
  expect(seedOf('null')).toBeUndefined()
  for (const wrong of ['9223372036854775808', '-9223372036854775809', '1e19', '1.5', '"1"', '1e400']) {
    expect(() => seedOf(wrong)).toThrow(expect.objectContaining({ fields: { param: 'seed' } }))
  }
})

test('what the schema lets pass is within the bounds of the protocol, and survives its encoding', () => {
  const fields = fc.record(
    {
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      top_p: fc.double({ min: 0, max: 1, noNaN: true }),
      frequency_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
      presence_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
      logit_bias: fc.dictionary(
        fc.integer({ min: 0, max: 299 }).map(String),
        fc.double({ min: -100, max: 100, noNaN: true }),
      ),
      seed: fc.maxSafeInteger(),
      max_tokens: fc.integer({ min: 1, max: 246 }),
      stop: fc.array(fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' }), { maxLength: 16 }),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fields, fc.integer({ min: 0, max: 4 }), (body, choice) => {
      const made = request(body, 10, choice)
      expect(requestViolation(made)).toBeUndefined()
      expect(made.sampling === undefined ? 'none' : validateSampling(made.sampling, 300)).toBeUndefined()
      expect(InferenceRequest.decode(InferenceRequest.encode(made).finish())).toEqual(made)
    }),
    { numRuns: 300 },
  )
})
