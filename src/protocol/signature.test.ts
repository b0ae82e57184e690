import { describe, expect, test } from 'vitest'
import { bigintToBytes, bytesToBigint, concatBytes, fromHex, toHex, utf8 } from '../lib/bytes.ts'
import { isPublicKey, isSecretKey, publicKeyOf, SIGNATURE_BYTES, signBytes, verifyBytes } from './signature.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** Deterministic signatures (RFC 6979, SHA-256) that circulate since bitcointalk.org topic 285142 and stand in many test suites. */
const PUBLISHED = [
  {
    secret: 1n,
    message: 'Satoshi Nakamoto',
    signature:
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
  },
  {
    secret: 1n,
    message: 'All those moments will be lost in time, like tears in rain. Time to die...',
    signature:
      '8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21',
  },
  {
    secret: ORDER - 1n,
    message: 'Satoshi Nakamoto',
    signature:
      'fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5',
  },
] as const

describe('published signatures', () => {
  test.each(PUBLISHED)('of "$message"', ({ secret, message, signature }) => {
    const secretKey = bigintToBytes(secret, 32)
    expect(toHex(signBytes(secretKey, utf8(message)))).toBe(signature)
    expect(verifyBytes(publicKeyOf(secretKey), utf8(message), fromHex(signature))).toBe(true)
  })

  test('the key of secret 1 is the generator', () => {
    expect(toHex(publicKeyOf(bigintToBytes(1n, 32)))).toBe(
      '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    )
  })
})

describe('what is no signature', () => {
  const secretKey = bigintToBytes(1n, 32)
  const publicKey = publicKeyOf(secretKey)
  const message = utf8('Satoshi Nakamoto')
  const good = fromHex(PUBLISHED[0].signature)
  const r = good.slice(0, 32)
  const s = bytesToBigint(good.slice(32))
  const zero = new Uint8Array(32)

  test.each<[string, Uint8Array, Uint8Array, Uint8Array]>([
    ['another message', publicKey, utf8('Satoshi Nakamot'), good],
    ['another key', publicKeyOf(bigintToBytes(2n, 32)), message, good],
    ['the high s of the same signature', publicKey, message, concatBytes(r, bigintToBytes(ORDER - s, 32))],
    ['s beyond the order', publicKey, message, concatBytes(r, bigintToBytes(ORDER, 32))],
    ['r = 0', publicKey, message, concatBytes(zero, good.slice(32))],
    ['s = 0', publicKey, message, concatBytes(r, zero)],
    ['63 bytes', publicKey, message, good.slice(1)],
    ['65 bytes', publicKey, message, concatBytes(good, Uint8Array.of(0))],
    ['no bytes', publicKey, message, new Uint8Array(0)],
    ['an uncompressed key', concatBytes(Uint8Array.of(4), publicKey.slice(1), zero), message, good],
    ['a key that is no curve point', concatBytes(Uint8Array.of(2), bigintToBytes(5n, 32)), message, good],
    ['a key of 33 zeros', new Uint8Array(33), message, good],
  ])('%s', (_name, key, text, signature) => {
    expect(verifyBytes(key, text, signature)).toBe(false)
  })
})

test('signatures are low-s and deterministic', () => {
  const secretKey = new Uint8Array(32).fill(3)
  for (let i = 0; i < 20; i++) {
    const signature = signBytes(secretKey, Uint8Array.of(i))
    expect(signature).toHaveLength(SIGNATURE_BYTES)
    expect(bytesToBigint(signature.slice(32)) <= ORDER / 2n).toBe(true)
    expect(toHex(signBytes(secretKey, Uint8Array.of(i)))).toBe(toHex(signature))
  }
})

test('which bytes are keys', () => {
  const key = publicKeyOf(new Uint8Array(32).fill(3))
  expect([key, key.slice(1), new Uint8Array(33), Uint8Array.of(5, ...key.slice(1))].map(isPublicKey)).toEqual([
    true,
    false,
    false,
    false,
  ])
  const secrets = [1n, ORDER - 1n, 0n, ORDER].map((secret) => isSecretKey(bigintToBytes(secret, 32)))
  expect(secrets).toEqual([true, true, false, false])
})
