import { expect, it } from 'vitest'
import { actorNamed } from '../../test/support/chain/chain-harness.ts'
import { utf8 } from '../lib/bytes.ts'
import { signBytes } from '../protocol/signature.ts'
import { createSignatureCache } from './signature-cache.ts'

const [a, b] = [actorNamed('a'), actorNamed('b')]
const message = utf8('a message')

it('gives the answer that verifying gives, the first time and again', () => {
  const cache = createSignatureCache()
  const signature = signBytes(a.secret, message)
  for (const _ of [1, 2]) {
    expect(cache.verify(a.publicKey, message, signature)).toBe(true)
    expect(cache.verify(b.publicKey, message, signature)).toBe(false)
    expect(cache.verify(a.publicKey, utf8('another'), signature)).toBe(false)
    expect(cache.verify(a.publicKey, message, signBytes(b.secret, message))).toBe(false)
    expect(cache.verify(new Uint8Array(0), message, new Uint8Array(3))).toBe(false)
  }
})

it('keeps so many answers and no more, and is right all the same', () => {
  const cache = createSignatureCache(2)
  const messages = [1, 2, 3, 4].map((byte) => Uint8Array.of(byte))
  for (const one of [...messages, ...messages]) {
    expect(cache.verify(a.publicKey, one, signBytes(a.secret, one))).toBe(true)
  }
})
