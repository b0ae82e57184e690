import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex, u64be, utf8 } from './bytes.ts'
import { sha256, sha256Counter, sha256Midstate, sha256StateBytes } from './sha256.ts'

describe('SHA-256', () => {
  // FIPS 180-4 examples and the long message of NIST's example set.
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ])('gives the published digest of "%.12s…"', (text, digest) => {
    expect(toHex(sha256(utf8(text)))).toBe(digest)
  })

  test('agrees with another implementation at every length around the block bounds', () => {
    for (let length = 0; length <= 200; length++) {
      const data = Uint8Array.from({ length }, (_, index) => index * 7 + length)
      expect(toHex(sha256(data))).toBe(createHash('sha256').update(data).digest('hex'))
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (data) => {
        expect(toHex(sha256(data))).toBe(createHash('sha256').update(data).digest('hex'))
      }),
    )
  })

  test('counts behind a prefix of any length', () => {
    const counters = [0, 1, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]
    for (let length = 0; length <= 140; length++) {
      const prefix = Uint8Array.from({ length }, (_, index) => index * 5 + length)
      const digest = sha256Counter(prefix)
      for (const counter of counters) {
        const expected = sha256(concatBytes(prefix, u64be(BigInt(counter))))
        expect(toHex(sha256StateBytes(digest(counter)))).toBe(toHex(expected))
      }
    }
  })

  test('a midstate is the state behind one block', () => {
    const block = Uint8Array.from({ length: 64 }, (_, index) => index)
    expect(toHex(sha256StateBytes(sha256Midstate(block)))).toBe(
      'fc99a2df88f42a7a7bb9d18033cdc6a20256755f9d5b9a5044a9cc315abe84a7',
    )
  })
})
