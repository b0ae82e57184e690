import { bls12_381 } from '@noble/curves/bls12-381.js'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex, utf8 } from '../lib/bytes.ts'
import {
  BLS_PUBLIC_KEY_BYTES,
  BLS_SIGNATURE_BYTES,
  blsProvePossession,
  blsPublicKey,
  blsSecretFromSeed,
  blsSign,
  blsVerify,
  blsVerifyPossession,
  epochSeed,
  genesisRandomness,
  nextRandomness,
  randomnessMessage,
} from './randomness.ts'

interface BlsVectors {
  readonly keys: readonly { readonly secretKey: string; readonly publicKey: string }[]
  readonly sign: readonly {
    readonly name: string
    readonly secretKey: string
    readonly message: string
    readonly signature: string
  }[]
  readonly verify: readonly {
    readonly name: string
    readonly publicKey: string
    readonly message: string
    readonly signature: string
    readonly valid: boolean
  }[]
  readonly hashToG2: {
    readonly dst: string
    readonly cases: readonly { readonly message: string; readonly [coordinate: string]: string }[]
  }
  readonly possession: readonly { readonly secretKey: string; readonly publicKey: string; readonly proof: string }[]
  readonly outsideSubgroup: { readonly publicKey: string; readonly signature: string }
}

interface ChainVectors {
  readonly randomness: {
    readonly chainId: string
    readonly genesis: string
    readonly steps: readonly {
      readonly height: string
      readonly previous: string
      readonly message: string
      readonly signature: string
      readonly next: string
    }[]
  }
  readonly epochSeeds: readonly { readonly epoch: string; readonly randomness: string; readonly seed: string }[]
}

const bls = readVectors<BlsVectors>('bls')
const chain = readVectors<ChainVectors>('hash')

describe('published BLS vectors', () => {
  test.each(bls.keys)('public key $publicKey', ({ secretKey, publicKey }) => {
    expect(toHex(blsPublicKey(fromHex(secretKey)))).toBe(publicKey)
    expect(publicKey).toHaveLength(2 * BLS_PUBLIC_KEY_BYTES)
  })

  test.each(bls.sign)('$name', ({ secretKey, message, signature }) => {
    expect(toHex(blsSign(fromHex(secretKey), fromHex(message)))).toBe(signature)
    expect(signature).toHaveLength(2 * BLS_SIGNATURE_BYTES)
  })

  test.each(bls.verify)('$name: $valid', ({ publicKey, message, signature, valid }) => {
    expect(blsVerify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(valid)
  })

  test('sign_case_zero_privkey: there is no key 0, and none as large as the order', () => {
    const order = '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001'
    const refused = expect.objectContaining({ code: 'invalid_secret_key' })
    for (const secret of ['00'.repeat(32), order, 'ff'.repeat(32), '01'.repeat(31), '01'.repeat(33), '']) {
      expect(() => blsSign(fromHex(secret), new Uint8Array(32))).toThrow(refused)
      expect(() => blsPublicKey(fromHex(secret))).toThrow(refused)
    }
  })

  test.each(bls.hashToG2.cases)('the hash to G2 underneath, of "$message"', ({ message, ...coordinates }) => {
    const { x, y } = bls12_381.G2.hashToCurve(utf8(message), { DST: bls.hashToG2.dst }).toAffine()
    const hex = (value: bigint): string => value.toString(16).padStart(96, '0')
    expect({ x0: hex(x.c0), x1: hex(x.c1), y0: hex(y.c0), y1: hex(y.c1) }).toEqual(coordinates)
  })
})

describe('what is no signature', () => {
  const { publicKey, message, signature } = bls.verify[0] as BlsVectors['verify'][number]
  const [key, text, good] = [fromHex(publicKey), fromHex(message), fromHex(signature)]
  const infinityKey = fromHex(`c0${'00'.repeat(47)}`)
  const infinity = fromHex(`c0${'00'.repeat(95)}`)

  test('the unchanged one is', () => {
    expect(blsVerify(key, text, good)).toBe(true)
  })

  test.each<[string, Uint8Array, Uint8Array, Uint8Array]>([
    ['another message', key, new Uint8Array(32).fill(0x57), good],
    ['an empty message', key, new Uint8Array(0), good],
    ['a point of the curve outside the subgroup as key', fromHex(bls.outsideSubgroup.publicKey), text, good],
    ['a point of the curve outside the subgroup as signature', key, text, fromHex(bls.outsideSubgroup.signature)],
    ['infinity as key', infinityKey, text, good],
    ['infinity as signature', key, text, infinity],
    ['infinity as both', infinityKey, text, infinity],
    ['a key without its compression bit', key.map((byte, i) => (i === 0 ? byte & 0x7f : byte)), text, good],
    ['the negated signature', key, text, good.map((byte, i) => (i === 0 ? byte ^ 0x20 : byte))],
    ['a short key', key.slice(1), text, good],
    ['a long signature', key, text, Uint8Array.of(...good, 0)],
    ['no bytes at all', new Uint8Array(0), text, new Uint8Array(0)],
    ['zeros', new Uint8Array(48), text, new Uint8Array(96)],
    ['ones', new Uint8Array(48).fill(0xff), text, new Uint8Array(96).fill(0xff)],
  ])('%s', (_name, publicKeyBytes, messageBytes, signatureBytes) => {
    expect(blsVerify(publicKeyBytes, messageBytes, signatureBytes)).toBe(false)
  })
})

describe('proof of possession', () => {
  test.each(bls.possession)('of $publicKey', ({ secretKey, publicKey, proof }) => {
    expect(toHex(blsProvePossession(fromHex(secretKey)))).toBe(proof)
    expect(blsVerifyPossession(fromHex(publicKey), fromHex(proof))).toBe(true)
  })

  test('a signature over the key is no proof, and a proof is no signature: their domains differ', () => {
    const { secretKey, publicKey, proof } = bls.possession[0] as BlsVectors['possession'][number]
    const signed = blsSign(fromHex(secretKey), fromHex(publicKey))
    expect(blsVerifyPossession(fromHex(publicKey), signed)).toBe(false)
    expect(blsVerify(fromHex(publicKey), fromHex(publicKey), fromHex(proof))).toBe(false)
  })

  test('a proof of another key is none', () => {
    const [first, second] = bls.possession as [BlsVectors['possession'][number], BlsVectors['possession'][number]]
    expect(blsVerifyPossession(fromHex(first.publicKey), fromHex(second.proof))).toBe(false)
  })
})

describe('secret keys', () => {
  test('a seed gives one key that signs', () => {
    const seed = new Uint8Array(48).fill(9)
    const secret = blsSecretFromSeed(seed)
    expect(secret).toHaveLength(32)
    expect(toHex(blsSecretFromSeed(seed))).toBe(toHex(secret))
    const message = utf8('hello')
    expect(blsVerify(blsPublicKey(secret), message, blsSign(secret, message))).toBe(true)
  })

  test.each([0, 32, 47, 49, 64])('a seed of %d bytes is refused', (length) => {
    expect(() => blsSecretFromSeed(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'out_of_range' }))
  })
})

describe('the chain of randomness', () => {
  const { chainId, genesis, steps } = chain.randomness

  test('starts from the chain id', () => {
    expect(toHex(genesisRandomness(chainId))).toBe(genesis)
    expect(toHex(genesisRandomness(`${chainId}x`))).not.toBe(genesis)
  })

  test.each(steps)('height $height', ({ height, previous, message, signature, next }) => {
    expect(toHex(randomnessMessage(chainId, BigInt(height), fromHex(previous)))).toBe(message)
    expect(toHex(nextRandomness(fromHex(previous), fromHex(signature)))).toBe(next)
  })

  test('what is signed depends on chain, height and the randomness before', () => {
    const previous = fromHex(genesis)
    const messages = [
      randomnessMessage(chainId, 1n, previous),
      randomnessMessage(chainId, 2n, previous),
      randomnessMessage('tailrace-1', 1n, previous),
      randomnessMessage(chainId, 1n, new Uint8Array(32)),
    ]
    expect(new Set(messages.map(toHex)).size).toBe(messages.length)
  })

  test.each(chain.epochSeeds)('seed of epoch $epoch', ({ epoch, randomness, seed }) => {
    expect(toHex(epochSeed(BigInt(epoch), fromHex(randomness)))).toBe(seed)
  })
})
