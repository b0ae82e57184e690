import { describe, expect, it } from 'vitest'
import { earningsOfLedger } from '../../../../test/support/screen/earnings-of-ledger.ts'
import { idleSnapshot, SAMPLE_NOW_MS } from '../../../../test/support/screen/sample-snapshot.ts'
import { CREDITED, entry, JOINED } from '../../../../test/support/screen/scenes/race-scenes.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import { PAGES } from '../../state/pages.ts'
import { PAGE_GROUPS, pageEntry } from '../nav/page-entries.ts'
import { attentionOf } from './attention.ts'
import { nextEvents } from './next-events.ts'
import { mergeEpochs, midnightOf, todayOf } from './today.ts'

const epochsOf = (ledger: Parameters<typeof earningsOfLedger>[0], nowMs = SAMPLE_NOW_MS) =>
  earningsOfLedger(ledger, nowMs).epochs
const midnightMs = midnightOf(SAMPLE_NOW_MS)

describe('what came in today', () => {
  it('counts what was held, less what was taken, each by its kind', () => {
    const ledger = [
      entry(9, 6, 'debit', '3', 'slashed_held'),
      entry(8, 6, 'debit', '2', 'slashed_bond'),
      entry(7, 6, 'debit', '5', 'check_fee'),
      entry(6, 6, 'debit', '1', 'order_burn'),
      entry(5, 6, 'hold', '40', 'order_income'),
      entry(4, 6, 'hold', '7', 'check_reward'),
      entry(3, 5, 'bond', '20', 'bond_kept'),
      entry(2, 5, 'credit', '80', 'hold_released'),
      entry(1, 5, 'hold', '100', 'emission_share'),
    ]
    expect(todayOf(epochsOf(ledger), midnightMs)).toEqual({
      amounts: { races: 100n, orders: 34n, checks: 7n, taken: 5n },
      net: 136n,
      paidEpochs: 2,
    })
  })

  it('begins at midnight', () => {
    const before = epochsOf([entry(1, 4, 'hold', '100', 'emission_share')], midnightMs - 1)
    const after = epochsOf([entry(2, 5, 'hold', '1', 'emission_share')], midnightMs)
    expect(todayOf([...after, ...before], midnightMs).net).toBe(1n)
  })

  it('renews the newest epochs and keeps the older ones, up to a bound', () => {
    const numbers = (epochs: ReturnType<typeof mergeEpochs>) => epochs.map(({ epoch }) => epoch)
    const of = (...epochs: readonly number[]) =>
      epochsOf(epochs.map((epoch, at) => entry(at, epoch, 'hold', '1', 'emission_share')))
    const known = of(5, 4, 3)
    expect(numbers(mergeEpochs(known, of(6, 5), 9))).toEqual([6, 5, 4, 3])
    expect(numbers(mergeEpochs(known, of(6, 5), 3))).toEqual([6, 5, 4])
    expect(numbers(mergeEpochs(known, of(2, 1), 9))).toEqual([2, 1])
    expect(mergeEpochs(known, [], 9)).toEqual([])
  })
})

describe('what comes next', () => {
  const heights = (snapshot: typeof CREDITED) => nextEvents(snapshot).map(({ height, name }) => [height, name])

  it('is three events of the clock, soonest first, over the end of the epoch', () => {
    expect(heights(CREDITED)).toEqual([
      [239, 'Reward and credits'],
      [240, 'The race starts'],
      [250, 'The race ends'],
    ])
    expect(heights(idleSnapshot()).map(([, name]) => name)).toEqual([
      'The reward comes',
      'Others race',
      'The race ends',
    ])
  })

  it('is never in the past, in any phase, and nothing without a chain', () => {
    for (const { snapshot } of SCENES) {
      const events = nextEvents(snapshot)
      expect(events).toHaveLength(snapshot.epoch === null ? 0 : 3)
      expect(events.every(({ height }) => height >= (snapshot.epoch?.height ?? 0))).toBe(true)
    }
    expect(nextEvents({ ...CREDITED, epoch: null })).toEqual([])
  })
})

describe('what needs the person', () => {
  const keys = (change: Partial<typeof CREDITED>) => attentionOf({ ...CREDITED, ...change }).map(({ key }) => key)
  const own = { ...CREDITED.wallet, isStarter: false }

  it('is nothing while all is well', () => {
    expect([keys({}), attentionOf(idleSnapshot()), attentionOf(JOINED)]).toEqual([[], [], []])
  })

  it('is a wallet whose words are nowhere, a starter on a public network, a machine that earns less', () => {
    expect(keys({ wallet: own })).toEqual(['backup'])
    expect(keys({ wallet: { ...own, isBackedUp: true } })).toEqual([])
    expect(keys({ wallet: { ...own, wordCount: 0 } })).toEqual([])
    expect(keys({ rules: CREDITED.rules && { ...CREDITED.rules, network: 'public' } })).toEqual(['starter'])
    expect(keys({ duties: { drawn: 2, answered: 1, missed: 1 } })).toEqual(['duties'])
    expect(keys({ earningNotice: { code: 'racing_on_cpu', fields: {} } })).toEqual(['notice'])
    expect(keys({ update: { version: '0.2.0', state: 'available' } })).toEqual(['update'])
  })
})

describe('the navigation', () => {
  it('has each page once, under a name of its own', () => {
    const linked = PAGE_GROUPS.flatMap(({ entries }) => entries.map(({ page }) => page))
    expect([...linked].sort()).toEqual([...PAGES].sort())
    expect(new Set(PAGES.map((page) => pageEntry(page).name)).size).toBe(PAGES.length)
  })
})
