import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EarningEpoch, EarningLine, EarningsPage } from '../../../ipc/wires/earnings-wire.ts'
import { csvName, earningsCsv, exactTail } from './earnings-csv.ts'
import { appendEarnings, extendEarnings } from './earnings-history.ts'
import { addDays, byDay, byDevice, byEpoch, netOf, startOfDay, sumOf } from './earnings-sums.ts'
import { forecastDay, forecastOf, studentQuantile } from './forecast.ts'
import { releasesOf } from './releases.ts'

const EPOCH_MS = 40_000
const NOW_MS = new Date(2026, 10, 22, 12, 0, 0).getTime()
const NO_SUMS = { held: '0', credited: '0', bonded: '0', debitedHeld: '0', debitedBond: '0' }

function line(kind: EarningLine['kind'], reason: string, amount: bigint): EarningLine {
  return { kind, reason, amount: amount.toString(), entries: 1 }
}

function epochAt(epoch: number, lines: readonly EarningLine[], change: Partial<EarningEpoch> = {}): EarningEpoch {
  const endedAtMs = NOW_MS - (100 - epoch) * EPOCH_MS
  return {
    epoch,
    startedAtMs: endedAtMs - EPOCH_MS,
    endedAtMs,
    isClosed: true,
    device: { address: 'tail1a', name: 'desktop' },
    weightPpm: 0,
    lines: [...lines],
    ...change,
  }
}

const share = (amount: bigint) => line('hold', 'emission_share', amount)

const lines = fc.array(
  fc.record({
    kind: fc.constantFrom('hold', 'credit', 'bond', 'debit', 'zero'),
    reason: fc.constantFrom(
      'emission_share',
      'order_income',
      'check_reward',
      'order_burn',
      'slashed_bond',
      'new_reason',
    ),
    amount: fc.bigInt({ min: 0n, max: 10n ** 24n }).map(String),
    entries: fc.nat(),
  }),
  { maxLength: 12 },
)

const histories = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 500 }), lines, fc.constantFrom('tail1a', 'tail1b')), {
    selector: ([epoch]) => epoch,
    maxLength: 40,
  })
  .map((each) =>
    each
      .map(([epoch, own, address]) =>
        epochAt(epoch, own, { endedAtMs: NOW_MS - (500 - epoch) * 3_600_000, device: { address, name: address } }),
      )
      .sort((a, b) => b.epoch - a.epoch),
  )

describe('sums of earnings', () => {
  it('are the same by day, by epoch, by device and in all, to the last unit', () => {
    fc.assert(
      fc.property(histories, (epochs) => {
        const all = netOf(sumOf(epochs))
        const total = (sums: readonly { readonly sums: Parameters<typeof netOf>[0] }[]) =>
          sums.reduce((sum, each) => sum + netOf(each.sums), 0n)
        const options = { completeFromEpoch: 0, limit: 1_000 }
        expect(total(byDay(epochs, { ...options, nowMs: NOW_MS }))).toBe(all)
        expect(total(byEpoch(epochs, { ...options, epochMs: EPOCH_MS }))).toBe(all)
        expect(total(byDevice(epochs))).toBe(all)
        const holds = epochs.flatMap((each) => each.lines).filter(({ kind }) => kind === 'hold' || kind === 'debit')
        const signed = holds.map(({ kind, amount }) => (kind === 'hold' ? BigInt(amount) : -BigInt(amount)))
        expect(all).toBe(signed.reduce((sum, amount) => sum + amount, 0n))
      }),
    )
  })

  it('leave no day out, and mark what runs and what may lack lines', () => {
    const midnight = startOfDay(NOW_MS)
    const epochs = [
      epochAt(30, [share(5n)], { endedAtMs: NOW_MS, isClosed: false }),
      epochAt(20, [share(3n)], { endedAtMs: midnight }),
      epochAt(10, [share(2n)], { endedAtMs: addDays(midnight, -2) - 1 }),
    ]
    const days = byDay(epochs, { nowMs: NOW_MS, limit: 30, completeFromEpoch: 20 })
    expect(days.map(({ sums, isRunning, isPartial }) => [sums.races, isRunning, isPartial])).toEqual([
      [2n, false, true],
      [0n, false, false],
      [0n, false, false],
      [8n, true, false],
    ])
    expect(byDay(epochs, { nowMs: NOW_MS, limit: 2, completeFromEpoch: 0 })).toHaveLength(2)
    const slots = byEpoch(epochs, { limit: 15, completeFromEpoch: 0, epochMs: EPOCH_MS })
    expect(slots.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 15 }, (_, index) => 16 + index))
    expect(slots.at(-1)).toMatchObject({ isRunning: true, sums: { races: 5n } })
  })
})

describe('the forecast of a day', () => {
  it('says nothing under three races', () => {
    expect(forecastOf([], 24)).toEqual({ state: 'too_few', races: 0 })
    expect(forecastOf([1, 2], 24)).toEqual({ state: 'too_few', races: 2 })
    const epochs = [
      epochAt(5, [share(9n)], { isClosed: false }),
      ...[4, 3, 2].map((each) => epochAt(each, [share(9n)])),
    ]
    expect(forecastDay(epochs, { completeFromEpoch: 3, epochMs: EPOCH_MS })).toMatchObject({
      state: 'too_few',
      races: 2,
    })
    expect(forecastDay(epochs, { completeFromEpoch: 0, epochMs: EPOCH_MS })).toEqual({
      state: 'ready',
      races: 3,
      mean: 9 * 2_160,
      low: expect.closeTo(9 * 2_160 * (1 - 4.3027 * Math.sqrt(0.16 * (1 / 2_160 + 1 / 3))), 6),
      high: expect.closeTo(9 * 2_160 * (1 + 4.3027 * Math.sqrt(0.16 * (1 / 2_160 + 1 / 3))), 6),
    })
  })

  it('has Student’s quantiles', () => {
    expect(studentQuantile(1)).toBeCloseTo(12.7062, 4)
    expect(studentQuantile(20)).toBeCloseTo(2.086, 3)
    // From published tables.
    expect(studentQuantile(21)).toBeCloseTo(2.0796, 3)
    expect(studentQuantile(40)).toBeCloseTo(2.0211, 3)
    expect(studentQuantile(1_000_000)).toBeCloseTo(1.95996, 4)
  })

  it.each([
    { name: 'even', draw: (random: () => number) => 20 + 4 * normal(random), least: [0.93, 0.93, 0.93] },
    { name: 'very uneven', draw: (random: () => number) => -20 * Math.log(random()), least: [0.78, 0.87, 0.92] },
    { name: 'alike', draw: () => 20, least: [1, 1, 1] },
    {
      name: 'alike but for those that fail',
      draw: (random: () => number) => (random() < 0.1 ? 0 : 20),
      least: [0.93, 0.93, 0.93],
    },
  ])('holds about 19 of 20 days of races that are $name', ({ draw, least }) => {
    const random = seeded(7)
    const inside = [
      [5, 24],
      [12, 24],
      [48, 100],
    ].map(([known = 0, races = 0]) => {
      let held = 0
      for (let day = 0; day < 2_000; day++) {
        const forecast = forecastOf(
          Array.from({ length: known }, () => draw(random)),
          races,
        )
        const came = Array.from({ length: races }, () => draw(random)).reduce((sum, value) => sum + value, 0)
        held += forecast.state === 'ready' && came >= forecast.low && came <= forecast.high ? 1 : 0
      }
      return held / 2_000
    })
    // A handful of very uneven races is too few for a band of this shape; it gets better as more are known.
    for (const [index, share] of inside.entries()) {
      expect(share).toBeGreaterThanOrEqual(least[index] ?? 1)
    }
  })
})

describe('what is held', () => {
  const options = { runningEpoch: 12, holdEpochs: 3, held: 1_000n }

  it('falls due when its hold is over', () => {
    const epochs = [
      epochAt(12, [line('hold', 'order_income', 40n)], { isClosed: false }),
      epochAt(11, [share(100n), line('debit', 'order_burn', 5n)]),
      epochAt(10, [share(70n)]),
      epochAt(9, [share(60n)]),
      epochAt(8, [share(50n), line('bond', 'bond_kept', 10n), line('credit', 'hold_released', 40n)]),
    ]
    expect(releasesOf(epochs, options)).toEqual([
      { dueEpoch: 12, isWaiting: false, amount: 60n },
      { dueEpoch: 13, isWaiting: false, amount: 70n },
      { dueEpoch: 14, isWaiting: false, amount: 95n },
      { dueEpoch: 15, isWaiting: false, amount: 40n },
    ])
  })

  it('waits longer while a check is open', () => {
    const epochs = [epochAt(9, [share(5n)]), epochAt(8, [line('hold', 'order_income', 7n)])]
    expect(releasesOf(epochs, options)).toEqual([{ dueEpoch: 12, isWaiting: true, amount: 12n }])
  })

  it('is never more than the chain says, also after a conviction took all of it', () => {
    fc.assert(
      fc.property(histories, fc.bigInt({ min: 0n, max: 10n ** 25n }), (epochs, held) => {
        const releases = releasesOf(epochs, { ...options, held })
        const sum = releases.reduce((total, { amount }) => total + amount, 0n)
        expect(sum <= held).toBe(true)
        expect(releases.every(({ amount, dueEpoch }) => amount > 0n && dueEpoch >= 12)).toBe(true)
      }),
    )
    const taken = [epochAt(11, [share(9n)]), epochAt(10, [share(8n), line('debit', 'slashed_held', 17n)])]
    expect(releasesOf(taken, { ...options, held: 0n })).toEqual([])
  })
})

describe('the table to save', () => {
  it('has a line for each epoch, kind and reason, exact and oldest first', () => {
    const epochs = [
      epochAt(12, [share(1_234_567n), line('bond', 'bond_kept', 7n)], { isClosed: false }),
      epochAt(11, [line('zero', 'too_few_finds', 0n)]),
    ]
    const rows = earningsCsv(epochs).split('\r\n')
    expect(rows[0]).toBe(
      'epoch,started_at,ended_at,is_closed,device_name,device_address,kind,reason,amount_tail,amount_utail,entries',
    )
    expect(rows[1]).toMatch(/^11,.*Z,.*Z,yes,desktop,tail1a,zero,too_few_finds,0\.000000,0,1$/)
    expect(rows[2]).toMatch(/^12,.*Z,.*Z,no,desktop,tail1a,hold,emission_share,1\.234567,1234567,1$/)
    expect(rows[3]).toMatch(/,bond,bond_kept,0\.000007,7,1$/)
    expect(rows.slice(4)).toEqual([''])
    expect(exactTail('98765432109876543210')).toBe('98765432109876.543210')
    expect(csvName(NOW_MS)).toBe('tailrace-earnings-2026-11-22.csv')
  })

  it('reads back as what was written, whatever a device is called, and runs no formula', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 64 }),
      fc.constantFrom('=HYPERLINK("http://x","y")', '+1', '-2', '@SUM(A1)', '\t=1', 'a,"b"\r\nc', ''),
    )
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const epochs = names.map((each, index) =>
          epochAt(index, [share(1n)], { device: { address: 'tail1a', name: each } }),
        )
        const rows = parseCsv(earningsCsv(epochs)).slice(1)
        expect(rows.every((row) => row.length === 11)).toBe(true)
        expect(rows.map((row) => row[4])).toEqual(names.map((each) => (/^[=+\-@\t\r]/.test(each) ? `'${each}` : each)))
        expect(rows.flat().filter((value) => /^[=+\-@\t\r]/.test(value))).toEqual([])
      }),
    )
  })
})

describe('what was read', () => {
  const page = (epochs: readonly EarningEpoch[], hasMore: boolean): EarningsPage => ({
    epochs: [...epochs],
    hasMore,
    epochMs: EPOCH_MS,
    totals: NO_SUMS,
    missing: { ...NO_SUMS, entries: '0' },
    completeFromEpoch: 0,
  })
  const range = (newest: number, oldest: number, amount = 1n) =>
    Array.from({ length: newest - oldest + 1 }, (_, index) => epochAt(newest - index, [share(amount)]))
  const numbers = (history: { readonly epochs: readonly EarningEpoch[] }) => history.epochs.map(({ epoch }) => epoch)

  it('grows at both ends, and what changed is replaced', () => {
    const first = extendEarnings(undefined, page(range(20, 11), true))
    const older = appendEarnings(first, page(range(10, 1), false))
    expect(numbers(older)).toEqual(numbers({ epochs: range(20, 1) }))
    expect(older.isWhole).toBe(true)
    const next = extendEarnings(older, page(range(21, 19, 5n), true))
    expect(numbers(next)).toEqual(numbers({ epochs: range(21, 1) }))
    expect(next.isWhole).toBe(true)
    expect(next.epochs.map(({ lines }) => lines[0]?.amount).slice(0, 4)).toEqual(['5', '5', '5', '1'])
  })

  it('is read again where the newest does not reach it, or the chain began anew', () => {
    const known = extendEarnings(undefined, page(range(20, 1), false))
    const far = extendEarnings(known, page(range(60, 40), true))
    expect(numbers(far)).toEqual(numbers({ epochs: range(60, 40) }))
    expect(far.isWhole).toBe(false)
    expect(numbers(extendEarnings(known, page(range(3, 1), true)))).toEqual([3, 2, 1])
    expect(extendEarnings(known, page([], false))).toMatchObject({ epochs: [], isWhole: true })
  })
})

/** A generator with a fixed beginning, so that the simulation is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 1) / 4_294_967_297
  }
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
}

/** RFC 4180, independent of the writer. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  let value = ''
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const mark = text[at]
    if (isQuoted && mark === '"' && text[at + 1] === '"') {
      value += '"'
      at++
    } else if (mark === '"') {
      isQuoted = !isQuoted
    } else if (!isQuoted && mark === ',') {
      rows.at(-1)?.push(value)
      value = ''
    } else if (!isQuoted && mark === '\r' && text[at + 1] === '\n') {
      rows.at(-1)?.push(value)
      value = ''
      rows.push([])
      at++
    } else {
      value += mark
    }
  }
  return rows.slice(0, -1)
}
