import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readVectors } from '../../../test/support/vectors.ts'
import { philox4x32 } from '../../lib/philox.ts'
import { GUMBEL_ABOVE, GUMBEL_BELOW, GUMBEL_MAX, GumbelNoise, gumbelAtMost, gumbelOf } from './gumbel.ts'
import { ONE } from './quantize.ts'

const { gumbel } = readVectors<{ readonly gumbel: readonly (readonly [string, number])[] }>('sampling')
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
/** Words of all magnitudes, near both ends. */
const anyWord = fc
  .tuple(word, fc.nat(31), fc.boolean())
  .map(([value, shift, high]) => (high ? ~(value >>> shift) >>> 0 : value >>> shift))

test('gives the values of the second implementation, for int32 and uint32 alike', () => {
  expect(gumbel.map(([hex]) => gumbelOf(Number.parseInt(hex, 16)))).toEqual(gumbel.map(([, value]) => value))
  expect(gumbel.map(([hex]) => gumbelOf(Number.parseInt(hex, 16) | 0))).toEqual(gumbel.map(([, value]) => value))
})

test('each entry is the true value rounded to the nearest integer', () => {
  expect([GUMBEL_ABOVE.length, GUMBEL_BELOW.length]).toEqual([2_049, 2_049])
  for (let index = 0; index <= 2_048; index++) {
    const probability = (2 ** (index >> 6) * (1 + (index & 63) / 64)) / 2 ** 33
    expect(GUMBEL_ABOVE[index]).toBe(Math.round(-Math.log(-Math.log1p(-probability)) * ONE))
    expect(GUMBEL_BELOW[index]).toBe(Math.round(-Math.log(-Math.log(probability)) * ONE))
  }
})

test('is within 4 units of the true value and falls with the word', () => {
  fc.assert(
    fc.property(anyWord, (value) => {
      const above = (value + 0.5) / 2 ** 32
      // The probability of less is computed by itself where it is small: 1 − above would lose its digits.
      const below = (2 ** 32 - value - 0.5) / 2 ** 32
      const exponential = below < 0.5 ? -Math.log(below) : -Math.log1p(-above)
      expect(Math.abs(gumbelOf(value) + Math.log(exponential) * ONE)).toBeLessThan(4)
      expect(gumbelOf(value)).toBeLessThanOrEqual(value === 0 ? GUMBEL_MAX : gumbelOf(value - 1))
    }),
    { numRuns: 5_000 },
  )
})

test('the first look is never below the value, and the value itself for the least word of each length', () => {
  fc.assert(
    fc.property(anyWord, (value) => {
      expect(gumbelAtMost(value)).toBeGreaterThanOrEqual(gumbelOf(value))
    }),
  )
  for (const value of [0, 1, 2, 2 ** 16, 2 ** 31]) {
    expect(gumbelAtMost(value)).toBe(gumbelOf(value))
  }
})

test('has mean and variance of a Gumbel distribution', () => {
  const noise = new GumbelNoise(new Uint8Array(32).fill(5), 0)
  const values = Array.from({ length: 200_000 }, (_, token) => noise.at(3, token) / ONE)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  // Five standard errors.
  expect(Math.abs(mean - 0.577_215_66)).toBeLessThan(0.015)
  expect(Math.abs(variance - Math.PI ** 2 / 6)).toBeLessThan(0.05)
})

test('takes its word from seed, choice, position and token, whatever was read before', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, index) => 7 * index + 1)
  const key = new DataView(seed.buffer)
  const words = new Int32Array(4)
  const noise = new GumbelNoise(seed, 9)
  fc.assert(
    fc.property(fc.nat(5), fc.nat(40), (position, token) => {
      philox4x32(words, 0, token >> 2, position, 9, key.getInt32(8), key.getInt32(0), key.getInt32(4))
      expect(noise.at(position, token)).toBe(gumbelOf(words[token & 3] as number))
    }),
  )
  expect(new GumbelNoise(seed, 8).at(0, 0)).not.toBe(noise.at(0, 0))
})

test('refuses a seed of another length and a choice that is no uint32', () => {
  expect(() => new GumbelNoise(new Uint8Array(31), 0)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
  expect(() => new GumbelNoise(new Uint8Array(32), -1)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
})
