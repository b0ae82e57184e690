import { equalBytes, fromHex, toHex } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { sha256 } from '../../../src/lib/sha256.ts'
import type { ComparedTrace, ConformanceJob, ConformanceSubject } from './subject.ts'
import type { VectorCase, Workload } from './workload.ts'
import { jobOfVector } from './workload.ts'

/** What a conformance run says of one backend. */
export interface BackendResult {
  readonly name: string
  /** Attempts compared with the reference, beside the vectors. */
  readonly attempts: number
  /** Epoch seeds among them. */
  readonly seeds: number
  /** Vector cases compared. */
  readonly vectors: number
  readonly stagesCompared: number
  /** Attempts, vectors and traced passes that differ. */
  readonly differences: number
  readonly seconds: number
  /** Of the first one: where and what. */
  readonly firstDifference?: Difference
}

export interface Difference {
  readonly backend: string
  readonly shape: string
  readonly epochSeed: string
  readonly host: string
  readonly nonce: string
  /** The first differing stage, or `digest`. */
  readonly stage: string
  /** Position of the first differing byte in the stage; −1 where a stage is missing or has another length. */
  readonly byte: number
  readonly detail: string
}

/** Runs a workload on a subject and compares every digest with the reference, and every stage of the traced attempts. */
export async function compareSubject(
  subject: ConformanceSubject,
  reference: ConformanceSubject,
  workload: Workload,
): Promise<BackendResult> {
  const startMs = performance.now()
  const found: Difference[] = []
  let differences = 0
  let stagesCompared = 0
  const note = (difference: Difference | undefined): void => {
    differences += difference === undefined ? 0 : 1
    if (difference !== undefined && found.length === 0) {
      found.push(difference)
    }
  }
  let vectors = 0
  for (const { shape, cases } of workload.vectors) {
    for (const entry of cases) {
      note(await compareVector(subject, reference, jobOfVector(shape, entry), entry))
      vectors += 1
      stagesCompared += entry.stages.length
    }
  }
  let attempts = 0
  for (const [index, job] of workload.jobs.entries()) {
    if (index < workload.tracedJobs) {
      const expected = await reference.trace(job)
      note(differenceOf(subject, job, expected, await subject.trace(job)))
      stagesCompared += expected.stages.length
    }
    differences += await compareDigests(subject, reference, job, found)
    attempts += job.nonces.length
  }
  const [firstDifference] = found
  return {
    name: subject.name,
    attempts,
    seeds: new Set(workload.jobs.map((job) => toHex(job.epochSeed))).size,
    vectors,
    stagesCompared,
    differences,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
    ...(firstDifference === undefined ? {} : { firstDifference }),
  }
}

/** Number of attempts that differ; the first one of all is traced on both sides. */
async function compareDigests(
  subject: ConformanceSubject,
  reference: ConformanceSubject,
  job: ConformanceJob,
  found: Difference[],
): Promise<number> {
  // Both at once: a subject in another process computes while this one does.
  const [actual, expected] = await Promise.all([subject.digests(job), reference.digests(job)])
  if (expected.length !== job.nonces.length) {
    throw new CodedError('invalid_reference', 'the reference gave another number of digests', {
      fields: { expected: job.nonces.length, actual: expected.length },
    })
  }
  const differing = job.nonces
    .map((_, index) => index)
    .filter((index) => !equalBytes(actual[index] ?? new Uint8Array(0), expected[index] as Uint8Array))
  const [first] = differing
  if (first !== undefined && found.length === 0) {
    const one = { ...job, nonces: [job.nonces[first] as bigint] }
    const [wrong, right] = [await subject.trace(one), await reference.trace(one)]
    // A fault that shows only in a batch leaves no trace: then the digest itself is the difference.
    const batched = digestDifference(subject, one, expected[first] as Uint8Array, actual[first])
    found.push(differenceOf(subject, one, right, wrong) ?? batched)
  }
  return differing.length
}

/** A traced pass beside another: the first stage and byte that differ. */
function differenceOf(
  subject: ConformanceSubject,
  job: ConformanceJob,
  expected: ComparedTrace,
  actual: ComparedTrace,
): Difference | undefined {
  const where = placeOf(subject, job)
  for (const [at, { name, bytes }] of expected.stages.entries()) {
    const seen = actual.stages[at]
    if (seen === undefined || seen.name !== name || seen.bytes.length !== bytes.length) {
      return { ...where, stage: name, byte: -1, detail: 'the stage is missing or has another length' }
    }
    const byte = bytes.findIndex((value, position) => value !== seen.bytes[position])
    if (byte >= 0) {
      return { ...where, stage: name, byte, detail: `${seen.bytes[byte]} instead of ${bytes[byte]}` }
    }
  }
  return equalBytes(expected.digest, actual.digest)
    ? undefined
    : digestDifference(subject, job, expected.digest, actual.digest)
}

/** Against the vector alone: what it keeps of a stage is its hash. The reference is asked for the byte only where the hash differs. */
async function compareVector(
  subject: ConformanceSubject,
  reference: ConformanceSubject,
  job: ConformanceJob,
  entry: VectorCase,
): Promise<Difference | undefined> {
  const trace = await subject.trace(job)
  for (const [at, { name, sha256: expected }] of entry.stages.entries()) {
    const seen = trace.stages[at]
    if (seen === undefined || seen.name !== name || toHex(sha256(seen.bytes)) !== expected) {
      const located = differenceOf(subject, job, await reference.trace(job), trace)
      // The reference itself may be what is wrong: then no byte can be named.
      const unlocated = { ...placeOf(subject, job), stage: name, byte: -1, detail: 'not the vector’s hash' }
      return located ?? unlocated
    }
  }
  const [digest] = await subject.digests(job)
  const isEqual = digest !== undefined && toHex(digest) === entry.digest && toHex(trace.digest) === entry.digest
  return isEqual ? undefined : digestDifference(subject, job, fromHex(entry.digest), digest)
}

function digestDifference(
  subject: ConformanceSubject,
  job: ConformanceJob,
  expected: Uint8Array,
  actual: Uint8Array | undefined,
): Difference {
  const byte = expected.findIndex((value, position) => value !== actual?.[position])
  const detail = `${actual === undefined ? 'no digest' : toHex(actual)} instead of ${toHex(expected)}`
  return { ...placeOf(subject, job), stage: 'digest', byte, detail }
}

/** Where a difference lies: the first attempt of the job. */
function placeOf(subject: ConformanceSubject, job: ConformanceJob): Omit<Difference, 'stage' | 'byte' | 'detail'> {
  const { shape, epochSeed, host, nonces } = job
  return {
    backend: subject.name,
    shape,
    epochSeed: toHex(epochSeed),
    host: toHex(host),
    nonce: String(nonces[0]),
  }
}
