/** What bound sampling is for, measured: honest machines differ rarely and little, another model differs often and much. */
import { expect, test } from 'vitest'
import { createRandom, normalLogits, samplingParams } from '../../../test/support/sampling-logits.ts'
import { sha256 } from '../hash.ts'
import { ONE, quantizeLogits } from './quantize.ts'
import { createSampler } from './sampler.ts'

const POSITIONS = 1_500
const VOCABULARY = 2_000
const NOISE = 0.01
const seed = sha256(Uint8Array.of(3))

/** The usual way: one uniform number against the cumulative probabilities in token order. */
function inverseChoice(logits: Float32Array, uniform: number): number {
  const top = logits.reduce((best, logit) => (logit > best ? logit : best))
  const weights = logits.map((logit) => Math.exp(logit - top))
  const point = uniform * weights.reduce((sum, weight) => sum + weight, 0)
  let before = 0
  for (const [token, weight] of weights.entries()) {
    before += weight
    if (before > point) {
      return token
    }
  }
  return logits.length - 1
}

test('noise of 0.01 changes far fewer choices than with inverse-CDF sampling, and no margin is above 0.02', () => {
  const random = createRandom(11)
  const executor = createSampler(samplingParams(), seed, 0, VOCABULARY)
  const verifier = createSampler(samplingParams(), seed, 0, VOCABULARY)
  let gumbelChanges = 0
  let inverseChanges = 0
  let greatestMargin = 0
  for (let position = 0; position < POSITIONS; position++) {
    const logits = normalLogits(random, VOCABULARY, 3)
    const noisy = logits.map((logit) => logit + NOISE * (2 * random() - 1))
    const uniform = random()
    inverseChanges += inverseChoice(logits, uniform) === inverseChoice(noisy, uniform) ? 0 : 1
    const token = executor.choose(quantizeLogits(noisy))
    const logitsQ = quantizeLogits(logits)
    gumbelChanges += verifier.choose(logitsQ) === token ? 0 : 1
    greatestMargin = Math.max(greatestMargin, verifier.margin(logitsQ, token))
    executor.accept(token)
    verifier.accept(token)
  }
  expect(inverseChanges).toBeGreaterThan(0)
  expect(gumbelChanges).toBeLessThan(inverseChanges / 3)
  expect(greatestMargin).toBeLessThanOrEqual(Math.ceil(2 * NOISE * ONE) + 2)
})

interface Head {
  readonly width: number
  readonly weights: Float32Array
}

/** Each row in 4 bits: 15 levels, scaled by its greatest magnitude. */
function roundToFourBits({ width, weights }: Head): Head {
  const rounded = weights.slice()
  for (let from = 0; from < weights.length; from += width) {
    const row = weights.subarray(from, from + width)
    const step = row.reduce((greatest, weight) => Math.max(greatest, Math.abs(weight)), 0) / 7
    rounded.set(
      row.map((weight) => Math.round(weight / step) * step),
      from,
    )
  }
  return { width, weights: rounded }
}

function logitsOf({ width, weights }: Head, state: Float32Array): Int32Array {
  const logits = new Float32Array(weights.length / width)
  for (let row = 0; row < logits.length; row++) {
    let sum = 0
    for (let i = 0; i < width; i++) {
      sum += (weights[row * width + i] as number) * (state[i] as number)
    }
    logits[row] = sum
  }
  return quantizeLogits(logits)
}

test.each([
  ['plain', samplingParams()],
  ['top-k 40, top-p 0.9', samplingParams({ topK: 40, topP: 58_982, temperature: 52_429 })],
  ['greedy', samplingParams({ temperature: 0 })],
])('a head in 4 bits shows in one position of 25 or more, by more than honest noise ever does: %s', (_, params) => {
  const random = createRandom(12)
  const vocabulary = 600
  const width = 48
  const head: Head = { width, weights: normalLogits(random, vocabulary * width, 3 / Math.sqrt(width)) }
  const cheap = roundToFourBits(head)
  const executor = createSampler(params, seed, 0, vocabulary)
  const verifier = createSampler(params, seed, 0, vocabulary)
  let large = 0
  for (let position = 0; position < 400; position++) {
    const state = normalLogits(random, width, 1)
    const token = executor.choose(logitsOf(cheap, state))
    large += verifier.margin(logitsOf(head, state), token) > 0.1 * ONE ? 1 : 0
    executor.accept(token)
    verifier.accept(token)
  }
  expect(large).toBeGreaterThan(400 / 25)
})
