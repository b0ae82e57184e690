import { toHex } from '../../../src/lib/bytes.ts'
import { createRaceModel } from '../../../src/race/model.ts'
import type { RaceOracle } from '../../../src/race/oracle.ts'
import { createOracle } from '../../../src/race/oracle.ts'
import type { RaceShape } from '../../../src/race/shapes.ts'
import { RACE_SHAPES } from '../../../src/race/shapes.ts'
import type { ComparedTrace, ConformanceJob, ConformanceSubject } from './subject.ts'

/** An oracle of this process as a subject; `create` makes one for an epoch, the last one is kept. */
export function createOracleSubject(
  name: string,
  create: (shape: RaceShape, epochSeed: Uint8Array) => RaceOracle,
): ConformanceSubject {
  let last: { readonly key: string; readonly oracle: RaceOracle } | undefined
  function oracleOf({ shape, epochSeed }: ConformanceJob): RaceOracle {
    const key = `${shape} ${toHex(epochSeed)}`
    if (last?.key !== key) {
      last = { key, oracle: create(RACE_SHAPES[shape], epochSeed) }
    }
    return last.oracle
  }
  return {
    name,
    digests: async (job) => {
      const oracle = oracleOf(job)
      return job.nonces.map((nonce) => oracle.attempt(job.host, nonce))
    },
    trace: async (job) => {
      const { stages, digest } = oracleOf(job).trace(job.host, job.nonces[0] ?? 0n)
      return { stages: stages.map(({ stage, bytes }) => ({ name: stage.name, bytes })), digest }
    },
    stop: async () => undefined,
  }
}

/** The reference oracle of src/race. */
export function createTypescriptSubject(): ConformanceSubject {
  return createOracleSubject('typescript', (shape, epochSeed) => createOracle(createRaceModel(shape, epochSeed)))
}

/** Answers of a subject, kept: several backends are compared with one reference on the same jobs. */
export function rememberAnswers(subject: ConformanceSubject): ConformanceSubject {
  const digests = new Map<string, Promise<readonly Uint8Array[]>>()
  const traces = new Map<string, Promise<ComparedTrace>>()
  return {
    name: subject.name,
    digests: (job) => remembered(digests, job, () => subject.digests(job)),
    trace: (job) => remembered(traces, job, () => subject.trace(job)),
    stop: () => subject.stop(),
  }
}

function remembered<T>(answers: Map<string, Promise<T>>, job: ConformanceJob, compute: () => Promise<T>): Promise<T> {
  const key = `${job.shape} ${toHex(job.epochSeed)} ${toHex(job.host)} ${job.nonces.join()}`
  const known = answers.get(key)
  if (known !== undefined) {
    return known
  }
  const answer = compute()
  answers.set(key, answer)
  return answer
}
