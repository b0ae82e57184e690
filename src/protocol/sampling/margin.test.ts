import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom, normalLogits, samplingParams } from '../../../test/support/sampling-logits.ts'
import type { SamplingParams } from '../gen/tailrace/v1/work.ts'
import { sha256 } from '../hash.ts'
import { MAX_MARGIN } from './margin.ts'
import { massLimit, TOLERATED_NOISE, toleratedShares } from './nucleus.ts'
import { MASKED, ONE, quantizeLogits } from './quantize.ts'
import { createSampler } from './sampler.ts'

const seed = sha256(Uint8Array.of(2))

const params: fc.Arbitrary<SamplingParams> = fc
  .record({
    temperature: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 * ONE }), fc.constant(ONE)),
    topK: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
    topP: fc.oneof(fc.constant(ONE), fc.integer({ min: 1, max: ONE }), fc.integer({ min: 50_000, max: ONE })),
    frequencyPenalty: fc.oneof(fc.constant(0), fc.integer({ min: -2 * ONE, max: 2 * ONE })),
    presencePenalty: fc.oneof(fc.constant(0), fc.integer({ min: -2 * ONE, max: 2 * ONE })),
  })
  .map(samplingParams)

interface World {
  readonly size: number
  readonly spread: number
  /** All logits are multiples of it. */
  readonly grain: number
  readonly epsilon: number
  /** Noise is −ε or +ε, never between. */
  readonly extreme: boolean
  readonly start: number
}

const world: fc.Arbitrary<World> = fc.record({
  size: fc.integer({ min: 2, max: 300 }),
  spread: fc.constantFrom(0, 0.01, 0.3, 1, 3, 8),
  grain: fc.constantFrom(1, 1, ONE / 64, ONE),
  epsilon: fc.oneof(fc.constant(TOLERATED_NOISE), fc.integer({ min: 0, max: TOLERATED_NOISE })),
  extreme: fc.boolean(),
  start: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
})

function logitsOf({ size, spread, grain }: World, random: () => number): Int32Array {
  return quantizeLogits(normalLogits(random, size, spread)).map((logit) => Math.floor(logit / grain) * grain)
}

function disturb(logits: Int32Array, { epsilon, extreme }: World, random: () => number): Int32Array {
  return logits.map((logit) => {
    const part = 2 * random() - 1
    return logit + (extreme ? Math.sign(part) * epsilon : Math.trunc(part * epsilon))
  })
}

test('is at most twice the noise between the machines, whatever the parameters', () => {
  fc.assert(
    fc.property(params, world, (settings, its) => {
      const random = createRandom(its.start)
      const executor = createSampler(settings, seed, 0, its.size)
      const verifier = createSampler(settings, seed, 0, its.size)
      for (let position = 0; position < 6; position++) {
        const logits = logitsOf(its, random)
        const token = executor.choose(disturb(logits, its, random))
        expect(verifier.margin(logits, token)).toBeLessThanOrEqual(2 * its.epsilon)
        executor.accept(token)
        verifier.accept(token)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('is 0 for the choice and, without sets, the lead in score for every other token', () => {
  fc.assert(
    fc.property(params, world, (settings, its) => {
      const random = createRandom(its.start)
      const sampler = createSampler(settings, seed, 0, its.size)
      const logits = logitsOf(its, random)
      const choice = sampler.choose(logits)
      expect(sampler.margin(logits, choice)).toBe(0)
      const open = createSampler(samplingParams({ temperature: settings.temperature }), seed, 0, its.size)
      const best = open.choose(logits)
      for (let token = 0; token < Math.min(its.size, 20); token++) {
        const margin = open.margin(logits, token)
        // Raising the token by its margin makes it as good as the best; by less, it does not.
        expect(margin).toBeGreaterThanOrEqual(0)
        if (token !== best && margin > 0) {
          const raised = logits.slice()
          raised[token] = (raised[token] as number) + margin + 1
          expect(open.choose(raised)).toBe(token)
          raised[token] = (raised[token] as number) - 2
          expect(open.choose(raised)).toBe(best)
        }
      }
    }),
    { numRuns: 300 },
  )
})

describe('at the border of a set', () => {
  const logits = Int32Array.of(5 * ONE, 3 * ONE, 2.5 * ONE, ONE, 0)

  test('a token outside counts by its logit distance to the last one inside', () => {
    const sampler = createSampler(samplingParams({ topK: 2, temperature: 1 }), seed, 0, 5)
    expect(sampler.choose(logits)).toBe(0)
    // At almost no temperature the lead over the others is what decides: 5 − 2.5, more than the distance 3 − 2.5.
    expect(sampler.margin(logits, 2)).toBeGreaterThan(2.4 * ONE)
    const single = createSampler(samplingParams({ topK: 1, temperature: ONE }), seed, 0, 5)
    expect([0, 1, 2, 3, 4].map((token) => single.margin(logits, token))).toEqual([
      0,
      2 * ONE,
      2.5 * ONE,
      4 * ONE,
      5 * ONE,
    ])
  })

  test('a rival counts by no more than its distance to the first one outside', () => {
    // Two tokens share the top place but for one unit: whichever the noise prefers, the other is excused by that unit.
    const close = Int32Array.of(5 * ONE, 5 * ONE - 1, 0, 0, 0)
    const sampler = createSampler(samplingParams({ topK: 1 }), seed, 0, 5)
    expect([sampler.margin(close, 0), sampler.margin(close, 1)]).toEqual([0, 1])
  })

  test('what the model rules out has the greatest margin', () => {
    const masked = Int32Array.of(MASKED, 0, MASKED, ONE, 2)
    for (const temperature of [0, ONE]) {
      const sampler = createSampler(samplingParams({ temperature }), seed, 0, 5)
      expect([sampler.margin(masked, 0), sampler.margin(masked, 2)]).toEqual([MAX_MARGIN, MAX_MARGIN])
      expect(sampler.margin(new Int32Array(5).fill(MASKED), 1)).toBe(MAX_MARGIN)
      expect(sampler.margin(new Int32Array(5).fill(MASKED), 0)).toBe(0)
    }
  })
})

test('tolerated shares enclose the share, the more the colder', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: ONE - 1 }), fc.integer({ min: 1, max: 2 * ONE }), (topP, temperature) => {
      const { lenient, strict } = toleratedShares(topP, temperature)
      expect(lenient).toBeGreaterThan(topP)
      expect(strict).toBeLessThanOrEqual(topP)
      expect(toleratedShares(topP, 2 * ONE).lenient).toBeLessThanOrEqual(lenient)
    }),
  )
  const { lenient, strict } = toleratedShares(58_982, ONE)
  expect([lenient / ONE, strict / ONE].map((share) => share.toFixed(3))).toEqual(['0.921', '0.875'])
})

test('the limit of a mass is its share, rounded up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), fc.integer({ min: 1, max: ONE }), (sum, share) => {
      expect(BigInt(massLimit(sum, share))).toBe((BigInt(sum) * BigInt(share) + 65_535n) / 65_536n)
    }),
  )
})
