import { describe, expect, it } from 'vitest'
import { makeJob, testKey } from '../../../../test/support/work/fixtures.ts'
import { orderOf } from '../job-book.ts'
import type { Job } from '../ports.ts'
import type { LaneFacts, LaneRules, LaneTurn } from './lane-plan.ts'
import { givenUpIn, planLane } from './lane-plan.ts'

/** Each receipt costs 4, is of height 30 and expires at 200; without a voucher the chain takes it from 36, and nobody waits from 43. */
const payer = testKey('payer')
const LANE: LaneFacts = { accepted: 0n, available: 1_000n, reached: 0n, isSuspect: false }
const SILENT = 43
const URGENT = 192
const LATE = 199

type JobOptions = Parameters<typeof makeJob>[2]

function job(sequence: bigint, over: JobOptions = {}): Job {
  return makeJob(payer, sequence, { endHeight: 30n, ...over }).job
}

/** A voucher up to `cumulative` that names the greatest sequence of its lane. */
function vouched(sequence: bigint, cumulative: bigint, named = sequence): Job {
  const made = job(sequence, { cumulative })
  const voucher = made.voucher?.voucher
  return { ...made, voucher: { voucher: voucher && { ...voucher, sequence: named }, signature: new Uint8Array(64) } }
}

function running(sequence: bigint): Job {
  const { receipt: _receipt, ...rest } = job(sequence)
  return { ...rest, state: 'running' }
}

/** Orders by their sequences, of which the gateway said that it gave no voucher. */
function rules(never: readonly bigint[], jobs: readonly Job[], over: Partial<LaneRules> = {}): LaneRules {
  const names = jobs.filter((each) => never.includes(orderOf(each).sequence)).map(({ orderHash }) => orderHash)
  const isAnswered = (name: string): boolean => names.includes(name)
  return { height: 40, countersignBlocks: 6, isOver: () => true, isAnswered, isFlushing: false, ...over }
}

function said({ jobs, isLoose }: LaneTurn): string {
  return jobs.length === 0
    ? 'nothing'
    : `${isLoose ? 'loose' : 'vouched'} ${jobs.map((each) => orderOf(each).sequence)}`
}

function turn(jobs: readonly Job[], never: readonly bigint[] = [], over: Partial<LaneRules & LaneFacts> = {}): string {
  return said(planLane(jobs, { ...LANE, ...over }, rules(never, jobs, over)))
}

describe('a gap before a voucher', () => {
  const [first, second, held] = [job(1n), job(2n), vouched(3n, 8n)]

  it('waits for the voucher that belongs there, and lays it where it says', () => {
    expect(turn([first, second, held])).toBe('nothing')
    expect(turn([first, second, held], [1n])).toBe('nothing')
    expect(turn([first, vouched(2n, 4n), held], [1n])).toBe('vouched 2,3')
  })

  it('is not filled with one of those that have the right price while their gateway is silent: all go, in order', () => {
    expect(turn([first, second, held], [], { height: SILENT })).toBe('loose 1,2,3')
  })

  it('is filled where one choice alone can be right', () => {
    expect(turn([first, held], [], { height: SILENT })).toBe('loose 1')
    expect(turn([first, second, held], [1n], { height: SILENT })).toBe('loose 2')
    // A later order than any that the voucher knows of has its place behind it.
    expect(turn([first, job(9n), held], [], { height: SILENT })).toBe('loose 1')
  })

  it('is not given to the only one that fits, where it may be that of one that cannot go without its voucher', () => {
    expect(turn([first, second, held], [], { height: SILENT, reached: 1n })).toBe('nothing')
    expect(turn([first, second, held], [1n], { height: SILENT, reached: 1n })).toBe('loose 2')
  })

  it('is filled with whatever fits when its gateway gave none of them a voucher, or when there is no more time', () => {
    expect(turn([first, second, held], [1n, 2n])).toBe('loose 1')
    expect(turn([first, second, held], [], { height: URGENT })).toBe('loose 1')
    // Nothing fits: the vouchers behind it are waited with for a while, then all go without.
    expect(turn([first, second, vouched(3n, 9n)], [1n, 2n])).toBe('nothing')
    expect(turn([first, second, vouched(3n, 9n)], [1n, 2n], { height: SILENT })).toBe('loose 1,2,3')
  })
})

describe('vouchers in their places', () => {
  it('go past a receipt of which the gateway knows nothing, not past one that it has not answered for', () => {
    const lane = [job(1n), vouched(2n, 4n)]
    expect(turn(lane, [1n])).toBe('vouched 2')
    expect(turn(lane)).toBe('nothing')
    expect(turn(lane, [], { height: SILENT })).toBe('loose 1,2')
    // It can only be brought by its voucher, wherever that stands.
    expect(turn(lane, [], { reached: 1n })).toBe('vouched 2')
    expect(turn([job(3n), vouched(2n, 4n)])).toBe('vouched 2')
  })

  it('go no further than to the first that names one that waits', () => {
    expect(turn([vouched(1n, 4n), job(3n), vouched(2n, 8n), vouched(4n, 12n)])).toBe('vouched 1,2')
    expect(turn([vouched(1n, 4n), job(3n), vouched(2n, 8n, 3n), vouched(4n, 12n)])).toBe('vouched 1')
  })
})

describe('a receipt whose place was taken', () => {
  const displaced = vouched(2n, 4n)

  it('goes without its voucher before anything later does', () => {
    expect(turn([displaced, vouched(3n, 8n)], [], { accepted: 4n, reached: 1n })).toBe('loose 2,3')
    expect(turn([displaced, vouched(3n, 8n, 2n)], [], { accepted: 4n, reached: 2n })).toBe('vouched 3')
    expect(turn([displaced, job(5n), vouched(3n, 12n)], [], { accepted: 4n, reached: 1n })).toBe('loose 2,3')
  })

  it('is given up where the lane has named it already, or when its order has expired', () => {
    const lost = (facts: Partial<LaneFacts>, height = 40) =>
      givenUpIn([displaced], { ...LANE, ...facts }, rules([], [displaced], { height })).map(({ code }) => code)
    expect(lost({ accepted: 4n, reached: 1n })).toEqual([])
    expect(lost({ accepted: 4n, reached: 2n })).toEqual(['never_countersigned'])
    expect(lost({ accepted: 4n, reached: 1n }, LATE)).toEqual(['receipt_expired'])
    expect(lost({ reached: 2n }, LATE)).toEqual([])
  })
})

describe('receipts without vouchers', () => {
  it('go in order of sequence, and none before an earlier one that is not decided', () => {
    expect(turn([job(2n), job(1n)], [1n, 2n])).toBe('loose 1,2')
    expect(turn([job(1n), job(2n)], [2n])).toBe('nothing')
    expect(turn([job(1n), job(2n)], [1n])).toBe('loose 1')
    expect(turn([running(1n), job(2n)], [2n])).toBe('nothing')
    expect(turn([running(1n), job(2n)], [2n], { reached: 1n })).toBe('nothing')
    expect(turn([job(1n, { endHeight: 38n }), job(2n)], [1n, 2n])).toBe('nothing')
    expect(turn([job(1n), job(2n)], [1n, 2n], { reached: 1n })).toBe('loose 2')
  })

  it('wait for nobody when they have to go now', () => {
    expect(turn([running(1n), job(2n)], [2n], { height: URGENT })).toBe('loose 2')
    expect(turn([job(1n)], [], { height: 40, isOver: () => false })).toBe('nothing')
    expect(turn([job(1n)], [], { height: LATE })).toBe('nothing')
  })

  it('are given up when the lane has gone past them, but not before their gateway has answered', () => {
    const lane = [job(1n)]
    const lost = (never: readonly bigint[], over: Partial<LaneRules>) =>
      givenUpIn(lane, { ...LANE, reached: 1n }, rules(never, lane, over)).map(({ code }) => code)
    expect(lost([1n], {})).toEqual(['never_countersigned'])
    expect(lost([1n], { height: LATE })).toEqual(['receipt_expired'])
    expect(lost([], { height: LATE })).toEqual([])
    expect(lost([], { height: LATE + 600 })).toEqual(['receipt_expired'])
    expect(lost([], { height: LATE, isFlushing: true })).toEqual(['receipt_expired'])
  })

  it('keep those behind them waiting, after their time too, as long as their vouchers may come', () => {
    const lane = [job(1n), vouched(2n, 90n)]
    const lost = (never: readonly bigint[]) =>
      givenUpIn(lane, { ...LANE, reached: 1n }, rules(never, lane, { height: LATE })).length
    expect(lost([])).toBe(0)
    expect(lost([1n])).toBe(2)
  })
})
