import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Arriving, Lane, RankedLane, Waiting } from './lanes.ts'
import { chooseForBlock, compareRank, rankBehind } from './lanes.ts'
import { WaitingLanes } from './waiting.ts'

interface Offer {
  readonly signer: string
  readonly bytes: number
  readonly lane?: Lane
  readonly fee?: bigint
}

const WIDE = { txs: 10_000, bytes: 100_000_000 }

function arrivingOf({ signer, bytes, lane = 1, fee = 0n }: Offer, arrival: number): Arriving {
  return { name: `tx ${arrival}`, tx: new Uint8Array(bytes), signer, fee, lane, arrival }
}

/** A pool into which these came in this order. */
function poolOf(offers: readonly Offer[], room = WIDE): WaitingLanes {
  const pool = new WaitingLanes(room)
  offers.forEach((offer, at) => {
    pool.add(pool.rankOf(arrivingOf(offer, at)))
  })
  return pool
}

function flood(signers: number, each: number, bytes: number, lane: Lane = 1, fee = 0n): Offer[] {
  return Array.from({ length: signers * each }, (_, at) => ({
    signer: `flood ${lane} ${at % signers}`,
    bytes,
    lane,
    fee,
  }))
}

function arrivals(chosen: readonly Waiting[]): number[] {
  return chosen.map(({ arrival }) => arrival)
}

const offers = fc.array(
  fc.record({
    signer: fc.integer({ min: 0, max: 4 }).map((number) => `signer ${number}`),
    bytes: fc.integer({ min: 1, max: 400 }),
    lane: fc.constantFrom<Lane>(0, 1, 2),
    fee: fc.bigInt({ min: 0n, max: 500n }),
  }),
  { maxLength: 40 },
)

describe('what a block takes', () => {
  it('is everything, in the order of arrival, where everything fits', () => {
    const pool = poolOf([
      { signer: 'a', bytes: 500, lane: 0 },
      { signer: 'b', bytes: 10, lane: 2 },
      { signer: 'a', bytes: 10, lane: 2 },
    ])
    expect(arrivals(pool.choose({ txs: 24, bytes: 5_200 }))).toEqual([0, 1, 2])
  })

  it("has a small commit although others' large ones came before it and would fill the block", () => {
    const pool = poolOf([...flood(10, 4, 41_000), { signer: 'honest', bytes: 700 }])
    const chosen = arrivals(pool.choose({ txs: 500, bytes: 1_048_576 }))
    expect(chosen).toContain(40)
    expect(chosen.length).toBeGreaterThan(20)
  })

  it('has the duties of hosts with weight whatever else waits, and still some of everything', () => {
    const duties: Offer[] = [
      { signer: 'a', bytes: 900, lane: 2 },
      { signer: 'b', bytes: 900, lane: 2 },
    ]
    const chosen = poolOf([...flood(600, 1, 250), ...flood(600, 1, 250, 0, 9_000n), ...duties]).choose({
      txs: 500,
      bytes: 1_048_576,
    })
    expect(chosen).toHaveLength(500)
    expect(arrivals(chosen).slice(-2)).toEqual([1_200, 1_201])
    expect(chosen.filter(({ lane }) => lane === 0)).toHaveLength(62)
  })

  it('keeps a share for what pays although duties alone would fill it', () => {
    const chosen = poolOf([...flood(600, 1, 250, 2), ...flood(600, 1, 250, 1), ...flood(600, 1, 250, 0, 1n)]).choose({
      txs: 80,
      bytes: 1_048_576,
    })
    expect([2, 1, 0].map((lane) => chosen.filter((one) => one.lane === lane).length)).toEqual([60, 10, 10])
  })

  it('has of payments those with the highest fee per byte', () => {
    const fees = [5n, 900n, 30n, 800n, 10n]
    const pool = poolOf(fees.map((fee, at) => ({ signer: `s${at}`, bytes: 100, lane: 0, fee })))
    expect(arrivals(pool.choose({ txs: 2, bytes: 10_000 }))).toEqual([1, 3])
  })

  it('does not let a high fee overtake an earlier sequence of its signer', () => {
    const pool = poolOf([
      { signer: 'a', bytes: 100, lane: 0, fee: 1n },
      { signer: 'a', bytes: 100, lane: 0, fee: 900n },
      { signer: 'b', bytes: 100, lane: 0, fee: 50n },
    ])
    expect(arrivals(pool.choose({ txs: 1, bytes: 10_000 }))).toEqual([2])
  })

  it('keeps within its bounds and takes of each signer an unbroken beginning', () => {
    fc.assert(
      fc.property(offers, fc.nat(20), fc.nat(3_000), (all, txs, bytes) => {
        const chosen = poolOf(all).choose({ txs, bytes })
        expect(chosen.length).toBeLessThanOrEqual(txs)
        expect(chosen.reduce((sum, { tx }) => sum + tx.length, 0)).toBeLessThanOrEqual(bytes)
        expect(arrivals(chosen)).toEqual([...arrivals(chosen)].sort((a, b) => a - b))
        for (const { signer } of chosen) {
          const own = all.flatMap((offer, at) => (offer.signer === signer ? [at] : []))
          const taken = chosen.filter((entry) => entry.signer === signer)
          expect(arrivals(taken)).toEqual(own.slice(0, taken.length))
        }
      }),
    )
  })
})

describe('what makes room', () => {
  it('ranks a signer in the order of its sequences, also after the first of them are gone', () => {
    fc.assert(
      fc.property(offers, fc.nat(39), (all, gone) => {
        const pool = poolOf(all)
        for (const { signer } of [...pool.all()].slice(gone, gone + 1)) {
          pool.remove(pool.ofSigner(signer)[0]?.name ?? '')
        }
        pool.rank()
        for (const { signer } of pool.all()) {
          const own = pool.ofSigner(signer)
          const sorted = [...own].sort((a, b) => b.lane - a.lane || compareRank(a, b))
          expect(sorted).toEqual(own)
        }
      }),
    )
  })

  it('is never more than needed of the worst, and always leaves whole queues', () => {
    fc.assert(
      fc.property(offers, offers, (before, after) => {
        const room = { txs: 12, bytes: 2_500 }
        const pool = new WaitingLanes(room)
        for (const [at, offer] of [...before, ...after].entries()) {
          const entry = pool.rankOf(arrivingOf(offer, at))
          const victims = pool.victimsFor(entry)
          const sequences = new Map([...pool.all()].map(({ signer }) => [signer, arrivals(pool.ofSigner(signer))]))
          for (const { name } of victims ?? []) {
            pool.remove(name)
          }
          if (victims !== undefined) {
            pool.add(entry)
          }
          for (const [signer, all] of sequences) {
            const left = arrivals(pool.ofSigner(signer)).filter((arrival) => arrival !== at)
            expect(left).toEqual(all.slice(0, left.length))
          }
          expect(pool.size).toBeLessThanOrEqual(room.txs)
          expect(pool.sizeBytes).toBeLessThanOrEqual(room.bytes)
          expect([...pool.all()].reduce((sum, { tx }) => sum + tx.length, 0)).toBe(pool.sizeBytes)
        }
      }),
    )
  })

  it('is the cheapest payment for a dearer one, any payment above their share for a duty, no duty for a payment', () => {
    const payments: Offer[] = Array.from({ length: 16 }, (_, at) => ({
      signer: `p${at}`,
      bytes: 100,
      lane: 0,
      fee: BigInt(100 + at),
    }))
    const full = poolOf(payments, { txs: 16, bytes: 10_000 })
    const victims = (offer: Offer): string[] | undefined =>
      full.victimsFor(full.rankOf(arrivingOf(offer, 99)))?.map(({ signer }) => signer)
    expect(victims({ signer: 'new', bytes: 100, lane: 0, fee: 100n })).toBeUndefined()
    expect(victims({ signer: 'new', bytes: 100, lane: 0, fee: 101n })).toEqual(['p0'])
    expect(victims({ signer: 'new', bytes: 100, lane: 1 })).toEqual(['p0'])
    const duties = poolOf(flood(16, 1, 100, 2), { txs: 16, bytes: 10_000 })
    // The first payment has a right to its share, which one duty above its own gives up; a second eighth is not kept for it.
    expect(duties.victimsFor(duties.rankOf(arrivingOf({ signer: 'new', bytes: 100, lane: 0 }, 99)))).toHaveLength(1)
    const shared = poolOf([...flood(14, 1, 100, 2), ...flood(2, 1, 100, 0, 5n)], { txs: 16, bytes: 10_000 })
    expect(shared.victimsFor(shared.rankOf(arrivingOf({ signer: 'new', bytes: 100, lane: 0 }, 99)))).toBeUndefined()
  })
})

it('a rank is that of the lane below where one of its signer waits there', () => {
  const paid = rankBehind(undefined, arrivingOf({ signer: 'a', bytes: 100, lane: 0, fee: 7n }, 0))
  expect(rankBehind(paid, arrivingOf({ signer: 'a', bytes: 100, lane: 2 }, 1)).lane).toBe(0)
  expect(chooseForBlock(new Map<Lane, RankedLane>(), WIDE)).toEqual([])
})
