/** One suite for every WorkStore: the file of a host, and the store in memory that tests of other parts use. */
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Job, WorkStore } from '../../src/host/work/ports.ts'
import { openWorkStore } from '../../src/main/work/work-store.ts'
import { tempTree } from '../support/temp-tree.ts'
import { makeBatch, makeJob, makeKept, makeOrder, secretsOf, testKey, workKeysOf } from '../support/work/fixtures.ts'
import { createMemoryWorkStore } from '../support/work-store.ts'

const KEPT_ROWS = 3

const STORES: Readonly<Record<string, () => WorkStore>> = {
  memory: () => createMemoryWorkStore({ keptRows: KEPT_ROWS }),
  file: () => {
    const path = join(tempTree({}), 'work.db')
    const store = openWorkStore(path, { keptRows: KEPT_ROWS, keptBytes: 1_000_000, notedRows: 1_000 })
    onTestFinished(() => store.close())
    return store
  },
}

const payer = testKey('payer')
const other = testKey('other payer')

describe.each(Object.entries(STORES))('work store: %s', (_name, create) => {
  let store: WorkStore

  beforeEach(() => {
    store = create()
  })

  it('gives back a job with all of its parts', async () => {
    const { job, data } = makeJob(payer, 1n, { cumulative: 9n, root: 'ab'.repeat(32), index: 3, from: 1n, to: 5n })
    await store.putJob(job, data)
    expect(await store.job(job.orderHash)).toEqual(job)
    expect(await store.workData(job.orderHash)).toEqual(data)
    expect(await store.job('00')).toBeUndefined()
    expect(await store.workData('00')).toBeUndefined()
  })

  it('keeps the data of a job that is put again without', async () => {
    const { job, data } = makeJob(payer, 1n)
    await store.putJob(job, data)
    await store.putJob({ ...job, state: 'failed', errorCode: 'cancelled' })
    expect(await store.workData(job.orderHash)).toEqual(data)
    expect(await store.job(job.orderHash)).toMatchObject({ state: 'failed', errorCode: 'cancelled' })
  })

  it('lists jobs the newest first, open ones the oldest first, both within limits', async () => {
    const [first, second, third, fourth] = [
      makeJob(payer, 1n).job,
      makeJob(payer, 2n).job,
      makeJob(payer, 3n).job,
      makeJob(payer, 4n).job,
    ]
    for (const job of [first, second, third, fourth]) {
      await store.putJob(job)
    }
    await store.putJob({ ...second, state: 'failed', errorCode: 'x' })
    expect((await store.jobs(2)).map(({ orderHash }) => orderHash)).toEqual([fourth.orderHash, third.orderHash])
    expect((await store.openJobs(2)).map(({ orderHash }) => orderHash)).toEqual([first.orderHash, third.orderHash])
  })

  it('knows the greatest sequence that stands in a batch', async () => {
    expect(await store.reachedSequence(payer.bytes)).toBe(0n)
    await store.putJob(makeJob(payer, 7n, { cumulative: 4n }).job)
    await store.putJob(makeJob(other, 9n, { state: 'batched' }).job)
    expect(await store.reachedSequence(payer.bytes)).toBe(0n)
    await store.putJob(makeJob(payer, 3n, { state: 'batched' }).job)
    expect(await store.reachedSequence(payer.bytes)).toBe(3n)
    const { job } = makeJob(payer, 4n, { cumulative: 8n, state: 'batched' })
    const voucher = job.voucher?.voucher
    const named = voucher && { ...voucher, sequence: 6n }
    await store.putJob({ ...job, voucher: { voucher: named, signature: new Uint8Array(64) } })
    expect(await store.reachedSequence(payer.bytes)).toBe(6n)
    // Without its voucher it names its order's alone.
    const loose: Job = {
      ...makeJob(payer, 8n).job,
      state: 'batched',
      voucher: { voucher: named && { ...named, sequence: 20n }, signature: new Uint8Array(64) },
      reached: 8n,
    }
    await store.putJob(loose)
    expect(await store.reachedSequence(payer.bytes)).toBe(8n)
    expect(await store.job(loose.orderHash)).toEqual(loose)
  })

  it('puts a batch and its jobs together, and finds it by root, number and state', async () => {
    const jobs = [1n, 2n].map((sequence) => makeJob(payer, sequence, { cumulative: 4n * sequence }).job)
    const root = 'cd'.repeat(32)
    const batch = makeBatch(
      root,
      jobs.map(({ orderHash }) => orderHash),
    )
    for (const job of jobs) {
      await store.putJob(job)
    }
    const placed = jobs.map((job, index) => ({ ...job, state: 'batched' as const, root, index: 1 - index }))
    await store.putBatch(batch, placed)
    expect(await store.batchByRoot(root)).toEqual(batch)
    expect(await store.jobsOfBatch(root)).toEqual([placed[1], placed[0]])
    expect(await store.openBatches(10)).toEqual([batch])
    expect(await store.newestBatchId()).toBe(0n)
    const taken = { ...batch, state: 'taken' as const, id: 12n, txHash: 'AB', height: 3, handedToGateways: true }
    await store.putBatch(taken, [])
    expect(await store.batchById(12n)).toEqual(taken)
    expect(await store.openBatches(10)).toEqual([taken])
    expect(await store.newestBatchId()).toBe(12n)
    expect(await store.unhandedBatches(10)).toEqual([])
    const paid = { ...taken, state: 'paid' as const, handedToGateways: false }
    await store.putBatch(paid, [])
    expect(await store.openBatches(10)).toEqual([])
    expect(await store.unhandedBatches(10)).toEqual([paid])
    await store.putBatch({ ...paid, handedToGateways: true }, [])
    expect(await store.unhandedBatches(10)).toEqual([])
    expect(await store.openJobs(10)).toEqual([])
  })

  it('remembers refusals', async () => {
    const { hash } = makeOrder(payer, { prompt: [1], maxTokens: 1 })
    const signed = await workKeysOf(secretsOf('ada')).signRefusal({
      orderHash: hash,
      host: payer.bytes,
      code: 'busy',
      height: 4n,
    })
    const name = Buffer.from(hash).toString('hex')
    expect(await store.refusal(name)).toBeUndefined()
    await store.putRefusal(signed)
    expect(await store.refusal(name)).toEqual(signed)
  })

  it('answers another order of the same sequence, and no other', async () => {
    const first = makeOrder(payer, { prompt: [1], maxTokens: 1 }).signed
    const second = makeOrder(payer, { prompt: [2], maxTokens: 1 }).signed
    expect(await store.noteOrder(first)).toBeUndefined()
    expect(await store.noteOrder(first)).toBeUndefined()
    expect(await store.noteOrder(second)).toEqual(first)
    expect(await store.noteOrder(second)).toEqual(first)
    expect(await store.noteOrder(makeOrder(other, { prompt: [2], maxTokens: 1 }).signed)).toBeUndefined()
    const later = makeOrder(payer, { prompt: [2], maxTokens: 1, order: { sequence: 2n } }).signed
    expect(await store.noteOrder(later)).toBeUndefined()
  })

  it('keeps what others entrust to it, up to its bound', async () => {
    const [first, second, third] = [makeKept(payer, 1n, 5n, 2), makeKept(payer, 2n, 5n, 1), makeKept(payer, 3n, 5n, 0)]
    for (const one of [first, second, third]) {
      expect(await store.keepOpening(one)).toBe(true)
    }
    expect(await store.keepOpening(makeKept(payer, 4n, 6n))).toBe(false)
    expect(await store.keepOpening(first)).toBe(true)
    const { executor } = first.header
    expect(await store.keptOfBatch(executor, 5n)).toEqual([third, second, first])
    expect(await store.keptOpening(Buffer.from(second.data.orderHash).toString('hex'))).toEqual(second)
    expect(await store.keptOpening(Buffer.from(second.data.orderHash).toString('hex'), 6n)).toBeUndefined()
    expect(await store.keptBatches(10)).toEqual([{ executor, batch: 5n }])
    await store.forgetKept(executor, 5n)
    expect(await store.keptOfBatch(executor, 5n)).toEqual([])
    expect(await store.keepOpening(makeKept(payer, 4n, 6n))).toBe(true)
  })

  it('keeps the newest commitments', async () => {
    const name = (index: number) => `verifier/${index}/0`
    for (let index = 0; index < 260; index++) {
      await store.putCommitment(name(index), Uint8Array.of(index & 255))
    }
    await store.putCommitment(name(4), Uint8Array.of(44))
    await store.putCommitment(name(260), Uint8Array.of(1))
    expect(await store.commitment(name(3))).toBeUndefined()
    expect(await store.commitment(name(4))).toEqual(Uint8Array.of(44))
    expect(await store.commitment(name(260))).toEqual(Uint8Array.of(1))
    await store.forgetCommitment(name(260))
    expect(await store.commitment(name(260))).toBeUndefined()
  })

  it('forgets what is old and over, and nothing that is open', async () => {
    const failed = makeJob(payer, 1n, { state: 'failed' })
    const open = makeJob(payer, 2n)
    const root = 'ef'.repeat(32)
    const batched = makeJob(payer, 3n, { state: 'batched', root, index: 0 })
    for (const { job, data } of [failed, open, batched]) {
      await store.putJob(job, data)
    }
    await store.putBatch(makeBatch(root, [batched.job.orderHash], { state: 'taken', id: 1n, height: 3 }), [])
    await store.noteOrder(open.job.order)
    await store.keepOpening(makeKept(payer, 9n, 4n))
    await store.prune(200)
    expect(await store.job(failed.job.orderHash)).toBeDefined()
    await store.prune(201)
    expect(await store.job(failed.job.orderHash)).toBeUndefined()
    expect(await store.workData(failed.job.orderHash)).toBeUndefined()
    expect(await store.job(open.job.orderHash)).toEqual(open.job)
    expect(await store.job(batched.job.orderHash)).toEqual(batched.job)
    expect(await store.keptBatches(5)).toEqual([])
    await store.putBatch(makeBatch(root, [batched.job.orderHash], { state: 'paid', id: 1n, height: 3 }), [])
    await store.prune(201)
    expect(await store.job(batched.job.orderHash)).toBeUndefined()
    const again = makeOrder(payer, { prompt: [99], maxTokens: 1, order: { sequence: 2n } }).signed
    expect(await store.noteOrder(again)).toBeUndefined()
  })
})
