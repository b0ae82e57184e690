import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/lib/bytes.ts'
import { sha256 } from '../../src/lib/sha256.ts'
import { isFind } from '../../src/race/find.ts'
import type { RaceModel } from '../../src/race/model.ts'
import { createRaceModel } from '../../src/race/model.ts'
import { createOracle } from '../../src/race/oracle.ts'
import type { ShapeName } from '../../src/race/shapes.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { FoundAttempt, RaceBackend } from '../../src/worker/race-engine.ts'
import { EVERY_DIGEST, nonceRange } from '../../src/worker/race-engine.ts'
import { checkKnownAnswers } from '../../src/worker/race-gate.ts'

/** test/vectors/race-*.json as far as it is compared here. */
interface RaceVectors {
  readonly cases: readonly {
    readonly epochSeed: string
    readonly host: string
    readonly nonce: string
    readonly digest: string
    readonly stages: readonly { readonly name: string; readonly head: string; readonly sha256: string }[]
  }[]
}

export interface RaceBackendUnderTest {
  readonly name: string
  /** A backend that is not started. */
  createBackend(model: RaceModel): Promise<RaceBackend>
  /** Text of test/vectors/race-<shape>.json for the shapes to run. */
  readonly vectors: Readonly<Partial<Record<ShapeName, string>>>
  /** Attempts compared with the oracle besides the vectors. */
  readonly randomAttempts: number
}

const host = new Uint8Array(20).fill(6)
const devModel = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32).fill(5))

/** What every RaceBackend must do, run by the tests of each. */
export function describeRaceBackend(subject: RaceBackendUnderTest): void {
  describe(`${subject.name} as a race backend`, () => {
    for (const [shape, text] of Object.entries(subject.vectors) as [ShapeName, string][]) {
      describeVectors(subject, shape, JSON.parse(text) as RaceVectors)
    }
    describeBatches(subject)
    describeRefusals(subject)
  })
}

async function started<T>(
  subject: RaceBackendUnderTest,
  model: RaceModel,
  use: (backend: RaceBackend) => Promise<T>,
): Promise<T> {
  const backend = await subject.createBackend(model)
  await backend.start()
  try {
    return await use(backend)
  } finally {
    await backend.stop()
  }
}

function onOracle(model: RaceModel, owner: Uint8Array, nonces: BigUint64Array): FoundAttempt[] {
  const oracle = createOracle(model)
  return [...nonces].map((nonce) => ({ nonce, digest: oracle.attempt(owner, nonce) }))
}

function describeVectors(subject: RaceBackendUnderTest, shape: ShapeName, { cases }: RaceVectors): void {
  test(`gives every stage and digest of the ${shape} vectors`, async () => {
    expect(cases.length).toBeGreaterThan(0)
    for (const seed of new Set(cases.map((entry) => entry.epochSeed))) {
      await started(subject, createRaceModel(RACE_SHAPES[shape], fromHex(seed)), async (backend) => {
        for (const entry of cases.filter((candidate) => candidate.epochSeed === seed)) {
          const trace = await backend.trace(fromHex(entry.host), BigInt(entry.nonce))
          const stages = trace.stages.map(({ stage, bytes }) => ({
            name: stage.name,
            head: toHex(bytes.slice(0, 32)),
            sha256: toHex(sha256(bytes)),
          }))
          expect(stages).toEqual(entry.stages)
          expect(toHex(trace.digest)).toBe(entry.digest)
        }
      })
    }
  })

  test(`passes the gate of ${shape}`, async () => {
    const model = createRaceModel(RACE_SHAPES[shape], fromHex(cases[0]?.epochSeed ?? ''))
    const verdict = await started(subject, model, (backend) => checkKnownAnswers(backend, shape))
    expect(verdict.firstDifference).toBeUndefined()
    expect(verdict.conformant).toBe(true)
  })
}

function describeBatches(subject: RaceBackendUnderTest): void {
  test('equals the oracle on random seeds, hosts and nonces', async () => {
    const batches = 5
    for (let i = 0; i < batches; i++) {
      const model = createRaceModel(RACE_SHAPES.dev, crypto.getRandomValues(new Uint8Array(32)))
      const owner = crypto.getRandomValues(new Uint8Array(20))
      const nonces = crypto.getRandomValues(new BigUint64Array(Math.ceil(subject.randomAttempts / batches)))
      await started(subject, model, async (backend) => {
        const found = await backend.run({ host: owner, target: EVERY_DIGEST, nonces })
        expect(found, `seed ${toHex(model.epochSeed)} host ${toHex(owner)}`).toEqual(onOracle(model, owner, nonces))
      })
    }
  })

  test('returns the finds of a batch and nothing else, in the order of its nonces', async () => {
    const target = new Uint8Array(32)
    target[0] = 0x20
    const nonces = nonceRange(2n ** 64n - 20n, 97)
    const expected = onOracle(devModel, host, nonces).filter((attempt) => isFind(attempt.digest, target))
    expect(expected.length).toBeGreaterThan(0)
    await started(subject, devModel, async (backend) => {
      expect(await backend.run({ host, target, nonces })).toEqual(expected)
      expect(await backend.run({ host, target: new Uint8Array(32), nonces })).toEqual([])
    })
  })

  test('keeps batches apart that are under way together', async () => {
    const otherHost = new Uint8Array(20).fill(9)
    await started(subject, devModel, async (backend) => {
      const jobs = [host, otherHost, host, otherHost, host].map((owner, index) => ({
        host: owner,
        target: EVERY_DIGEST,
        nonces: nonceRange(BigInt(100 * index), 3 + index),
      }))
      const results = await Promise.all(jobs.map((job) => backend.run(job)))
      expect(results).toEqual(jobs.map((job) => onOracle(devModel, job.host, job.nonces)))
    })
  })
}

function describeRefusals(subject: RaceBackendUnderTest): void {
  test('refuses what it cannot do, by code', async () => {
    const backend = await subject.createBackend(devModel)
    const batch = { host, target: EVERY_DIGEST, nonces: nonceRange(0n, 1) }
    await expect(backend.run(batch)).rejects.toMatchObject({ code: 'not_started' })
    await backend.start()
    const tooMany = { ...batch, nonces: nonceRange(0n, backend.maxAttempts + 1) }
    await expect(backend.run(tooMany)).rejects.toMatchObject({ code: 'batch_too_large' })
    await expect(backend.run(batch, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
    expect(await backend.run({ ...batch, nonces: new BigUint64Array(0) })).toEqual([])
    await backend.stop()
    await expect(backend.run(batch)).rejects.toMatchObject({ code: 'not_started' })
  })
}
