import { describe, expect, it } from 'vitest'
import { makeJob, testKey } from '../../../../test/support/work/fixtures.ts'
import { compareBytes, toHex } from '../../../lib/bytes.ts'
import { verifyBatchLeaf } from '../../../protocol/work/batch.ts'
import { batchViolation } from '../../../protocol/work/violations.ts'
import type { Job } from '../ports.ts'
import type { BatchPlan, PlanRules } from './batch-plan.ts'
import { leavesOf, openingOf, planBatch, treeOf } from './batch-plan.ts'
import type { LaneFacts } from './lane-plan.ts'

/** A receipt of makeJob costs so much: four tokens of prompt, three of output. */
const PRICE = 4n
const HEIGHT = 40
const payer = testKey('payer')
const others = [testKey('first other'), testKey('second other')]
const RULES: PlanRules = {
  signer: testKey('ada/device').address,
  height: HEIGHT,
  countersignBlocks: 6,
  isOver: () => true,
  isAnswered: () => true,
  isFlushing: false,
}
const LANE: LaneFacts = { accepted: 0n, available: 1_000n, reached: 0n, isSuspect: false }

type JobOptions = Parameters<typeof makeJob>[2]

function job(sequence: bigint, over: JobOptions = {}, owner = payer): Job {
  return makeJob(owner, sequence, { endHeight: 30n, ...over }).job
}

function plan(
  jobs: readonly Job[],
  over: Partial<LaneFacts> = {},
  rules: Partial<PlanRules> = {},
): BatchPlan | undefined {
  const lanes = new Map([payer, ...others].map(({ bytes }) => [toHex(bytes), { ...LANE, ...over }]))
  return planBatch(jobs, lanes, { ...RULES, ...rules })
}

function sequencesOf(jobs: readonly Job[], made: BatchPlan | undefined): bigint[] | undefined {
  return made?.placed.map(
    ({ orderHash }) => jobs.find((each) => each.orderHash === orderHash)?.order.order?.sequence ?? 0n,
  )
}

describe('a batch', () => {
  it('follows the vouchers from where the chain stands, and ends with the voucher of its last leaf', () => {
    const jobs = [job(1n, { cumulative: 18n }), job(2n, { cumulative: 14n }), job(3n, { cumulative: 10n })]
    const made = plan(jobs, { accepted: 6n })
    expect(sequencesOf(jobs, made)).toEqual([3n, 2n, 1n])
    expect(made?.placed.map(({ from, to }) => [from, to])).toEqual([
      [6n, 10n],
      [10n, 14n],
      [14n, 18n],
    ])
    expect(made?.batch).toMatchObject({ state: 'sending', sum: 12n })
    expect(made?.batch.message.lanes).toMatchObject([{ to: 18n, voucher: jobs[0]?.voucher }])
    expect(made && batchViolation(made.batch.message)).toBeUndefined()
  })

  it('has leaves whose openings lie under its root, each with its own voucher', () => {
    const jobs = [job(1n, { cumulative: 4n }), job(2n, { cumulative: 8n })]
    const made = plan(jobs)
    const placed = jobs.map((each, index) => ({ ...each, ...made?.placed[index], index }))
    const tree = treeOf(leavesOf(placed))
    expect(toHex(tree.root.hash)).toBe(made?.batch.root)
    const openings = placed.map((each) => openingOf(each, tree))
    expect(openings.map((opening) => verifyBatchLeaf(tree.root, 2, opening))).toEqual([
      { start: 0n, end: 4n },
      { start: 4n, end: 8n },
    ])
    expect(openings.map(({ voucher }) => voucher?.voucher?.cumulative)).toEqual([4n, 8n])
  })

  it('stops before a gap, and does not wait for what lies behind it', () => {
    const jobs = [job(1n, { cumulative: 4n }), job(3n, { cumulative: 12n })]
    const made = plan(jobs)
    expect(sequencesOf(jobs, made)).toEqual([1n])
    expect(plan(jobs.slice(1))).toBeUndefined()
  })

  it('fills a gap with receipts without vouchers when these fit to the last unit, after their time', () => {
    const pending = [job(1n), job(2n)]
    const jobs = [...pending, job(3n, { cumulative: 12n })]
    const made = plan(jobs)
    expect(sequencesOf(jobs, made)).toEqual([1n, 2n])
    expect(made?.batch.message.lanes[0]?.voucher).toBeUndefined()
    expect(made?.batch.message.uncountersigned).toHaveLength(2)
    expect(plan(jobs, {}, { height: 35 })).toBeUndefined()
    expect(plan(jobs, {}, { isOver: () => false })).toBeUndefined()
    expect(plan([job(1n), job(3n, { cumulative: 12n })])).toBeUndefined()
    expect(sequencesOf(jobs, plan([...jobs, job(9n)]))).toEqual([1n, 2n])
  })

  it('takes receipts stranded behind a gap without their vouchers, when no other is waited for', () => {
    const jobs = [job(2n, { cumulative: 90n }), job(1n)]
    const silent = { isAnswered: () => false }
    expect(plan(jobs, {}, silent)).toBeUndefined()
    const made = plan(jobs, {}, { ...silent, height: 43 })
    expect(sequencesOf(jobs, made)).toEqual([1n, 2n])
    expect(made?.batch.message.uncountersigned.map(({ voucher }) => voucher)).toEqual([undefined, undefined])
  })

  it('takes receipts without vouchers in rising order of sequence, above what the lane has named', () => {
    const jobs = [job(7n), job(5n), job(6n)]
    expect(sequencesOf(jobs, plan(jobs, { reached: 5n }))).toEqual([6n, 7n])
    expect(plan(jobs, { reached: 7n })).toBeUndefined()
    const many = Array.from({ length: 20 }, (_, index) => job(BigInt(index + 1)))
    expect(plan(many)?.batch.leaves).toHaveLength(16)
  })

  it('takes no more than the escrow can pay', () => {
    const jobs = [job(1n, { cumulative: 4n }), job(2n, { cumulative: 8n }), job(3n, { cumulative: 12n })]
    expect(plan(jobs, { available: 2n * PRICE + 1n })?.batch.sum).toBe(2n * PRICE)
    expect(plan(jobs, { available: PRICE - 1n })).toBeUndefined()
  })

  it('is of one model, as far as a lane is', () => {
    const jobs = [
      job(1n, { cumulative: 4n }),
      job(2n, { cumulative: 8n, model: 'tail/other' }),
      job(3n, { cumulative: 12n }),
    ]
    expect(sequencesOf(jobs, plan(jobs))).toEqual([1n])
    const rest = plan(jobs.slice(1), { accepted: 4n })
    expect(rest?.batch.model).toBe('tail/other')
    expect(sequencesOf(jobs, rest)).toEqual([2n])
  })

  it('holds lanes in address order, a suspect one alone', () => {
    const jobs = [payer, ...others].map((owner, index) => job(BigInt(index + 1), { cumulative: 4n }, owner))
    const made = plan(jobs)
    const payers = made?.batch.message.lanes.map((lane) => lane.payer) ?? []
    expect(payers).toEqual([...payers].sort(compareBytes))
    expect(payers).toHaveLength(3)
    expect(plan(jobs, { isSuspect: true })?.batch.message.lanes).toHaveLength(1)
  })

  it('brings an expired order where others lie behind it, and none without a voucher', () => {
    const behind = job(2n, { cumulative: 8n })
    const jobs = [job(1n, { cumulative: 4n }), behind]
    expect(plan(jobs, {}, { height: 300 })?.batch.leaves).toHaveLength(2)
    expect(plan([job(1n)], {}, { height: 199 })).toBeUndefined()
    expect(plan([job(1n)], {}, { height: 198 })?.batch.leaves).toHaveLength(1)
  })
})
