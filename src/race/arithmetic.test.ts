import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bitLength,
  clampActivation,
  floorDivide,
  integerSquareRoot,
  linearShift,
  log2,
  normalise,
  normGain,
  roundShift,
  scoreShift,
} from './arithmetic.ts'
import { createActivationTable, createExponentialTable } from './tables.ts'

const int31 = fc.integer({ min: 0, max: 0x7fffffff })
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })

/** docs/race.md, step by step, in bigint: no width to overflow. */
function normaliseExactly(values: readonly number[]): number[] {
  const n = BigInt(values.length)
  const wide = values.map(BigInt)
  const largest = wide.reduce(
    (most, value) => ((value < 0n ? -value : value) > most ? (value < 0n ? -value : value) : most),
    0n,
  )
  const bits = largest === 0n ? 0n : BigInt(largest.toString(2).length)
  const shift = bits > 10n ? bits - 10n : 0n
  const short = wide.map((value) => value >> shift)
  const squares = short.reduce((sum, value) => sum + value * value, 0n)
  const root = exactRoot(squares)
  const multiplier = root === 0n ? 0n : (exactRoot(1024n * n) << 16n) / root
  return short.map((value) => {
    const scaled = (value * multiplier + (1n << 15n)) >> 16n
    return Number(scaled > 127n ? 127n : scaled < -127n ? -127n : scaled)
  })
}

function exactRoot(value: bigint): bigint {
  let root = 0n
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) {
    root = (root + bit) ** 2n <= value ? root + bit : root
  }
  return root
}

describe('integer arithmetic', () => {
  test('square root is exact', () => {
    fc.assert(
      fc.property(int31, (value) => {
        expect(integerSquareRoot(value)).toBe(Math.floor(Math.sqrt(value)))
      }),
    )
    for (let root = 0; root <= 46_340; root += 331) {
      expect(integerSquareRoot(root * root)).toBe(root)
      expect(root === 0 ? 0 : integerSquareRoot(root * root - 1)).toBe(root === 0 ? 0 : root - 1)
    }
    expect(integerSquareRoot(0x7fffffff)).toBe(46_340)
  })

  test('division is exact', () => {
    const below = fc.integer({ min: 0, max: 2 ** 30 - 1 })
    fc.assert(
      fc.property(below, fc.integer({ min: 1, max: 2 ** 30 - 1 }), (a, b) => {
        expect(floorDivide(a, b)).toBe(Math.floor(a / b))
      }),
    )
  })

  test('bit length, logarithm and shifts', () => {
    fc.assert(
      fc.property(int31, (value) => {
        expect(bitLength(value)).toBe(value === 0 ? 0 : value.toString(2).length)
      }),
    )
    expect([1, 2, 64, 1024].map(log2)).toEqual([0, 1, 6, 10])
    expect([64, 128, 512, 1024].map(linearShift)).toEqual([9, 10, 11, 11])
    expect([16, 64].map(scoreShift)).toEqual([7, 8])
    expect([16, 64, 512].map(normGain)).toEqual([128, 256, 724])
  })

  test('rounding is to the nearest, halves up, and the clamp is symmetric', () => {
    expect([-3, -2, -1, 0, 1, 2, 3].map((value) => roundShift(value, 1))).toEqual([-1, -1, 0, 0, 1, 1, 2])
    expect([-200, -128, -127, 0, 127, 128].map(clampActivation)).toEqual([-127, -127, -127, 0, 127, 127])
  })

  test('the norm equals exact arithmetic for any int32 values, extremes included', () => {
    const lengths = fc.constantFrom(16, 64, 512)
    const values = lengths.chain((length) =>
      fc.array(fc.oneof(fc.integer({ min: -300, max: 300 }), fc.constantFrom(-0x7fffffff, 0x7fffffff, 0), int32), {
        minLength: length,
        maxLength: length,
      }),
    )
    fc.assert(
      fc.property(values, (list) => {
        // −2^31 has no magnitude in int32 and cannot occur: the residual stream stays below 2^15.
        const bounded = list.map((value) => (value === -0x80000000 ? -0x7fffffff : value))
        const out = new Int8Array(bounded.length)
        normalise(out, 0, Int32Array.from(bounded), 0, bounded.length, normGain(bounded.length))
        expect([...out]).toEqual(normaliseExactly(bounded))
      }),
    )
  })

  test('the norm of nothing is nothing, and of equal values is their sign times 32', () => {
    const out = new Int8Array(64).fill(1)
    normalise(out, 0, new Int32Array(64), 0, 64, normGain(64))
    expect(out.every((value) => value === 0)).toBe(true)
    normalise(out, 0, new Int32Array(64).fill(-0x7fffffff), 0, 64, normGain(64))
    expect(out.every((value) => value === -32)).toBe(true)
  })
})

describe('tables', () => {
  test('exponential: 127 at the top, half every 32 steps within a unit, never under 1', () => {
    const table = createExponentialTable()
    expect(table).toHaveLength(256)
    for (const [distance, weight] of table.entries()) {
      expect(Math.abs(weight - Math.max(1, 127 * 2 ** (-distance / 32)))).toBeLessThan(1)
      expect(weight).toBeLessThanOrEqual(table[Math.max(0, distance - 1)] as number)
    }
    expect([table[0], table[32], table[64], table[255]]).toEqual([127, 64, 32, 1])
  })

  test('activation: identity above zero, a quarter below', () => {
    const table = createActivationTable()
    const at = (value: number): number => table[value & 255] as number
    expect([0, 1, 127].map(at)).toEqual([0, 1, 127])
    expect([-1, -2, -3, -5, -6, -127, -128].map(at)).toEqual([0, -1, -1, -1, -2, -32, -32])
    expect(Array.from({ length: 255 }, (_, i) => at(i - 127) === 0).filter(Boolean)).toHaveLength(2)
  })
})
