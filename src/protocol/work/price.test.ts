import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_PRICE, MIN_PRICE, nextPrice, priceOf } from './price.ts'

const price = fc.bigInt({ min: MIN_PRICE, max: MAX_PRICE })

describe('what work costs', () => {
  it('rounds up once, a prompt token at a quarter', () => {
    expect(priceOf(1_000_000n, 0, 1)).toBe(1n)
    expect(priceOf(1_000_000n, 4, 0)).toBe(1n)
    expect(priceOf(1_000_000n, 1, 0)).toBe(1n)
    expect(priceOf(1_000_000n, 5, 3)).toBe(5n)
    expect(priceOf(1_000_000_000n, 10, 64)).toBe(66_500n)
    expect(priceOf(1_000_000_000n, 0, 0)).toBe(0n)
  })

  it('never costs less for more', () => {
    fc.assert(
      fc.property(price, fc.nat(9_999), fc.nat(9_999), (unit, prompt, output) => {
        const cost = priceOf(unit, prompt, output)
        expect(priceOf(unit, prompt + 1, output)).toBeGreaterThanOrEqual(cost)
        expect(priceOf(unit, prompt, output + 1)).toBeGreaterThanOrEqual(cost)
      }),
    )
  })
})

describe('how the price moves', () => {
  it('stays at half use, rises when all is used, falls when nothing is, by two per cent at most', () => {
    const at = (tokens: bigint): bigint => nextPrice({ price: 1_000_000n, tokens, capacity: 1_000n })
    expect(at(500n)).toBe(1_000_000n)
    expect(at(1_000n)).toBe(1_020_000n)
    expect(at(9_999n)).toBe(1_020_000n)
    expect(at(0n)).toBe(980_000n)
    expect(at(750n)).toBe(1_010_000n)
    expect(nextPrice({ price: 77_777n, tokens: 5n, capacity: 0n })).toBe(77_777n)
  })

  it('stays within its bounds', () => {
    const amount = fc.bigInt({ min: 0n, max: 1n << 60n })
    fc.assert(
      fc.property(price, amount, amount, (before, tokens, capacity) => {
        const after = nextPrice({ price: before, tokens, capacity })
        expect(after >= MIN_PRICE && after <= MAX_PRICE).toBe(true)
        expect(after * 100n <= before * 102n || after === MIN_PRICE).toBe(true)
        expect(after * 100n >= before * 98n - 100n || after === MAX_PRICE).toBe(true)
      }),
    )
  })
})
