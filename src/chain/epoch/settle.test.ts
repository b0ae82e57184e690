import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sumBigint } from '../../lib/fixed-point.ts'
import { LOCAL_PARAMS } from '../../protocol/params.ts'
import { weightCap } from './settle.ts'

const capOf = (...raw: bigint[]): bigint => weightCap(LOCAL_PARAMS, raw)

describe('the cap of one host', () => {
  it('is an equal share among few hosts and a quarter among many', () => {
    expect(capOf()).toBe(0n)
    expect(capOf(1_000n)).toBe(1_000n)
    expect(capOf(900n, 100n)).toBe(500n)
    expect(capOf(400n, 300n, 300n)).toBe(333n)
    expect(capOf(400n, 200n, 200n, 200n)).toBe(250n)
    expect(capOf(...Array.from({ length: 200 }, () => 10n))).toBeGreaterThanOrEqual(500n)
  })

  it('is not lowered by hosts with less than a hundredth of the raw weight', () => {
    expect(capOf(990n, 5n, 3n, 2n)).toBe(1_000n)
    expect(capOf(600n, 391n, 9n)).toBe(500n)
    // A hundredth is enough.
    expect(capOf(600n, 390n, 10n)).toBe(333n)
  })

  it('is at least what it was without the dust, whatever the weights', () => {
    const weights = fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(weights, fc.nat(20), (raw, dustHosts) => {
        const grain = sumBigint(raw) / 10_000n
        const dust = Array.from({ length: grain === 0n ? 0 : dustHosts }, () => grain)
        // A host at the very edge of a hundredth may become dust itself: the cap then only rises.
        expect(capOf(...raw, ...dust)).toBeGreaterThanOrEqual(capOf(...raw))
      }),
    )
  })
})
