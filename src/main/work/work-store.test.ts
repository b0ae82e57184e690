import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { makeJob, makeKept, makeOrder, testKey } from '../../../test/support/work/fixtures.ts'
import type { WorkStoreFile, WorkStoreLimits } from './work-store.ts'
import { openWorkStore } from './work-store.ts'

const payer = testKey('payer')
const LIMITS: WorkStoreLimits = { keptRows: 100, keptBytes: 10_000, notedRows: 20 }

function open(path: string): WorkStoreFile {
  const store = openWorkStore(path, LIMITS)
  onTestFinished(() => store.close())
  return store
}

function newPath(): string {
  return join(tempTree({}), 'work.db')
}

it('finds everything again after it was closed', async () => {
  const path = newPath()
  const first = openWorkStore(path, LIMITS)
  const { job, data } = makeJob(payer, 1n, { cumulative: 4n })
  await first.putJob(job, data)
  await first.keepOpening(makeKept(payer, 2n, 5n))
  first.close()
  const second = open(path)
  expect(await second.openJobs(5)).toEqual([job])
  expect(await second.keptBatches(5)).toHaveLength(1)
})

it('bounds the bytes that others may fill, over a restart too', async () => {
  const path = newPath()
  const first = openWorkStore(path, LIMITS)
  let kept = 0
  while (await first.keepOpening(makeKept(payer, BigInt(kept + 1), 5n))) {
    kept += 1
  }
  expect(kept).toBeGreaterThan(3)
  expect(kept).toBeLessThan(30)
  first.close()
  const second = open(path)
  expect(await second.keepOpening(makeKept(payer, 99n, 5n))).toBe(false)
  await second.prune(10_000)
  expect(await second.keepOpening(makeKept(payer, 99n, 5n))).toBe(true)
})

it('bounds the orders that it notes: the first to expire give way', async () => {
  const store = open(newPath())
  const order = (sequence: bigint, prompt: number) =>
    makeOrder(payer, { prompt: [prompt], maxTokens: 1, order: { sequence, expiryHeight: 100n + sequence } }).signed
  for (let sequence = 1n; sequence <= 30n; sequence++) {
    await store.noteOrder(order(sequence, 1))
  }
  expect(await store.noteOrder(order(30n, 2))).toEqual(order(30n, 1))
  expect(await store.noteOrder(order(1n, 2))).toBeUndefined()
})

it('belongs to one process, and to one version of the tables', () => {
  const path = newPath()
  const store = openWorkStore(path, LIMITS)
  expect(() => openWorkStore(path, LIMITS)).toThrow(expect.objectContaining({ code: 'store_in_use' }))
  store.close()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 99')
  database.close()
  expect(() => openWorkStore(path, LIMITS)).toThrow(expect.objectContaining({ code: 'store_version' }))
})
