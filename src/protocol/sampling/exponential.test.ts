import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readVectors } from '../../../test/support/vectors.ts'
import { toHex } from '../../lib/bytes.ts'
import { sha256 } from '../hash.ts'
import { EXPONENTIAL_TABLE, LOGARITHM_TABLE, logOfWeights, weightAt, weightRate } from './exponential.ts'
import { GUMBEL_ABOVE, GUMBEL_BELOW } from './gumbel.ts'
import { ONE } from './quantize.ts'

const vectors = readVectors<{
  readonly tables: Readonly<Record<string, string>>
  readonly weight: readonly (readonly [number, number, number])[]
}>('sampling')

function hashOf(table: Int32Array): string {
  const view = new DataView(new ArrayBuffer(4 * table.length))
  table.forEach((value, index) => {
    view.setInt32(4 * index, value)
  })
  return toHex(sha256(new Uint8Array(view.buffer)))
}

test('all tables are those of the second implementation', () => {
  const tables = {
    exponential: EXPONENTIAL_TABLE,
    logarithm: LOGARITHM_TABLE,
    gumbelAbove: GUMBEL_ABOVE,
    gumbelBelow: GUMBEL_BELOW,
  }
  expect(Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, hashOf(table)]))).toEqual(
    vectors.tables,
  )
})

test('each entry is the true value rounded to the nearest integer', () => {
  expect([EXPONENTIAL_TABLE.length, LOGARITHM_TABLE.length]).toEqual([257, 257])
  for (let i = 0; i <= 256; i++) {
    expect(EXPONENTIAL_TABLE[i]).toBe(Math.round(2 ** 30 * 2 ** (-i / 256)))
    expect(LOGARITHM_TABLE[i]).toBe(Math.round(2 ** 24 * Math.log1p(i / 256)))
  }
})

test('weights are those of the second implementation', () => {
  expect(vectors.weight.map(([distance, temperature]) => weightAt(distance, weightRate(temperature)))).toEqual(
    vectors.weight.map(([, , weight]) => weight),
  )
})

test('a weight is the exponential to one part in 2^16 and one unit, and never rises with the distance', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 * ONE }), fc.double({ min: 0, max: 22, noNaN: true }), (temperature, x) => {
      const distance = Math.floor(x * temperature)
      const truth = 2 ** 30 * Math.exp(-distance / temperature)
      const weight = weightAt(distance, weightRate(temperature))
      expect(Math.abs(weight - truth)).toBeLessThan(truth / 2 ** 16 + 1)
      expect(weightAt(distance + 1, weightRate(temperature))).toBeLessThanOrEqual(weight)
    }),
    { numRuns: 2_000 },
  )
})

test('a logarithm of weights is right to one unit', () => {
  expect(logOfWeights(2 ** 30)).toBe(0)
  fc.assert(
    fc.property(fc.integer({ min: 2 ** 30, max: 2 ** 51 - 1 }), (sum) => {
      expect(Math.abs(logOfWeights(sum) - Math.log(sum / 2 ** 30) * ONE)).toBeLessThan(0.75)
    }),
    { numRuns: 2_000 },
  )
})
