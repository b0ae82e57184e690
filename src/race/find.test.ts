import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bigintToBytes } from '../lib/bytes.ts'
import { isFind, MAX_TARGET, MIN_FINDS, retarget, targetFromBytes, targetToBytes, weightPerFind } from './find.ts'
import { RACE_SHAPES } from './shapes.ts'

const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
const targets = fc.oneof(fc.bigInt({ min: 1n, max: MAX_TARGET }), fc.bigInt({ min: 1n, max: 1000n }))

describe('finds and targets', () => {
  test('a find is a digest below the target as big-endian integers', () => {
    fc.assert(
      fc.property(uint256, uint256, (digest, target) => {
        expect(isFind(bigintToBytes(digest, 32), bigintToBytes(target, 32))).toBe(digest < target)
        expect(isFind(bigintToBytes(target, 32), bigintToBytes(target, 32))).toBe(false)
      }),
    )
  })

  test('targets survive their bytes; what is out of bounds is refused by code', () => {
    fc.assert(
      fc.property(targets, (target) => {
        expect(targetFromBytes(targetToBytes(target))).toBe(target)
      }),
    )
    const refused = expect.objectContaining({ code: 'invalid_target' })
    expect(() => targetToBytes(0n)).toThrow(refused)
    expect(() => targetToBytes(MAX_TARGET + 1n)).toThrow(refused)
    expect(() => targetFromBytes(new Uint8Array(32))).toThrow(refused)
    expect(() => targetFromBytes(new Uint8Array(31))).toThrow(refused)
  })

  test('weight is the expected work: tries per find, rounded down, times multiply-accumulates', () => {
    expect(weightPerFind(MAX_TARGET, 10n)).toBe(20n)
    expect(weightPerFind(3n, 7n)).toBe(((1n << 256n) / 3n) * 7n)
    expect(weightPerFind(MAX_TARGET, RACE_SHAPES.dev.macs)).toBe(2n * RACE_SHAPES.dev.macs)
  })

  test('retarget steers towards 500 finds a qualifying host, at most 500 000', () => {
    const target = 1n << 200n
    expect(retarget({ target, finds: 1000n, qualifyingHosts: 2n })).toBe(target)
    expect(retarget({ target, finds: 2000, qualifyingHosts: 2 })).toBe(target / 2n)
    expect(retarget({ target, finds: 500, qualifyingHosts: 2 })).toBe(target * 2n)
    expect(retarget({ target, finds: 500_000, qualifyingHosts: 100_000 })).toBe(target)
    expect(retarget({ target, finds: 1, qualifyingHosts: 1 })).toBe(target * 4n)
    expect(retarget({ target, finds: 10n ** 9n, qualifyingHosts: 1 })).toBe(target / 4n)
    expect(MIN_FINDS).toBe(20)
  })

  test('a race without finds or without a qualifying host eases the target', () => {
    const target = 1n << 200n
    expect(retarget({ target, finds: 0, qualifyingHosts: 0 })).toBe(target * 4n)
    expect(retarget({ target, finds: 19, qualifyingHosts: 0 })).toBe(target * 4n)
    expect(retarget({ target, finds: 0, qualifyingHosts: 3 })).toBe(target * 4n)
    expect(retarget({ target: MAX_TARGET, finds: 0, qualifyingHosts: 0 })).toBe(MAX_TARGET)
  })

  test('retarget stays within bounds and a factor of four, and falls with more finds', () => {
    const finds = fc.bigInt({ min: 1n, max: 10n ** 12n })
    const hosts = fc.bigInt({ min: 1n, max: 10n ** 6n })
    fc.assert(
      fc.property(targets, finds, hosts, (target, found, qualifyingHosts) => {
        const next = retarget({ target, finds: found, qualifyingHosts })
        expect(next >= 1n && next <= MAX_TARGET).toBe(true)
        expect(next <= target * 4n && next >= target / 4n).toBe(true)
        expect(retarget({ target, finds: found + 1n, qualifyingHosts }) <= next).toBe(true)
      }),
    )
  })
})
