import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVectors } from '../../test/support/vectors.ts'
import { bytesToBigint, compareBytes, fromHex, toHex, u32be, u64be } from '../lib/bytes.ts'
import type { Candidate } from './draw.ts'
import { createDrawStream, createDrawTable, drawFrom, drawSample, drawWeighted } from './draw.ts'
import { sha256, taggedHash } from './hash.ts'

interface CandidateJson {
  readonly address: string
  readonly weight: string
}

interface DrawVectors {
  readonly stream: readonly {
    readonly seed: string
    readonly bounds: readonly string[]
    readonly values: readonly string[]
  }[]
  readonly sample: readonly {
    readonly seed: string
    readonly size: number
    readonly count: number
    readonly indices: readonly number[]
  }[]
  readonly weighted: readonly {
    readonly name: string
    readonly seed: string
    readonly candidates: readonly CandidateJson[]
    readonly count: number
    readonly drawn: readonly string[]
  }[]
}

const vectors = readVectors<DrawVectors>('draw')
const seedOf = (index: number): Uint8Array => sha256(u32be(index))
const candidateOf = ({ address, weight }: CandidateJson): Candidate => ({
  address: fromHex(address),
  weight: BigInt(weight),
})
const anySeed = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** Whether `observed` of `trials` lies within four standard deviations of the chance; a wrong rule leaves them at once. */
function isWithinFourSigma(observed: number, trials: number, chance: number): boolean {
  return Math.abs(observed - trials * chance) <= 4 * Math.sqrt(trials * chance * (1 - chance))
}

describe('vectors of the second implementation', () => {
  test.each(vectors.stream)('stream of $seed', ({ seed, bounds, values }) => {
    const stream = createDrawStream(fromHex(seed))
    expect(bounds.map((bound) => stream.below(BigInt(bound)).toString())).toEqual(values)
  })

  test.each(vectors.sample)('$count of $size', ({ seed, size, count, indices }) => {
    expect(drawSample(fromHex(seed), size, count)).toEqual(indices)
  })

  test.each(vectors.weighted)('$count of $name', ({ seed, candidates, count, drawn }) => {
    expect(
      drawWeighted(fromHex(seed), candidates.map(candidateOf), count).map(({ address }) => toHex(address)),
    ).toEqual(drawn)
  })
})

describe('the stream', () => {
  test('stays below its bound, and is a function of the seed', () => {
    const bounds = fc.array(fc.bigInt({ min: 1n, max: 1n << 248n }), { maxLength: 10 })
    fc.assert(
      fc.property(anySeed, bounds, (seed, list) => {
        const [first, second] = [createDrawStream(seed), createDrawStream(seed)]
        for (const bound of list) {
          const value = first.below(bound)
          expect(value >= 0n && value < bound).toBe(true)
          expect(second.below(bound)).toBe(value)
        }
      }),
    )
  })

  test.each([0n, -1n, (1n << 248n) + 1n])('refuses the bound %d', (bound) => {
    expect(() => createDrawStream(seedOf(0)).below(bound)).toThrow(expect.objectContaining({ code: 'out_of_range' }))
  })

  test('values below 3 and below 5 are even: nothing leans to the low ones', () => {
    for (const bound of [3, 5]) {
      const stream = createDrawStream(seedOf(bound))
      const trials = 6_000
      const counts = new Array<number>(bound).fill(0)
      for (let i = 0; i < trials; i++) {
        const value = Number(stream.below(BigInt(bound)))
        counts[value] = (counts[value] as number) + 1
      }
      for (const count of counts) {
        expect(isWithinFourSigma(count, trials, 1 / bound), `${counts}`).toBe(true)
      }
    }
  })
})

describe('createDrawStream', () => {
  test('reads the low bits of tagged hashes of a counter', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.array(fc.bigInt({ min: 1n, max: 1n << 70n })),
        (seed, bounds) => {
          const stream = createDrawStream(seed)
          let counter = 0n
          for (const bound of [1n, 2n, 1n << 32n, (1n << 32n) + 1n, 1n << 248n, ...bounds]) {
            const mask = (1n << BigInt((bound - 1n).toString(2).length)) - 1n
            let expected = bound
            while (expected >= bound) {
              expected = bytesToBigint(taggedHash('tailrace/draw/stream/1', seed, u64be(counter))) & mask
              counter += 1n
            }
            expect(stream.below(bound)).toBe(expected)
          }
        },
      ),
    )
  })
})

describe('drawSample', () => {
  test('is distinct, ascending, in range and complete', () => {
    fc.assert(
      fc.property(anySeed, fc.nat(300), fc.nat(320), (seed, size, count) => {
        const indices = drawSample(seed, size, count)
        expect(indices).toHaveLength(Math.min(size, count))
        expect(
          indices.every(
            (index, i) => Number.isInteger(index) && index >= 0 && (i === 0 || index > (indices[i - 1] as number)),
          ),
        ).toBe(true)
        expect(indices.every((index) => index < size)).toBe(true)
      }),
    )
  })

  test('each index is as likely as any other, and so is each pair', () => {
    const trials = 4_000
    const singles = new Array<number>(6).fill(0)
    const pairs = new Map<string, number>()
    for (let i = 0; i < trials; i++) {
      const drawn = drawSample(seedOf(i), 6, 2)
      pairs.set(`${drawn}`, (pairs.get(`${drawn}`) ?? 0) + 1)
      for (const index of drawn) {
        singles[index] = (singles[index] as number) + 1
      }
    }
    expect(
      singles.every((count) => isWithinFourSigma(count, trials, 2 / 6)),
      `${singles}`,
    ).toBe(true)
    expect(pairs.size).toBe(15)
    expect(
      [...pairs.values()].every((count) => isWithinFourSigma(count, trials, 1 / 15)),
      `${[...pairs]}`,
    ).toBe(true)
  })
})

describe('drawWeighted', () => {
  const anyCandidates = fc
    .uniqueArray(fc.uint8Array({ minLength: 20, maxLength: 20 }), { selector: toHex, maxLength: 20 })
    .chain((addresses) =>
      fc
        .array(fc.bigInt({ min: 0n, max: 2n ** 100n }), { minLength: addresses.length, maxLength: addresses.length })
        .map((weights) => addresses.map((address, i): Candidate => ({ address, weight: weights[i] as bigint }))),
    )

  test('draws distinct candidates of positive weight, as many as asked or as there are', () => {
    fc.assert(
      fc.property(anySeed, anyCandidates, fc.nat(25), (seed, candidates, count) => {
        const eligible = candidates.filter(({ weight }) => weight > 0n)
        const drawn = drawWeighted(seed, candidates, count)
        expect(drawn).toHaveLength(Math.min(count, eligible.length))
        expect(new Set(drawn).size).toBe(drawn.length)
        expect(drawn.every((candidate) => eligible.includes(candidate))).toBe(true)
      }),
    )
  })

  test('is what a walk along the weights draws, with one left out or with none', () => {
    fc.assert(
      fc.property(anySeed, anyCandidates, fc.nat(25), fc.nat(21), (seed, candidates, count, at) => {
        const without = candidates.filter((_, index) => index !== at)
        const table = createDrawTable(candidates)
        const excluded = candidates[at]?.address ?? new Uint8Array(20)
        expect(drawFrom(table, seed, count, excluded)).toEqual(drawByWalking(seed, without, count))
        expect(drawFrom(table, seed, count)).toEqual(drawByWalking(seed, candidates, count))
      }),
    )
  })

  test('does not depend on the order of the list, and leaves it as it was', () => {
    fc.assert(
      fc.property(anySeed, anyCandidates, fc.nat(25), (seed, candidates, count) => {
        const before = [...candidates]
        const sorted = [...candidates].sort((a, b) => compareBytes(b.address, a.address))
        expect(drawWeighted(seed, sorted, count)).toEqual(drawWeighted(seed, candidates, count))
        expect(candidates).toEqual(before)
      }),
    )
  })

  test('fewer asked is the beginning of more asked', () => {
    fc.assert(
      fc.property(anySeed, anyCandidates, fc.nat(25), (seed, candidates, count) => {
        const all = drawWeighted(seed, candidates, candidates.length)
        expect(drawWeighted(seed, candidates, count)).toEqual(all.slice(0, count))
      }),
    )
  })

  test('the first and the second are drawn in proportion to their weights', () => {
    const weights = [1, 2, 3, 4, 0, 10]
    const total = 20
    const candidates = weights.map(
      (weight, i): Candidate => ({ address: new Uint8Array(20).fill(i), weight: BigInt(weight) }),
    )
    const trials = 6_000
    const first = new Array<number>(weights.length).fill(0)
    const second = new Array<number>(weights.length).fill(0)
    for (let i = 0; i < trials; i++) {
      const [a, b] = drawWeighted(seedOf(i), candidates, 2).map(({ address }) => address[0] as number) as [
        number,
        number,
      ]
      first[a] = (first[a] as number) + 1
      second[b] = (second[b] as number) + 1
    }
    weights.forEach((weight, i) => {
      const chanceSecond = weights.reduce(
        (sum, other, j) => (j === i ? sum : sum + (other / total) * (weight / (total - other))),
        0,
      )
      expect(isWithinFourSigma(first[i] as number, trials, weight / total), `first ${first}`).toBe(true)
      expect(isWithinFourSigma(second[i] as number, trials, chanceSecond), `second ${second}`).toBe(true)
    })
  })
})

/** The plain rule: a point below the sum of what is left, counted along in address order. */
function drawByWalking(seed: Uint8Array, candidates: readonly Candidate[], count: number): Candidate[] {
  const rest = candidates.filter(({ weight }) => weight > 0n).sort((a, b) => compareBytes(a.address, b.address))
  const stream = createDrawStream(seed)
  const drawn: Candidate[] = []
  while (drawn.length < count && rest.length > 0) {
    let point = stream.below(rest.reduce((sum, { weight }) => sum + weight, 0n))
    const index = rest.findIndex(({ weight }) => {
      point -= weight
      return point < 0n
    })
    drawn.push(...rest.splice(index, 1))
  }
  return drawn
}
