import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { compareBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Candidate } from './draw.ts'
import { createDrawTable } from './draw.ts'
import { LOCAL_PARAMS } from './params.ts'
import type { AssignedFind } from './verification.ts'
import {
  compareAssignedFinds,
  drawFindSample,
  drawOpenings,
  drawVerifiers,
  encodeVerificationLeaf,
  MAX_OPENINGS,
} from './verification.ts'

interface VerificationVectors {
  readonly verification: readonly {
    readonly randomness: string
    readonly epoch: string
    readonly round: number
    readonly host: string
    readonly finds: { readonly size: number; readonly count: number; readonly indices: readonly number[] }
    readonly verifiers: {
      readonly candidates: readonly { readonly address: string; readonly weight: string }[]
      readonly count: number
      readonly drawn: readonly string[]
    }
    readonly openings: {
      readonly openingPpm: number
      readonly cases: readonly { readonly leaves: number; readonly indices: readonly number[] }[]
    }
  }[]
}

const address = fc.uint8Array({ minLength: 20, maxLength: 20 })
const randomness = fc.uint8Array({ minLength: 32, maxLength: 32 })
const anyFind = fc.record({
  host: fc.uint8Array({ minLength: 20, maxLength: 20, max: 1 }),
  nonce: fc.bigInt({ min: 0n, max: 3n }),
})

describe('vectors of the second implementation', () => {
  test.each(readVectors<VerificationVectors>('draw').verification)('epoch $epoch, round $round', (vector) => {
    const seed = fromHex(vector.randomness)
    const host = fromHex(vector.host)
    const epoch = BigInt(vector.epoch)
    const { finds, verifiers, openings } = vector
    expect(drawFindSample(seed, epoch, vector.round, host, finds.size, finds.count)).toEqual(finds.indices)
    const candidates = verifiers.candidates.map(
      (c): Candidate => ({ address: fromHex(c.address), weight: BigInt(c.weight) }),
    )
    expect(
      drawVerifiers(seed, epoch, vector.round, host, createDrawTable(candidates), verifiers.count).map(toHex),
    ).toEqual(verifiers.drawn)
    const params = { ...LOCAL_PARAMS, openingPpm: openings.openingPpm }
    for (const { leaves, indices } of openings.cases) {
      expect(drawOpenings(params, seed, epoch, vector.round, host, leaves), `${leaves} leaves`).toEqual(indices)
    }
  })
})

test('a leaf is host, nonce and digest, 60 bytes', () => {
  const leaf = encodeVerificationLeaf({ host: new Uint8Array(20).fill(1), nonce: 258n }, new Uint8Array(32).fill(2))
  expect(toHex(leaf)).toBe(`${'01'.repeat(20)}0000000000000102${'02'.repeat(32)}`)
})

test('leaves are ordered by host, then by nonce as a number', () => {
  const order = (a: AssignedFind, b: AssignedFind): number => Math.sign(compareAssignedFinds(a, b))
  fc.assert(
    fc.property(anyFind, anyFind, (a, b) => {
      // The order of the finds is the order of their leaves: nonces stand big endian in them.
      const digest = new Uint8Array(32)
      expect(order(a, b)).toBe(compareBytes(encodeVerificationLeaf(a, digest), encodeVerificationLeaf(b, digest)))
    }),
  )
  const host = new Uint8Array(20)
  expect(order({ host, nonce: 9n }, { host, nonce: 10n })).toBe(-1)
})

describe('verifiers of a host', () => {
  const anyCandidates = fc.uniqueArray(fc.record({ address, weight: fc.bigInt({ min: 0n, max: 9n }) }), {
    selector: (candidate) => toHex(candidate.address),
    minLength: 1,
    maxLength: 8,
  })

  test('are never the host itself, and never too many', () => {
    fc.assert(
      fc.property(randomness, anyCandidates, fc.nat(9), (seed, candidates, count) => {
        const host = (candidates[0] as Candidate).address
        const others = candidates.slice(1).filter(({ weight }) => weight > 0n)
        const drawn = drawVerifiers(seed, 1n, 0, host, createDrawTable(candidates), count)
        expect(drawn).toHaveLength(Math.min(count, others.length))
        expect(drawn.map(toHex)).not.toContain(toHex(host))
      }),
    )
  })
})

describe('openings', () => {
  test('are the rounded-up share of the leaves, at least one, at most what one answer can open', () => {
    fc.assert(
      fc.property(randomness, fc.nat(2_000), fc.integer({ min: 1, max: 1_000_000 }), (seed, leaves, openingPpm) => {
        const drawn = drawOpenings({ ...LOCAL_PARAMS, openingPpm }, seed, 0n, 0, new Uint8Array(20), leaves)
        const share = Math.max(1, Math.ceil((leaves * openingPpm) / 1_000_000))
        expect(drawn).toHaveLength(Math.min(leaves, share, MAX_OPENINGS))
        expect(drawn.every((index) => index < leaves)).toBe(true)
      }),
    )
  })
})

test('each draw has its own domain, and depends on epoch, round, host and randomness', () => {
  const base = [new Uint8Array(32), 1n, 0, new Uint8Array(20)] as const
  const draws = [
    drawFindSample(...base, 10_000, 20),
    drawFindSample(new Uint8Array(32).fill(1), 1n, 0, new Uint8Array(20), 10_000, 20),
    drawFindSample(base[0], 2n, 0, base[3], 10_000, 20),
    drawFindSample(base[0], 1n, 1, base[3], 10_000, 20),
    drawFindSample(base[0], 1n, 0, new Uint8Array(20).fill(1), 10_000, 20),
    drawOpenings({ ...LOCAL_PARAMS, openingPpm: 2_000 }, ...base, 10_000),
  ]
  expect(draws.map((draw) => draw.length)).toEqual(new Array(draws.length).fill(20))
  expect(new Set(draws.map(String)).size).toBe(draws.length)
})
