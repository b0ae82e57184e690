import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cut } from './candidates.ts'
import { Candidates } from './candidates.ts'
import { weightAt, weightRate } from './exponential.ts'
import { LOGIT_LIMIT, MASKED, ONE } from './quantize.ts'

const logit = fc.oneof(
  fc.integer({ min: -3, max: 3 }).map((value) => value * ONE),
  fc.integer({ min: -20 * ONE, max: 20 * ONE }),
  fc.integer({ min: -LOGIT_LIMIT, max: LOGIT_LIMIT }),
  fc.constant(MASKED),
)
const logits = fc.array(logit, { minLength: 1, maxLength: 60 })

function candidatesOf(z: readonly number[]): Candidates {
  const candidates = new Candidates(z.length)
  candidates.z.set(z)
  candidates.collect()
  return candidates
}

function ranked(z: readonly number[]): number[] {
  return [...z.keys()].filter((id) => z[id] !== MASKED).sort((a, b) => (z[b] as number) - (z[a] as number) || a - b)
}

function keptBy(candidates: Candidates, cut: Cut): number[] {
  candidates.keep(cut)
  return [...candidates.ids.subarray(0, candidates.count)]
}

const ascending = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)

test('a cut by count keeps what a sort puts first, ties by the lowest id', () => {
  fc.assert(
    fc.property(logits, fc.nat(), (z, pick) => {
      const order = ranked(z)
      fc.pre(order.length > 0)
      const k = 1 + (pick % order.length)
      const candidates = candidatesOf(z)
      const cut = { z: 0, ties: 0 }
      candidates.weighEqually()
      candidates.cutAt(k, cut)
      expect(candidates.best).toBe(order[0])
      expect(cut.z).toBe(z[order[k - 1] as number])
      expect(candidates.outside(cut)).toBe(k < order.length ? z[order[k] as number] : MASKED)
      expect(keptBy(candidates, cut)).toEqual(ascending(order.slice(0, k)))
    }),
    { numRuns: 500 },
  )
})

test('a cut by mass keeps the shortest prefix that reaches the limit', () => {
  fc.assert(
    fc.property(
      logits,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 2 * ONE }),
      (z, part, t) => {
        const order = ranked(z)
        fc.pre(order.length > 0)
        const candidates = candidatesOf(z)
        const cut = { z: 0, ties: 0 }
        const sum = candidates.weighByMass(t)
        const weights = order.map((id) =>
          weightAt((z[order[0] as number] as number) - (z[id] as number), weightRate(t)),
        )
        expect(sum).toBe(weights.reduce((total, weight) => total + weight, 0))
        const limit = Math.max(1, Math.floor(part * sum))
        let kept = 0
        for (let before = 0; before < limit; kept++) {
          before += weights[kept] as number
        }
        candidates.cutAt(limit, cut)
        expect(keptBy(candidates, cut)).toEqual(ascending(order.slice(0, kept)))
      },
    ),
    { numRuns: 500 },
  )
})

test('nothing is a candidate where all is masked', () => {
  const candidates = candidatesOf([MASKED, MASKED])
  expect([candidates.count, candidates.best]).toEqual([0, 0])
})
