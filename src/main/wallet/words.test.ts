/** The public BIP-39 test vectors (Trezor's list), and the addresses that every Cosmos wallet derives of the same words. */
import { bech32 } from '@scure/base'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { addressOfPublicKey, decodeAddress } from '../../protocol/address.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import { entropyOfWords, keyOfEntropy, wordsOfEntropy } from './words.ts'

const repeated = (word: string, count: number, last: string) => [...Array<string>(count).fill(word), last].join(' ')

const VECTORS: readonly (readonly [string, string])[] = [
  ['00'.repeat(16), repeated('abandon', 11, 'about')],
  ['7f'.repeat(16), 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
  ['80'.repeat(16), 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above'],
  ['ff'.repeat(16), repeated('zoo', 11, 'wrong')],
  ['00'.repeat(32), repeated('abandon', 23, 'art')],
]

describe('words', () => {
  it('are those of the public vectors, in both directions', () => {
    for (const [entropy, words] of VECTORS) {
      expect(toHex(entropyOfWords(words.split(' ')))).toBe(entropy)
      expect(wordsOfEntropy(entropyOfWords(words.split(' ')))).toEqual(words.split(' '))
    }
  })

  it('give the account of any other Cosmos wallet', async () => {
    const key = await keyOfEntropy(new Uint8Array(16))
    const address = addressOfPublicKey(publicKeyOf(key))
    // The well-known first account of "abandon … about" on the Cosmos Hub: the same 20 bytes under another prefix.
    const hub = bech32.decodeToBytes('cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4')
    expect(decodeAddress(address)).toEqual(Uint8Array.from(hub.bytes))
  })

  it('keep their addresses', async () => {
    const addresses = await Promise.all(
      VECTORS.slice(1).map(async ([, words]) =>
        addressOfPublicKey(publicKeyOf(await keyOfEntropy(entropyOfWords(words.split(' '))))),
      ),
    )
    expect(addresses).toMatchInlineSnapshot(`
      [
        "tail1avgyh77ycn997ja45q5q8ss8y9mr424jfnvrnh",
        "tail16ns2f3vrquy0vpyvkg92dxhymmran5f7d4tly7",
        "tail1am058pdux3hyulcmfgj4m3hhrlfn8nzmwwjhfk",
        "tail1r5v5srda7xfth3hn2s26txvrcrntldjujzft3f",
      ]
    `)
  })

  it('that are none, too few, or do not belong together are named by position', () => {
    const good = (VECTORS[1]?.[1] ?? '').split(' ')
    const position = (words: readonly string[]): unknown => {
      try {
        entropyOfWords(words)
        return 'taken'
      } catch (error) {
        return error instanceof CodedError && error.code === 'bad_words' ? error.fields.position : error
      }
    }
    expect(position(good.with(4, 'wawe'))).toBe(5)
    expect(position(good.slice(1))).toBe(0)
    expect(position(good.with(0, 'zoo'))).toBe(0)
    expect(position(good.toReversed())).toBe(0)
    expect(position([])).toBe(0)
  })

  it('round trip for any entropy, and nothing else is taken than what a checksum holds together', () => {
    const bytes = fc.constantFrom(16, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
    fc.assert(
      fc.property(bytes, (entropy) => {
        expect(entropyOfWords(wordsOfEntropy(entropy))).toEqual(entropy)
      }),
    )
    const words = fc.array(fc.oneof(fc.constantFrom(...wordlist), fc.string()), { maxLength: 25 })
    fc.assert(
      fc.property(words, (given) => {
        try {
          expect(wordsOfEntropy(entropyOfWords(given))).toEqual(given)
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_words' })
        }
      }),
    )
  })
})
