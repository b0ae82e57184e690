/** The writer is killed with SIGKILL at random moments: what it was told is there must be there, whole, and nothing half. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { utf8 } from '../../lib/bytes.ts'
import { createDrawStream } from '../../protocol/draw.ts'
import { sha256 } from '../../protocol/hash.ts'
import { openWorkStore } from './work-store.ts'

const KILLS = 12

interface Told {
  readonly jobs: Map<string, bigint>
  readonly batches: Set<string>
  /** Begun, perhaps not ended: there with all of its jobs, or not at all. */
  readonly sending: Set<string>
}

test(`${KILLS} kills lose nothing that was told, and leave nothing half`, { timeout: 300_000 }, async () => {
  const path = join(tempTree({}), 'work.db')
  const told: Told = { jobs: new Map(), batches: new Set(), sending: new Set() }
  const random = createDrawStream(sha256(utf8(`kill ${process.env.KILL_SEED ?? '1'}`)))
  for (let kill = 0; kill < KILLS; kill++) {
    const next = [...told.jobs.values()].reduce((most, sequence) => (sequence > most ? sequence : most), 0n) + 8n
    const child = startWriter(path, next, told)
    const enough = told.jobs.size + 3 + Number(random.below(20n))
    await waitFor('jobs in the store', () => told.jobs.size >= enough, { deadlineMs: 60_000, everyMs: 1 })
    await new Promise((resolve) => setTimeout(resolve, Number(random.below(30n))))
    child.kill('SIGKILL')
    await once(child, 'close')
    await checkTold(path, told)
  }
  expect(told.batches.size).toBeGreaterThan(KILLS)
})

function startWriter(path: string, first: bigint, told: Told): ChildProcess {
  const script = fileURLToPath(new URL('../../../test/support/work/store-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path, String(first)], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [kind, name = '', sequence = '0'] = line.split(' ')
    if (kind === 'job') {
      told.jobs.set(name, BigInt(sequence))
    } else if (kind === 'sending') {
      told.sending.add(name)
    } else if (kind === 'batch') {
      told.batches.add(name)
    }
  })
  return child
}

async function checkTold(path: string, told: Told): Promise<void> {
  const store = openWorkStore(path)
  try {
    for (const [name, sequence] of told.jobs) {
      const job = await store.job(name)
      expect(job?.order.order?.sequence).toBe(sequence)
      expect(job?.voucher?.voucher?.cumulative).toBe(sequence)
      expect((await store.workData(name))?.output).toEqual([5, 6, 7])
    }
    for (const root of told.batches) {
      expect(await store.batchByRoot(root)).toBeDefined()
    }
    for (const root of told.sending) {
      const batch = await store.batchByRoot(root)
      const jobs = await store.jobsOfBatch(root)
      expect(jobs.map(({ orderHash }) => orderHash)).toEqual(batch?.leaves ?? [])
      expect(jobs.every(({ state }) => state === 'batched')).toBe(true)
    }
    // Every job that is there has its data, told or not.
    for (const job of await store.jobs(100_000)) {
      expect(await store.workData(job.orderHash)).toBeDefined()
    }
  } finally {
    store.close()
  }
}
