import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../lib/bytes.ts'
import { isFind } from '../race/find.ts'
import type { RaceModel } from '../race/model.ts'
import { createRaceModel } from '../race/model.ts'
import { createOracle } from '../race/oracle.ts'
import { sha256 } from '../race/sha256.ts'
import type { ShapeName } from '../race/shapes.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import type { RaceBackend } from './race-engine.ts'
import { EVERY_DIGEST, nonceRange } from './race-engine.ts'
import { checkKnownAnswers } from './race-gate.ts'

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

export interface ConformanceOptions {
  readonly name: string
  /** A backend that is not started. */
  createBackend(model: RaceModel): Promise<RaceBackend>
  /** Text of test/vectors/race-<shape>.json for the shapes to run. */
  readonly vectors: Readonly<Partial<Record<ShapeName, string>>>
  /** Attempts compared with the oracle besides the vectors. */
  readonly randomAttempts: number
}

/** What every RaceBackend must do, run by the tests of each. */
export function describeRaceBackend(options: ConformanceOptions): void {
  async function started<T>(model: RaceModel, use: (backend: RaceBackend) => Promise<T>): Promise<T> {
    const backend = await options.createBackend(model)
    await backend.start()
    try {
      return await use(backend)
    } finally {
      await backend.stop()
    }
  }
  const devModel = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32).fill(5))
  const host = new Uint8Array(20).fill(6)

  describe(`${options.name} as a race backend`, () => {
    for (const [shape, text] of Object.entries(options.vectors) as [ShapeName, string][]) {
      test(`gives every stage and digest of the ${shape} vectors`, async () => {
        const { cases } = JSON.parse(text) as RaceVectors
        expect(cases.length).toBeGreaterThan(0)
        for (const seed of new Set(cases.map((entry) => entry.epochSeed))) {
          await started(createRaceModel(RACE_SHAPES[shape], fromHex(seed)), async (backend) => {
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
        const { epochSeed } = (JSON.parse(text) as RaceVectors).cases[0] ?? { epochSeed: '' }
        const verdict = await started(createRaceModel(RACE_SHAPES[shape], fromHex(epochSeed)), (backend) =>
          checkKnownAnswers(backend, shape),
        )
        expect(verdict.firstDifference).toBeUndefined()
        expect(verdict.conformant).toBe(true)
      })
    }

    test('equals the oracle on random seeds, hosts and nonces', async () => {
      const batches = 5
      for (let i = 0; i < batches; i++) {
        const model = createRaceModel(RACE_SHAPES.dev, crypto.getRandomValues(new Uint8Array(32)))
        const randomHost = crypto.getRandomValues(new Uint8Array(20))
        const nonces = crypto.getRandomValues(new BigUint64Array(Math.ceil(options.randomAttempts / batches)))
        const oracle = createOracle(model)
        await started(model, async (backend) => {
          const found = await backend.run({ host: randomHost, target: EVERY_DIGEST, nonces })
          const expected = [...nonces].map((nonce) => ({ nonce, digest: oracle.attempt(randomHost, nonce) }))
          const context = `seed ${toHex(model.epochSeed)} host ${toHex(randomHost)}`
          expect(found, context).toEqual(expected)
        })
      }
    })

    test('returns the finds of a batch and nothing else, in the order of its nonces', async () => {
      const target = new Uint8Array(32)
      target[0] = 0x20
      const nonces = nonceRange(2n ** 64n - 20n, 97)
      const oracle = createOracle(devModel)
      const expected = [...nonces]
        .map((nonce) => ({ nonce, digest: oracle.attempt(host, nonce) }))
        .filter((attempt) => isFind(attempt.digest, target))
      expect(expected.length).toBeGreaterThan(0)
      await started(devModel, async (backend) => {
        expect(await backend.run({ host, target, nonces })).toEqual(expected)
        expect(await backend.run({ host, target: new Uint8Array(32), nonces })).toEqual([])
      })
    })

    test('keeps batches apart that are under way together', async () => {
      const oracle = createOracle(devModel)
      const otherHost = new Uint8Array(20).fill(9)
      await started(devModel, async (backend) => {
        const jobs = [host, otherHost, host, otherHost, host].map((owner, index) => ({
          host: owner,
          target: EVERY_DIGEST,
          nonces: nonceRange(BigInt(100 * index), 3 + index),
        }))
        const results = await Promise.all(jobs.map((job) => backend.run(job)))
        for (const [index, job] of jobs.entries()) {
          const expected = [...job.nonces].map((nonce) => ({ nonce, digest: oracle.attempt(job.host, nonce) }))
          expect(results[index]).toEqual(expected)
        }
      })
    })

    test('refuses what it cannot do, by code', async () => {
      const backend = await options.createBackend(devModel)
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
  })
}
