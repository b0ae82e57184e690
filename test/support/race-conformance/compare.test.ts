import { expect, test } from 'vitest'
import { RACE_SHAPES } from '../../../src/race/shapes.ts'
import { stagesOf } from '../../../src/race/stages.ts'
import { readVectors } from '../vectors.ts'
import { compareSubject } from './compare.ts'
import { createTypescriptSubject, rememberAnswers } from './oracle-subjects.ts'
import type { ConformanceSubject } from './subject.ts'
import type { VectorCase, Workload } from './workload.ts'
import { drawJobs } from './workload.ts'

const runSeed = new Uint8Array(32).fill(7)
const { cases } = readVectors<{ readonly cases: readonly VectorCase[] }>('race-dev')
const workload: Workload = {
  vectors: [{ shape: 'dev', cases: cases.slice(0, 2) }],
  jobs: drawJobs(runSeed, 'dev', { attempts: 12, seeds: 3 }),
  tracedJobs: 1,
}
const reference = rememberAnswers(createTypescriptSubject())
const stages = stagesOf(RACE_SHAPES.dev).length

/** The oracle with one bit of one stage wrong in one attempt, and so a wrong digest. */
function brokenAt(stage: string, byte: number, nonce: bigint): ConformanceSubject {
  const right = createTypescriptSubject()
  const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((value, i) => (i === at ? value ^ 1 : value))
  return {
    ...right,
    name: 'broken',
    async digests(job) {
      return (await right.digests(job)).map((digest, i) => (job.nonces[i] === nonce ? flip(digest, 0) : digest))
    },
    async trace(job) {
      const trace = await right.trace(job)
      if (job.nonces[0] !== nonce) {
        return trace
      }
      const seen = trace.stages.map(({ name, bytes }) => ({ name, bytes: name === stage ? flip(bytes, byte) : bytes }))
      return { stages: seen, digest: flip(trace.digest, 0) }
    },
  }
}

test('equal implementations have no difference, and everything was compared', async () => {
  const result = await compareSubject(createTypescriptSubject(), reference, workload)
  expect(result).toMatchObject({ name: 'typescript', attempts: 12, seeds: 3, vectors: 2, differences: 0 })
  expect(result.stagesCompared).toBe(3 * stages)
  expect(result.firstDifference).toBeUndefined()
})

test('one wrong bit in one attempt is counted once and located: backend, seed, host, nonce, stage and byte', async () => {
  const job = workload.jobs[2]
  const nonce = job?.nonces[3] as bigint
  const result = await compareSubject(brokenAt('layer1.feed-hidden', 77, nonce), reference, workload)
  expect(result.differences).toBe(1)
  expect(result.firstDifference).toMatchObject({
    backend: 'broken',
    shape: 'dev',
    epochSeed: Buffer.from(job?.epochSeed as Uint8Array).toString('hex'),
    host: Buffer.from(job?.host as Uint8Array).toString('hex'),
    nonce: String(nonce),
    stage: 'layer1.feed-hidden',
    byte: 77,
  })
})

test('a wrong bit is found in a vector, and in a traced attempt', async () => {
  const vector = cases[1] as VectorCase
  const inVector = await compareSubject(brokenAt('input', 5, BigInt(vector.nonce)), reference, workload)
  expect(inVector.firstDifference).toMatchObject({ nonce: vector.nonce, stage: 'input', byte: 5 })
  const traced = workload.jobs[0]?.nonces[0] as bigint
  const inTrace = await compareSubject(brokenAt('layer2.attention', 3, traced), reference, { ...workload, vectors: [] })
  expect(inTrace).toMatchObject({ differences: 2, firstDifference: { stage: 'layer2.attention', byte: 3 } })
})

test('a digest that is wrong in a batch and right when traced is a difference too', async () => {
  const nonce = workload.jobs[1]?.nonces[1] as bigint
  const { trace } = createTypescriptSubject()
  const flaky = { ...brokenAt('none', 0, nonce), trace }
  const result = await compareSubject(flaky, reference, { ...workload, vectors: [] })
  expect(result).toMatchObject({ differences: 1, firstDifference: { stage: 'digest', byte: 0, nonce: String(nonce) } })
})

test('a missing digest is a difference', async () => {
  const right = createTypescriptSubject()
  const short = {
    ...right,
    digests: async (job: Parameters<typeof right.digests>[0]) => (await right.digests(job)).slice(1),
  }
  const result = await compareSubject(short, reference, { ...workload, vectors: [] })
  expect(result.differences).toBe(12)
})

test('a workload is the same for the same run seed, keeps its counts and never repeats a seed', () => {
  const jobs = drawJobs(runSeed, 'dev', { attempts: 103, seeds: 50 })
  expect(drawJobs(runSeed, 'dev', { attempts: 103, seeds: 50 })).toEqual(jobs)
  expect(jobs.reduce((sum, job) => sum + job.nonces.length, 0)).toBe(103)
  expect(new Set(jobs.map((job) => job.epochSeed.join())).size).toBe(50)
  expect(drawJobs(new Uint8Array(32), 'dev', { attempts: 1, seeds: 1 })).not.toEqual(jobs.slice(0, 1))
  expect(new Set(jobs.flatMap((job) => job.nonces)).size).toBeGreaterThan(56)
})
