import { bech32 } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { ADDRESS_BYTES, addressOfPublicKey, decodeAddress, encodeAddress, tryDecodeAddress } from './address.ts'

interface AddressVectors {
  readonly bip173: { readonly valid: readonly string[]; readonly invalid: readonly string[] }
  readonly keys: readonly {
    readonly publicKey: string
    readonly bytes: string
    readonly cosmos: string
    readonly tail: string
  }[]
  readonly raw: readonly { readonly bytes: string; readonly tail: string }[]
  readonly refused: readonly { readonly why: string; readonly text: string }[]
}

const vectors = readVectors<AddressVectors>('address')

describe('the bech32 underneath, on the strings of BIP-173', () => {
  test.each(vectors.bip173.valid)('%s is valid', (text) => {
    expect(bech32.decodeUnsafe(text, 90)).toBeDefined()
  })

  test.each(vectors.bip173.invalid)('%s is invalid', (text) => {
    expect(bech32.decodeUnsafe(text, 90)).toBeUndefined()
  })
})

describe('addresses', () => {
  test.each(vectors.keys)('of key $publicKey', ({ publicKey, bytes, cosmos, tail }) => {
    expect(addressOfPublicKey(fromHex(publicKey))).toBe(tail)
    expect(toHex(decodeAddress(tail))).toBe(bytes)
    // The same 20 bytes as on the Cosmos Hub, and yet no address of this network.
    expect(tryDecodeAddress(cosmos)).toBeUndefined()
  })

  test.each(vectors.raw)('of bytes $bytes', ({ bytes, tail }) => {
    expect(encodeAddress(fromHex(bytes))).toBe(tail)
    expect(toHex(decodeAddress(tail))).toBe(bytes)
  })

  test('round trip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: ADDRESS_BYTES, maxLength: ADDRESS_BYTES }), (bytes) => {
        expect(decodeAddress(encodeAddress(bytes))).toEqual(bytes)
      }),
    )
  })

  test.each(vectors.refused)('refuses: $why', ({ text }) => {
    expect(tryDecodeAddress(text)).toBeUndefined()
    expect(() => decodeAddress(text)).toThrow(expect.objectContaining({ code: 'invalid_address' }))
  })

  test('any text is an address that encodes to that very text, or none', () => {
    const bent = fc
      .tuple(
        fc.constantFrom(...vectors.raw.map(({ tail }) => tail)),
        fc.nat(42),
        fc.string({ unit: 'binary', maxLength: 2 }),
      )
      .map(([tail, at, insert]) => tail.slice(0, at) + insert + tail.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), bent), (text) => {
        const bytes = tryDecodeAddress(text)
        expect(bytes === undefined || encodeAddress(bytes) === text).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('one wrong letter is always noticed', () => {
    const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
    const { tail } = vectors.raw[2] as { tail: string }
    for (let at = 'tail1'.length; at < tail.length; at++) {
      for (const letter of letters) {
        const changed = tail.slice(0, at) + letter + tail.slice(at + 1)
        expect(tryDecodeAddress(changed) === undefined, changed).toBe(changed !== tail)
      }
    }
  })
})
