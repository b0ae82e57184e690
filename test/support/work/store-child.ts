/** Writes to a work store as fast as it can and says what it was told is there: `node store-child.ts <path> <first sequence>`. */
import { openWorkStore } from '../../../src/main/work/work-store.ts'
import { makeBatch, makeJob, testKey } from './fixtures.ts'

const [, , path = '', first = '1'] = process.argv
const JOBS_PER_BATCH = 4
const store = openWorkStore(path)
const payer = testKey('payer')
// A test that dies leaves no writer behind: its end of the pipe closes.
process.stdin.on('end', () => process.exit(0)).resume()

function tell(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()))
}

await tell('open')
for (let sequence = BigInt(first); ; ) {
  const names: string[] = []
  const jobs = []
  const root = sequence.toString(16).padStart(64, '0')
  for (let count = 0; count < JOBS_PER_BATCH; count++, sequence++) {
    const { job, data } = makeJob(payer, sequence, { cumulative: sequence })
    await store.putJob(job, data)
    await tell(`job ${job.orderHash} ${sequence}`)
    names.push(job.orderHash)
    jobs.push(job)
  }
  const placed = jobs.map((job, index) => ({ ...job, state: 'batched' as const, root, index }))
  await tell(`sending ${root}`)
  await store.putBatch(makeBatch(root, names), placed)
  await tell(`batch ${root}`)
}
