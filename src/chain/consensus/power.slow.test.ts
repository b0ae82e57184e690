import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Settle } from '../../../test/support/chain/power-history.ts'
import { randomHistory } from '../../../test/support/chain/power-history.ts'
import { minBigint, sumBigint } from '../../lib/fixed-point.ts'
import { enginePower, engineShift, MAX_ENGINE_TOTAL } from './engine-power.ts'
import type { KeyPower, PowerKey } from './power.ts'
import { computePower } from './power.ts'

/** Random histories of weight: every rule of a settle that does not depend on how it is computed. */
const PPM = 1_000_000n

/** The rules that one key breaks, and what it gained that nobody had before. */
function judgeKey(
  one: PowerKey,
  { power, differences }: KeyPower,
  { input }: Settle,
): { broken: string; gained: bigint } {
  const { fallPpm } = input.params
  const known = one.beats && one.inherited > one.power ? one.inherited : one.power
  const gained = power > known ? power - known : 0n
  const before = sumBigint(input.keys.map((key) => key.power))
  const floor = one.power - (one.power * BigInt(fallPpm) + PPM - 1n) / PPM
  const isDust = power === 0n && floor * 10_000n < before
  const rules: readonly (readonly [boolean, string])[] = [
    [power === one.own + one.carried + sumBigint(differences.map(({ amount }) => amount)), 'a unit without a reason'],
    [power >= 0n && differences.every(({ amount }) => amount !== 0n), 'an empty difference'],
    [gained === 0n || (one.beats && one.held === undefined), 'a gain of a key that may not gain'],
    [power >= floor || isDust || one.entitled !== undefined, 'a fall beyond the limit'],
  ]
  return { broken: rules.find(([holds]) => !holds)?.[1] ?? '', gained }
}

function brokenRule(settle: Settle): string {
  const { input, powers } = settle
  const inputs = new Map(input.keys.map((key) => [key.address, key]))
  let gained = 0n
  let left = 0n
  for (const result of powers) {
    const one = inputs.get(result.address) as PowerKey
    const verdict = judgeKey(one, result, settle)
    if (verdict.broken !== '') {
      return verdict.broken
    }
    gained += verdict.gained
    left += minBigint(result.power, one.power)
  }
  const hadPower = input.keys.filter(({ power }) => power > 0n).length
  const havePower = powers.filter(({ power }) => power > 0n).length
  const told = powers.map(({ power }) => power)
  const shift = engineShift(told)
  const rules: readonly (readonly [boolean, string])[] = [
    [powers.length === input.keys.length, 'a key without a result'],
    [gained * PPM <= left * BigInt(input.params.churnPpm), 'more gained than the churn allows'],
    [havePower > 0 || hadPower === 0, 'no key is left'],
    [havePower <= Math.max(input.params.maxKeys, hadPower), 'more keys than the set has room for'],
    [sumBigint(told.map((power) => enginePower(power, shift))) <= MAX_ENGINE_TOTAL, 'more than the engine takes'],
    [told.every((power) => power === 0n || enginePower(power, shift) > 0n), 'a power that the engine would not see'],
  ]
  return rules.find(([holds]) => !holds)?.[1] ?? ''
}

function textOf(powers: readonly KeyPower[]): string {
  return powers
    .map(({ address, power, differences }) => {
      const why = differences.map(({ reason, amount }) => `${reason} ${amount}`)
      return [address[0], power, ...why].join()
    })
    .join(';')
}

describe('random histories of weight', () => {
  it('keep every rule in 12,000 settles, whatever the order of the keys', () => {
    let settles = 0
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 1, max: 12 }), (seed, size) => {
        for (const settle of randomHistory(seed, 24, size)) {
          settles += 1
          expect(brokenRule(settle)).toBe('')
          const turned = computePower({ ...settle.input, keys: settle.input.keys.toReversed() })
          expect(textOf(turned)).toBe(textOf(settle.powers))
        }
      }),
      { numRuns: 500 },
    )
    expect(settles).toBeGreaterThanOrEqual(12_000)
  })

  // Without what ties keys to one another: caps that are parts of all weight, and room that others' falls make smaller.
  it('more weight never gives a key less power, but for a unit of rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 1, max: 8 }), fc.nat(7), (seed, size, at) => {
        for (const { input } of randomHistory(seed, 6, size)) {
          const keys = input.keys.map((key) => ({ ...key, carried: 0n, entitled: undefined }))
          const one = keys[at % size] as PowerKey
          const richer = { ...one, own: one.own + 1n + one.own / 3n }
          const powerOf = (list: readonly PowerKey[]): bigint => {
            const totalWeight = sumBigint(list.map(({ own }) => own)) + 1n
            const params = { ...input.params, maxPowerSharePpm: 1_000_000, maxKeys: 100 }
            const results = computePower({ keys: list, totalWeight, params })
            return results.find(({ address }) => address === one.address)?.power ?? 0n
          }
          const more = powerOf(keys.map((key) => (key === one ? richer : key)))
          expect(more).toBeGreaterThanOrEqual(powerOf(keys) - 1n)
        }
      }),
      { numRuns: 400 },
    )
  })
})
