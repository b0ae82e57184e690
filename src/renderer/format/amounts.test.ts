import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatLarge,
  formatRate,
  formatShare,
  formatTail,
  formatTailShort,
  shortAddress,
} from './amounts.ts'

const THIN = '\u202f'
const HARD = '\u00a0'

describe('amounts', () => {
  it('are exact to the last unit, however large', () => {
    expect(formatTail('0')).toBe('0.000000')
    expect(formatTail('1')).toBe('0.000001')
    expect(formatTail('61834902')).toBe('61.834902')
    expect(formatTail('1234567890000001')).toBe(`1${THIN}234${THIN}567${THIN}890.000001`)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (utail) => {
        const text = formatTail(utail.toString()).replaceAll(THIN, '')
        expect(BigInt(text.replace('.', ''))).toBe(utail)
        expect(text).toMatch(/^\d+\.\d{6}$/)
      }),
    )
  })

  it('lose only zeros in sentences', () => {
    expect(formatTailShort('100000000')).toBe('100')
    expect(formatTailShort('49600000')).toBe('49.6')
    expect(formatTailShort('10')).toBe('0.00001')
  })
})

describe('numbers', () => {
  it('are grouped', () => {
    expect(formatCount(214_880)).toBe(`214${THIN}880`)
    expect(formatCount(12.9)).toBe('12')
  })

  it('keep three figures where they are large', () => {
    expect(formatLarge('9999')).toBe(`9${THIN}999`)
    expect(formatLarge('53687091200')).toBe('53.6 G')
    expect(formatLarge('128')).toBe('128')
    expect(formatLarge('999999')).toBe('999 k')
    expect(formatLarge(`1${'0'.repeat(27)}`)).toBe('1.00 × 10²⁷')
  })

  it('show a rate with the figures that matter', () => {
    expect(formatRate(0)).toBe('0.00')
    expect(formatRate(5.678)).toBe('5.68')
    expect(formatRate(63.21)).toBe('63.2')
    expect(formatRate(318.4)).toBe('318')
    expect(formatRate(47_310)).toBe('47.3 k')
  })

  it('show a share in percent, never zero for something', () => {
    expect(formatShare(0)).toBe(`0${HARD}%`)
    expect(formatShare(1)).toBe(`<${HARD}0.1${HARD}%`)
    expect(formatShare(4_200)).toBe(`0.4${HARD}%`)
    expect(formatShare(618_349)).toBe(`62${HARD}%`)
    expect(formatShare(1_000_000)).toBe(`100${HARD}%`)
  })

  it('show bytes and addresses', () => {
    expect(formatBytes(1_023)).toBe('1023 B')
    expect(formatBytes(12_034)).toBe('11.8 KiB')
    expect(shortAddress('tail1q9v2hxm4k8r7d0s3c6yz5twl8e4npaj2ufg7h')).toBe('tail1q9v2h…2ufg7h')
    expect(shortAddress('tail1short')).toBe('tail1short')
  })
})
