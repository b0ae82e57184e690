import { describe, expect, test } from 'vitest'
import type { LogitRecipe } from '../../../test/support/sampling-logits.ts'
import { generateLogits, samplingParams } from '../../../test/support/sampling-logits.ts'
import { readVectors } from '../../../test/support/vectors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { SamplingParams } from '../gen/tailrace/v1/work.ts'
import { sha256 } from '../hash.ts'
import { SCORE_BYTES } from '../inference.ts'
import { LOGIT_LIMIT, MASKED, ONE } from './quantize.ts'
import { createSampler } from './sampler.ts'
import { writeScores } from './scores.ts'

interface Position {
  readonly token: number
  readonly scores: string
  readonly margins: readonly (readonly [number, number])[]
}

const { cases } = readVectors<{
  readonly cases: readonly {
    readonly name: string
    readonly params: SamplingParams
    readonly seed: string
    readonly choice: number
    readonly generator: LogitRecipe
    readonly positions: readonly Position[]
  }[]
}>('sampling')
const seed = sha256(Uint8Array.of(1))
const outOfRange = expect.objectContaining({ code: 'out_of_range' })

describe('does as the second implementation', () => {
  test.each(cases)('$name', ({ params, seed: hex, choice, generator, positions }) => {
    const sampler = createSampler(params, fromHex(hex), choice, generator.size)
    const scores = new Uint8Array(SCORE_BYTES)
    for (const [position, expected] of positions.entries()) {
      const logits = generateLogits(generator, position)
      writeScores(logits, expected.token, new DataView(scores.buffer), 0)
      expect({
        token: sampler.choose(logits),
        scores: toHex(scores),
        margins: expected.margins.map(([token]) => [token, sampler.margin(logits, token)]),
      }).toEqual(expected)
      sampler.accept(expected.token)
    }
  })
})

test('looking changes nothing: not the position, not the logits', () => {
  const logits = generateLogits({ start: 5, size: 200, spread: 4 * ONE, grain: 1, masked: [] }, 0)
  const before = logits.slice()
  const sampler = createSampler(samplingParams({ topK: 20, topP: 60_000, presencePenalty: ONE }), seed, 0, 200)
  const first = sampler.choose(logits)
  sampler.margin(logits, 3)
  expect(sampler.choose(logits)).toBe(first)
  expect(sampler.margin(logits, first)).toBe(0)
  expect(logits).toEqual(before)
})

test('the first token for each position and choice of one seed differ', () => {
  const flat = new Int32Array(1_000)
  const tokens = new Set<number>()
  for (let choice = 0; choice < 5; choice++) {
    const sampler = createSampler(samplingParams(), seed, choice, flat.length)
    for (let position = 0; position < 10; position++) {
      const token = sampler.choose(flat)
      tokens.add(token)
      sampler.accept(token)
    }
  }
  expect(tokens.size).toBeGreaterThan(45)
})

test('penalties count the output: each repetition, and the first once', () => {
  const logits = Int32Array.of(10 * ONE, 9 * ONE, 0, 0, 0)
  const frequency = createSampler(samplingParams({ temperature: 0, frequencyPenalty: 26_214 }), seed, 0, 5)
  const presence = createSampler(samplingParams({ temperature: 0, presencePenalty: 98_304 }), seed, 0, 5)
  const follow = (sampler: typeof frequency): number[] =>
    Array.from({ length: 6 }, () => {
      const token = sampler.choose(logits)
      sampler.accept(token)
      return token
    })
  // 0.4 a time: 10, 9.6, 9.2, then 8.8 against 9 … · 1.5 once: 10, then 8.5 against 9, then 8.5 against 7.5.
  expect(follow(frequency)).toEqual([0, 0, 0, 1, 0, 1])
  expect(follow(presence)).toEqual([0, 1, 0, 0, 0, 0])
})

test('a bias cannot bring back what the model rules out, and cannot push a logit over its limit', () => {
  const logits = Int32Array.of(MASKED, LOGIT_LIMIT - 1, LOGIT_LIMIT, -LOGIT_LIMIT, 0)
  const bias = [0, 1, 2, 3].map((token) => ({ token, bias: token === 3 ? -100 * ONE : 100 * ONE }))
  const sampler = createSampler(samplingParams({ temperature: 0, logitBias: bias }), seed, 0, 5)
  // Both are cut to the limit: a tie, so the lower id.
  expect(sampler.choose(logits)).toBe(1)
  expect([sampler.margin(logits, 1), sampler.margin(logits, 2)]).toEqual([0, 0])
})

test('frequencies follow the softmax', () => {
  const logits = Int32Array.of(0, ONE, 2 * ONE, -ONE, 5 * 6_553)
  const weights = [...logits].map((logit) => Math.exp(logit / ONE / 0.8))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const counts = new Float64Array(5)
  const sampler = createSampler(samplingParams({ temperature: 52_429 }), seed, 0, 5)
  const draws = 40_000
  for (let draw = 0; draw < draws; draw++) {
    const token = sampler.choose(logits)
    counts[token] = (counts[token] as number) + 1
    sampler.accept(token)
  }
  for (const [token, weight] of weights.entries()) {
    const expected = weight / total
    const error = Math.abs((counts[token] as number) / draws - expected)
    expect(error).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / draws))
  }
})

test('refuses bad parameters, seeds, vocabularies, logits and tokens', () => {
  const params = samplingParams()
  const invalid = expect.objectContaining({ code: 'invalid_sampling' })
  expect(() => createSampler(samplingParams({ topP: 0 }), seed, 0, 5)).toThrow(invalid)
  expect(() => createSampler(samplingParams({ logitBias: [{ token: 5, bias: 0 }] }), seed, 0, 5)).toThrow(invalid)
  expect(() => createSampler(params, seed.subarray(1), 0, 5)).toThrow(outOfRange)
  expect(() => createSampler(params, seed, 0.5, 5)).toThrow(outOfRange)
  expect(() => createSampler(params, seed, 0, 0)).toThrow(outOfRange)
  expect(() => createSampler(params, seed, 0, 2 ** 20 + 1)).toThrow(outOfRange)
  const sampler = createSampler(params, seed, 0, 5)
  expect(() => sampler.choose(new Int32Array(4))).toThrow(outOfRange)
  expect(() => sampler.margin(new Int32Array(5), 5)).toThrow(outOfRange)
  expect(() => sampler.accept(-1)).toThrow(outOfRange)
})
