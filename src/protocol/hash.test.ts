import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Domain } from './hash.ts'
import { sha256, taggedHash } from './hash.ts'

interface HashVectors {
  readonly tagged: readonly { readonly domain: Domain; readonly parts: readonly string[]; readonly hash: string }[]
}

describe('taggedHash', () => {
  test.each(readVectors<HashVectors>('hash').tagged)('$domain of $parts', ({ domain, parts, hash }) => {
    expect(toHex(taggedHash(domain, ...parts.map(fromHex)))).toBe(hash)
  })

  test('no two ways to split the same bytes, and no two domains, agree', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 6, max: 1 }), { maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = JSON.stringify(a.map(toHex)) === JSON.stringify(b.map(toHex))
        expect(toHex(taggedHash('tailrace/block/1', ...a)) === toHex(taggedHash('tailrace/block/1', ...b))).toBe(same)
        expect(toHex(taggedHash('tailrace/block/1', ...a))).not.toBe(toHex(taggedHash('tailrace/state/leaf/1', ...a)))
      }),
      { numRuns: 500 },
    )
  })

  test('a domain that is a part is not the domain', () => {
    const asPart = taggedHash('tailrace/draw/audit/1', new TextEncoder().encode('tailrace/block/1'))
    expect(toHex(asPart)).not.toBe(
      toHex(taggedHash('tailrace/block/1', new TextEncoder().encode('tailrace/draw/audit/1'))),
    )
  })
})

test('sha256 of the empty string and of abc (FIPS 180-4)', () => {
  expect(toHex(sha256(new Uint8Array(0)))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(toHex(sha256(new TextEncoder().encode('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
