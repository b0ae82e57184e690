import { describe, expect, it } from 'vitest'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { longLedger, totalsOf, withLedger } from '../../../../test/support/screen/scenes/why-scenes.ts'
import { WORK } from '../../../../test/support/screen/scenes/work-scenes.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { SCREEN_PHASES } from '../../../ipc/snapshot.ts'
import { orderAnswer, raceAnswer } from './answers.ts'
import { balanceOf, isSameAsChain, isSumOfEntries, netTotal, runningSums, sumsByEpoch } from './ledger-sums.ts'

const scene = (name: string): ScreenSnapshot =>
  SCENES.find((candidate) => candidate.name.includes(name))?.snapshot ?? idleSnapshot()

const ledger = longLedger(400)
const newestFirst = [...ledger].reverse()
const totals = totalsOf(ledger)

describe('the sums of the ledger', () => {
  it('are what the chain says, to the last unit', () => {
    const { standing } = withLedger(scene('credited'), ledger)
    const balance = balanceOf(totals)
    expect(balance.earned - balance.taken).toBe(balance.held + balance.bond + balance.credited)
    expect(standing !== null && isSameAsChain(balance, standing)).toBe(true)
    for (const name of ['held', 'bond', 'credited'] as const) {
      const off = { ...standing, [name]: (BigInt(standing?.[name] ?? 0) + 1n).toString() } as NonNullable<
        typeof standing
      >
      expect(isSameAsChain(balance, off)).toBe(false)
    }
  })

  it('are those of the entries', () => {
    expect(isSumOfEntries(newestFirst, totals)).toBe(true)
    expect(isSumOfEntries(newestFirst.slice(1), { ...totals })).toBe(false)
    const [first, ...rest] = newestFirst.filter(({ kind }) => kind === 'hold')
    const more = { ...(first as LedgerEntryWire), amount: (BigInt(first?.amount ?? 0) + 1n).toString() }
    expect(isSumOfEntries([more, ...rest], totals)).toBe(false)
  })

  it('run from the newest back, so that they hold where the oldest entries are gone', () => {
    const whole = runningSums(newestFirst, totals)
    const part = runningSums(newestFirst.slice(0, 120), totals)
    expect(whole.get(newestFirst[0]?.sequence ?? '')).toBe(netTotal(totals))
    expect(whole.get('1')).toBe(0n)
    for (const [sequence, sum] of part) {
      expect(whole.get(sequence)).toBe(sum)
    }
    const second = ledger[1] as LedgerEntryWire
    expect(second.kind).toBe('hold')
    expect(whole.get('2')).toBe(BigInt(second.amount))
  })

  it('are left out where entries and totals are of different blocks', () => {
    expect(runningSums(newestFirst, { ...totals, lastSequence: '401' }).size).toBe(0)
    expect(runningSums(newestFirst, null).size).toBe(0)
    expect(runningSums([], totals).size).toBe(0)
  })

  it('are kept apart by epoch and by where they come from, without gaps', () => {
    const sums = sumsByEpoch(newestFirst, 1_000)
    expect(sums.map(({ epoch }) => epoch)).toEqual(Array.from({ length: sums.length }, (_, index) => 3 + index))
    const all = sums.reduce((sum, each) => sum + each.races + each.orders + each.checks - each.taken, 0n)
    expect(all).toBe(netTotal(totals))
    expect(sums.find(({ epoch }) => epoch === 5)).toEqual({ epoch: 5, races: 0n, orders: 0n, checks: 0n, taken: 0n })
    expect(sumsByEpoch(newestFirst, 7)).toEqual(sums.slice(-7))
    expect(sumsByEpoch([], 7)).toEqual([])
  })
})

describe('why am I not earning', () => {
  const answers = (snapshot: ScreenSnapshot) => [raceAnswer(snapshot, snapshot.nowMs), orderAnswer(snapshot)]

  it('always has an answer', () => {
    for (const { snapshot } of SCENES) {
      for (const phase of SCREEN_PHASES) {
        for (const joined of [true, false]) {
          for (const { title, text } of answers({ ...snapshot, phase, joined })) {
            expect(`${title} ${text}`).not.toMatch(/undefined|NaN|null|…|no words/)
            expect(text).toMatch(/[.!]$/)
          }
        }
      }
    }
  })

  it('names what stands in the way of races', () => {
    const title = (name: string, change: Partial<ScreenSnapshot> = {}) =>
      raceAnswer({ ...scene(name), ...change }, scene(name).nowMs).title
    expect(title('idle')).toBe('You have not joined')
    expect(title('joining')).toBe('Joining')
    expect(title('waiting')).toBe('No race yet')
    expect(title('racing')).toBe('Your race is on')
    expect(title('verifying')).toBe('Being verified')
    expect(title('stopped')).toBe('This machine cannot race')
    expect(title('leaving')).toBe('You are leaving')
    expect(title('weight')).toBe('Yes: with 62\u00a0% of the weight')
    const standing = scene('waiting').standing
    const last = (raceVerdict: string) =>
      raceAnswer({ ...scene('waiting'), standing: standing && { ...standing, raceVerdict } }, 0).text
    expect(last('too_few_finds')).toContain('Fewer than 20 finds')
    expect(last('unverified')).toContain('None of the hosts drawn to check you answered')
    expect(last('convicted')).toContain('convicted')
  })

  it('tells a share that missed checks make smaller', () => {
    const missed = { ...scene('weight'), duties: { drawn: 3, answered: 2, missed: 1 } }
    expect(raceAnswer(missed, missed.nowMs)).toMatchObject({ tone: 'warning', isEarning: true })
    expect(raceAnswer(missed, missed.nowMs).text).toContain('1 of 3 checks were missed')
  })

  it('names what stands in the way of orders', () => {
    const base = { ...scene('credited'), work: WORK }
    const order = (change: Partial<typeof WORK>) => orderAnswer({ ...base, work: { ...WORK, ...change } })
    expect(orderAnswer({ ...base, work: null }).title).toBe('This host serves no model')
    expect(order({ idleReason: null })).toMatchObject({ isEarning: true, tone: 'good' })
    expect(order({ idleReason: { code: 'no_weight', fields: { nextRaceBlocks: 9 } } }).text).toContain('in 9 blocks')
    expect(order({ idleReason: { code: 'checks_open', fields: { batches: 1 } } })).toMatchObject({ isEarning: true })
    expect(order({ finishing: 'draws' }).title).toBe('You are leaving')
  })
})
