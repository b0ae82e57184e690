import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Waiting } from './mempool-share.ts'
import { chooseFairly, costOfNext, costsOf } from './mempool-share.ts'

function waiting(signer: string, bytes: number, priority = 1): Waiting {
  return { tx: new Uint8Array(bytes), signer, priority }
}

function flood(signers: number, each: number, bytes: number, priority = 1): Waiting[] {
  return Array.from({ length: signers * each }, (_, at) => waiting(`flood ${at % signers}`, bytes, priority))
}

const entries = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 2 }))
    .map(([signer, bytes, priority]) => waiting(`signer ${signer}`, bytes, priority)),
  { maxLength: 40 },
)

describe('a fair choice', () => {
  it('is everything, in the order of arrival, where everything fits', () => {
    const all = [waiting('a', 500, 0), waiting('b', 10, 2), waiting('a', 10, 2)]
    expect(chooseFairly(all, 3, 520)).toEqual(all)
  })

  it("takes a small commit although others' large ones came before it and would fill the block", () => {
    const small = waiting('honest', 700)
    const chosen = chooseFairly([...flood(10, 4, 41_000), small], 500, 1_048_576)
    expect(chosen).toContain(small)
    expect(chosen.length).toBeGreaterThan(20)
  })

  it('takes the duties of hosts with weight before any number of small messages without', () => {
    const duties = [waiting('a', 900, 2), waiting('b', 900, 2)]
    const chosen = chooseFairly([...flood(600, 1, 250), ...flood(600, 1, 250, 0), ...duties], 500, 1_048_576)
    expect(chosen).toHaveLength(500)
    expect(chosen).toEqual(expect.arrayContaining(duties))
  })

  it('keeps within its bounds and takes of each signer an unbroken beginning', () => {
    fc.assert(
      fc.property(entries, fc.nat(20), fc.nat(3_000), (all, maxTxs, maxBytes) => {
        const chosen = chooseFairly(all, maxTxs, maxBytes)
        expect(chosen.length).toBeLessThanOrEqual(maxTxs)
        expect(chosen.reduce((sum, { tx }) => sum + tx.length, 0)).toBeLessThanOrEqual(maxBytes)
        expect(chosen).toEqual(all.filter((entry) => chosen.includes(entry)))
        for (const { signer } of chosen) {
          const own = all.filter((entry) => entry.signer === signer)
          const taken = chosen.filter((entry) => entry.signer === signer)
          expect(taken).toEqual(own.slice(0, taken.length))
        }
      }),
    )
  })

  it('knows beforehand what a further transaction costs', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const next = waiting('signer 1', 77, 1)
        expect(costOfNext(all, next)).toBe(costsOf([...all, next]).at(-1))
      }),
    )
  })
})
