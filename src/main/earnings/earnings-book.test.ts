import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAULT_CODES, REASON_CODES } from '../../protocol/reasons.ts'
import type { BookEntry, Sums } from './earnings-book.ts'
import { createEarningsBook, NO_SUMS, sumLines } from './earnings-book.ts'

const EPOCH_LENGTH = 40
const epochOfHeight = (height: number) => Math.floor(height / EPOCH_LENGTH)

/** A ledger as the chain writes it: sequences from 1, heights that never fall, epochs of the present or before. */
const ledgers = fc
  .array(
    fc.record({
      kind: fc.constantFrom('hold', 'credit', 'bond', 'debit', 'zero', 'weight'),
      reason: fc.constantFrom(...REASON_CODES, ...FAULT_CODES, 'Not a code!', 'x'.repeat(80)),
      amount: fc.bigInt({ min: 0n, max: 10n ** 30n }),
      blocks: fc.integer({ min: 0, max: 30 }),
      late: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 120 },
  )
  .map((lines) => {
    let height = 1
    return lines.map(({ blocks, late, amount, ...line }, index): BookEntry => {
      height += blocks
      const epoch = BigInt(Math.max(0, epochOfHeight(height) - late))
      return { ...line, sequence: BigInt(index + 1), height: BigInt(height), epoch, amount: amount.toString() }
    })
  })

/** As the chain's totals are kept (chain/state/ledger.ts). */
function totalsOf(entries: readonly BookEntry[]): Sums {
  return sumLines(entries.map((entry) => ({ ...entry, amount: BigInt(entry.amount) })))
}

const bookOf = (maxEpochs = 1_000) => createEarningsBook({ epochOfHeight, maxEpochs })

describe('the book of earnings', () => {
  it('adds up to the chain’s totals to the last unit, in whatever pages it is read', () => {
    fc.assert(
      fc.property(ledgers, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (ledger, cuts) => {
        const book = bookOf()
        for (let from = 0, turn = 0; from < ledger.length; turn++) {
          const length = cuts[turn % cuts.length] ?? 1
          // Pages overlap: what was read before is passed over.
          book.take(ledger.slice(Math.max(0, from - 2), from + length))
          from += length
        }
        expect(book.sums()).toEqual(totalsOf(ledger))
        expect(book.nextSequence()).toBe(BigInt(ledger.length + 1))
        expect(book.missingEntries()).toBe(0n)
        expect(book.completeFromEpoch()).toBe(0)
        const lines = book.epochs().flatMap((epoch) => book.lines(epoch))
        expect(sumLines(lines.map((line) => ({ ...line, amount: BigInt(line.amount) })))).toEqual(totalsOf(ledger))
        expect(lines.every(({ reason }) => /^[a-z0-9_.:-]{1,64}$/.test(reason))).toBe(true)
      }),
    )
  })

  it('knows which epochs are whole where the chain dropped the oldest entries', () => {
    fc.assert(
      fc.property(ledgers, fc.nat(), (ledger, seed) => {
        const dropped = ledger.length === 0 ? 0 : seed % ledger.length
        const book = bookOf()
        book.take(ledger.slice(dropped))
        expect(book.missingEntries()).toBe(BigInt(dropped))
        const from = book.completeFromEpoch()
        for (const epoch of book.epochs().filter((each) => each >= from)) {
          const own = ledger.filter((entry) => entry.epoch === BigInt(epoch))
          const lines = book.lines(epoch).map((line) => ({ ...line, amount: BigInt(line.amount) }))
          expect(sumLines(lines)).toEqual(totalsOf(own))
        }
      }),
    )
  })

  it('forgets the oldest epochs beyond its bound, and says so', () => {
    const entry = (sequence: number, epoch: number): BookEntry => ({
      sequence: BigInt(sequence),
      height: BigInt(epoch * EPOCH_LENGTH),
      epoch: BigInt(epoch),
      kind: 'hold',
      amount: '5',
      reason: 'emission_share',
    })
    const book = bookOf(3)
    book.take([1, 2, 3, 4, 5].map((epoch) => entry(epoch, epoch)))
    expect(book.epochs()).toEqual([5, 4, 3])
    expect(book.completeFromEpoch()).toBe(3)
    expect(book.missingEntries()).toBe(2n)
    // A late line of a forgotten epoch does not bring it back half.
    book.take([entry(6, 1)])
    expect(book.epochs()).toEqual([5, 4, 3])
    expect(book.sums()).toEqual({ ...NO_SUMS, held: 15n })
  })

  it('lumps reasons together rather than outgrow a message, but never those of the bond', () => {
    const book = bookOf()
    const reasons = [...Array.from({ length: 90 }, (_, index) => `reason_${index}`), 'slashed_bond']
    book.take(
      reasons.map((reason, index) => ({
        sequence: BigInt(index + 1),
        height: 40n,
        epoch: 1n,
        kind: 'debit',
        amount: '1',
        reason,
      })),
    )
    expect(book.lines(1).length).toBeLessThanOrEqual(64)
    expect(book.sums()).toEqual({ ...NO_SUMS, debitedHeld: 90n, debitedBond: 1n })
  })
})
