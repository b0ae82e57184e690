import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ceilDiv, maxBigint, minBigint, mulDiv, PPM, sharePpm, sumBigint } from './fixed-point.ts'

const natural = fc.bigInt({ min: 0n, max: 2n ** 200n })
const positive = fc.bigInt({ min: 1n, max: 2n ** 200n })

test('mulDiv is the floor of the exact fraction', () => {
  fc.assert(
    fc.property(natural, natural, positive, (value, numerator, denominator) => {
      const quotient = mulDiv(value, numerator, denominator)
      expect(quotient * denominator <= value * numerator).toBe(true)
      expect((quotient + 1n) * denominator > value * numerator).toBe(true)
    }),
  )
})

test('ceilDiv is the ceiling of the exact fraction', () => {
  fc.assert(
    fc.property(natural, positive, (numerator, denominator) => {
      const quotient = ceilDiv(numerator, denominator)
      expect(quotient * denominator >= numerator).toBe(true)
      expect((quotient - 1n) * denominator < numerator).toBe(true)
    }),
  )
})

test('shares of a whole never sum to more than all of it', () => {
  fc.assert(
    fc.property(fc.array(natural, { minLength: 1 }), (parts) => {
      const whole = sumBigint(parts)
      const total = sumBigint(parts.map((part) => sharePpm(part, whole)))
      expect(total <= PPM).toBe(true)
      expect(whole === 0n ? total === 0n : PPM - total < BigInt(parts.length)).toBe(true)
    }),
  )
})

test('the share of nothing is nothing', () => {
  expect(sharePpm(0n, 0n)).toBe(0n)
  expect(sharePpm(5n, 0n)).toBe(0n)
  expect(sharePpm(1n, 3n)).toBe(333_333n)
})

test('minimum, maximum and sum', () => {
  fc.assert(
    fc.property(natural, natural, (a, b) => {
      expect(minBigint(a, b) + maxBigint(a, b)).toBe(a + b)
      expect(minBigint(a, b) <= maxBigint(a, b)).toBe(true)
    }),
  )
  expect(sumBigint([])).toBe(0n)
  expect(sumBigint(new Set([1n, 2n]))).toBe(3n)
})
