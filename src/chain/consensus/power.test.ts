import { describe, expect, it } from 'vitest'
import { addressAt } from '../../../test/support/chain/power-history.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import { enginePower, engineShift, MAX_ENGINE_TOTAL } from './engine-power.ts'
import type { KeyPower, PowerKey, PowerParams } from './power.ts'
import { carriedCap, computePower, isTooLow, nextReference } from './power.ts'

const PARAMS: PowerParams = { churnPpm: 50_000, fallPpm: 200_000, maxPowerSharePpm: 1_000_000, maxKeys: 100 }

function key(index: number, fields: Partial<PowerKey> = {}): PowerKey {
  const none = { power: 0n, inherited: 0n, own: 0n, carried: 0n, entitled: undefined }
  return { address: addressAt(index), ...none, held: undefined, beats: true, ...fields }
}

function settle(keys: readonly PowerKey[], params: Partial<PowerParams> = {}, uncarried = 0n): KeyPower[] {
  const totalWeight = sumBigint(keys.map(({ own, carried }) => own + carried)) + uncarried
  return computePower({ keys, totalWeight, params: { ...PARAMS, ...params } })
}

function powersOf(keys: readonly PowerKey[], results: readonly KeyPower[]): bigint[] {
  return keys.map(({ address }) => results.find((result) => result.address === address)?.power ?? -1n)
}

function reasons(result: KeyPower | undefined): Record<string, bigint> {
  return Object.fromEntries((result?.differences ?? []).map(({ reason, amount }) => [reason, amount]))
}

describe('rises and falls', () => {
  it('a rented race gains five points at most, however large it is', () => {
    const keys = [key(0, { power: 1_000n, own: 1_000n }), key(1, { own: 1n << 200n })]
    expect(powersOf(keys, settle(keys))).toEqual([1_000n, 50n])
  })

  it('many that gain share what may be gained by what they lack, to the last unit', () => {
    const keys = [
      key(0, { power: 1_000n, own: 1_000n }),
      key(1, { own: 100n }),
      key(2, { own: 200n }),
      key(3, { own: 7n }),
    ]
    const powers = powersOf(keys, settle(keys))
    expect(powers).toEqual([1_000n, 16n, 33n, 1n])
    expect(sumBigint(powers.slice(1))).toBe(50n)
  })

  it('a newcomer gains of what the falls left, not of what stood before', () => {
    const keys = [key(0, { power: 1_000n }), key(1, { own: 10_000n })]
    expect(powersOf(keys, settle(keys))).toEqual([800n, 40n])
  })

  it('who has no weight any more falls a fifth an epoch, and is gone when almost nothing is left', () => {
    let present = [key(0, { power: 1_000_000n, own: 1_000_000n }), key(1, { power: 1_000_000n })]
    const seen: bigint[] = []
    for (let epoch = 0; epoch < 60; epoch++) {
      const powers = powersOf(present, settle(present))
      seen.push(powers[1] as bigint)
      present = present.map((one, index) => ({ ...one, power: powers[index] as bigint }))
    }
    expect(seen.slice(0, 3)).toEqual([800_000n, 640_000n, 512_000n])
    expect(seen.at(-1)).toBe(0n)
    expect(seen.filter((power) => power > 0n).every((power) => power >= 100n)).toBe(true)
  })

  it('without heartbeats a key gains nothing, and may fall', () => {
    const keys = [key(0, { power: 100n, own: 500n, beats: false }), key(1, { power: 900n, own: 500n, beats: false })]
    const results = settle(keys)
    expect(powersOf(keys, results)).toEqual([100n, 720n])
    expect(reasons(results[0])).toEqual({ no_heartbeats: -400n })
    expect(reasons(results[1])).toEqual({ fall_limit: 220n })
  })

  it('a key that replaced another takes over what that had, and no more', () => {
    const keys = [key(0, { power: 1_000n, own: 1_000n }), key(1, { own: 600n, inherited: 500n })]
    expect(powersOf(keys, settle(keys))).toEqual([1_000n, 550n])
    const silent = [key(0, { power: 1_000n, own: 1_000n }), key(1, { own: 600n, inherited: 500n, beats: false })]
    expect(powersOf(silent, settle(silent))).toEqual([1_000n, 0n])
  })

  it('a key that may have none has none, and the last one stays', () => {
    const held = [key(0, { power: 10n, own: 10n }), key(1, { own: 10n, held: 'jailed' })]
    expect(powersOf(held, settle(held))).toEqual([10n, 0n])
    const alone = [key(0, { power: 1n, held: 'tombstoned' })]
    const [result] = settle(alone, {}, 5n)
    expect(result).toEqual({
      address: addressAt(0),
      power: 1n,
      differences: [{ reason: 'last_validator', amount: 1n }],
    })
  })
})

describe('caps', () => {
  it('carried weight counts up to 1.5 parts of all keys, a tenth at least', () => {
    const keys = Array.from({ length: 4 }, (_, index) => key(index, { own: 100n }))
    expect(carriedCap(1_000n, keys)).toBe(375n)
    expect(carriedCap(1_000n, [...keys, ...keys, ...keys, ...keys])).toBe(100n)
    const carrying = [key(0, { power: 500n, own: 100n, carried: 800n }), ...keys.slice(1)]
    expect(reasons(settle(carrying)[0])).toMatchObject({ carried_over_cap: -350n })
  })

  it('no key is above the cap of shares once power has followed', () => {
    const owns = [800n, 100n, 60n, 40n]
    let present = owns.map((own, index) => key(index, { own: own * 1_000n, power: 250_000n }))
    for (let epoch = 0; epoch < 60; epoch++) {
      const powers = powersOf(present, settle(present, { maxPowerSharePpm: 260_000 }))
      present = present.map((one, index) => ({ ...one, power: powers[index] as bigint }))
    }
    const total = sumBigint(present.map(({ power }) => power))
    expect(present.every(({ power }) => power * 1_000_000n <= total * 260_000n + 1_000_000n)).toBe(true)
    expect(present[3]?.power).toBe(40_000n)
  })

  it('two keys may have a half each, one has all', () => {
    const two = [key(0, { own: 10n, power: 10n }), key(1, { own: 10n, power: 10n })]
    expect(powersOf(two, settle(two, { maxPowerSharePpm: 260_000 }))).toEqual([10n, 10n])
    const one = [key(0, { own: 10n, power: 10n })]
    expect(powersOf(one, settle(one, { maxPowerSharePpm: 260_000 }))).toEqual([10n])
  })

  it('the set has room for so many: the greatest stay, others leave slowly, newcomers wait', () => {
    const keys = [key(0, { own: 500n, power: 500n }), key(1, { own: 5n, power: 500n }), key(2, { own: 900n })]
    const results = settle(keys, { maxKeys: 2 })
    expect(powersOf(keys, results)).toEqual([500n, 400n, 0n])
    expect(results.map((result) => reasons(result).set_full)).toContain(-900n)
  })

  it('an entitled key keeps its power beside the caps', () => {
    const keys = [key(0, { power: 1_000n, entitled: 1_000n }), key(1, { own: 500n })]
    const results = settle(keys, { maxPowerSharePpm: 300_000 })
    expect(powersOf(keys, results)).toEqual([1_000n, 50n])
    expect(results.map(reasons)).toContainEqual({ entitled: 1_000n })
  })
})

describe('the reference', () => {
  it('follows by a factor of two at most, so neither a flood nor an exodus decides what comes next', () => {
    expect(nextReference(1_000n, 1_000_000n)).toBe(2_000n)
    expect(nextReference(1_000n, 10n)).toBe(500n)
    expect(nextReference(1_000n, 1_100n)).toBe(1_100n)
    expect([isTooLow(1_000n, 249n), isTooLow(1_000n, 250n)]).toEqual([true, false])
    expect(isTooLow(nextReference(1_000n, 1_000_000n), 1_000n)).toBe(false)
  })

  it('lets a network that shrank for good go on after a few settles', () => {
    let reference = 1_000_000n
    let waited = 0
    while (isTooLow(reference, 1_000n)) {
      reference = nextReference(reference, 1_000n)
      waited += 1
    }
    expect(waited).toBe(8)
  })
})

describe('what the engine is told', () => {
  it('is the power where that is small, and fits where it is huge', () => {
    expect(engineShift([1n, 10n])).toBe(0)
    const huge = [1n << 200n, 1n << 199n, 1n, 12_345n]
    const shift = engineShift(huge)
    const told = huge.map((power) => enginePower(power, shift))
    expect(sumBigint(told)).toBeLessThanOrEqual(MAX_ENGINE_TOTAL)
    expect(sumBigint(huge.map((power) => enginePower(power, shift - 1)))).toBeGreaterThan(MAX_ENGINE_TOTAL)
    expect(told.slice(2)).toEqual([1n, 1n])
    expect(enginePower(0n, shift)).toBe(0n)
  })
})
