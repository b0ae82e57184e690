import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bigintToBytes,
  bytesToBigint,
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  toHex,
  u32be,
  u64be,
  utf8,
} from './bytes.ts'

const bytes = (maxLength = 40): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })

describe('concatBytes', () => {
  test('is what Buffer.concat makes of it', () => {
    fc.assert(
      fc.property(fc.array(bytes()), (parts) => {
        expect(toHex(concatBytes(...parts))).toBe(Buffer.concat(parts).toString('hex'))
      }),
    )
  })

  test('copies', () => {
    const part = Uint8Array.of(1)
    const whole = concatBytes(part)
    part[0] = 9
    expect([...whole]).toEqual([1])
  })
})

describe('compareBytes', () => {
  test('orders as Buffer.compare does', () => {
    const small = fc.uint8Array({ maxLength: 4, max: 2 })
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(compareBytes(a, b)).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.from(a).equals(b))
      }),
    )
  })
})

describe('hex', () => {
  test('round trip, and lower case as Buffer writes it', () => {
    fc.assert(
      fc.property(bytes(), (value) => {
        expect(toHex(value)).toBe(Buffer.from(value).toString('hex'))
        expect(fromHex(toHex(value))).toEqual(value)
        expect(fromHex(toHex(value).toUpperCase())).toEqual(value)
      }),
    )
  })

  test.each(['0', 'abc', 'zz', '0x00', ' 00', '00\n', '0g', '００'])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'invalid_hex' }))
  })
})

describe('utf8', () => {
  test('is what TextEncoder makes of any string, lone surrogates included', () => {
    const anyString = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })
    fc.assert(
      fc.property(fc.oneof(anyString, fc.string({ unit: 'binary' })), (text) => {
        expect(toHex(utf8(text))).toBe(toHex(new TextEncoder().encode(text)))
      }),
    )
  })
})

describe('big-endian integers', () => {
  test('u32be', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const buffer = Buffer.alloc(4)
        buffer.writeUInt32BE(value)
        expect(toHex(u32be(value))).toBe(buffer.toString('hex'))
      }),
    )
    expect(toHex(u32be(0xffffffff))).toBe('ffffffff')
  })

  test.each([-1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('u32be refuses %d', (value) => {
    expect(() => u32be(value)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
  })

  test('u64be', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const buffer = Buffer.alloc(8)
        buffer.writeBigUInt64BE(value)
        expect(toHex(u64be(value))).toBe(buffer.toString('hex'))
        expect(bytesToBigint(u64be(value))).toBe(value)
      }),
    )
  })

  test.each([-1n, 2n ** 64n])('u64be refuses %d', (value) => {
    expect(() => u64be(value)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
  })

  test('bigintToBytes inverts bytesToBigint at the same length', () => {
    fc.assert(
      fc.property(bytes(), (value) => {
        expect(bigintToBytes(bytesToBigint(value), value.length === 0 ? 1 : value.length)).toEqual(
          value.length === 0 ? Uint8Array.of(0) : value,
        )
      }),
    )
  })

  test.each([
    [256n, 1],
    [-1n, 4],
    [2n ** 256n, 32],
  ])('bigintToBytes refuses %d in %d bytes', (value, length) => {
    expect(() => bigintToBytes(value, length)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
  })
})
