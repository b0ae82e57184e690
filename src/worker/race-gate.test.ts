import { describe, expect, test } from 'vitest'
import { knownAnswers } from '../race/known-answers.ts'
import { createRaceModel } from '../race/model.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { CpuBackend } from './cpu-backend.ts'
import type { FoundAttempt, RaceBatch, RaceTrace } from './race-engine.ts'
import { checkKnownAnswers } from './race-gate.ts'

const model = createRaceModel(RACE_SHAPES.dev, knownAnswers('dev').epochSeed)

/** A device whose attention kernel is off by one bit in layer 1, as a driver bug would be. */
class BrokenBackend extends CpuBackend {
  override async run(batch: RaceBatch): Promise<readonly FoundAttempt[]> {
    const found = await super.run(batch)
    return found.map((attempt) => ({ ...attempt, digest: attempt.digest.map((byte) => byte ^ 1) }))
  }

  override async trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace> {
    const trace = await super.trace(host, nonce)
    for (const { stage, bytes } of trace.stages) {
      if (stage.name === 'layer1.attention') {
        bytes[40] = (bytes[40] as number) ^ 1
      }
    }
    return trace
  }
}

describe('the gate before a race', () => {
  test('lets the oracle pass with a digest that is the same on every machine', async () => {
    const backend = new CpuBackend(model)
    await backend.start()
    const first = await checkKnownAnswers(backend, 'dev')
    expect(first.conformant).toBe(true)
    expect(first.firstDifference).toBeUndefined()
    expect(await checkKnownAnswers(backend, 'dev')).toEqual(first)
  })

  test('names the known answer and the first stage that differs', async () => {
    const backend = new BrokenBackend(model)
    await backend.start()
    const verdict = await checkKnownAnswers(backend, 'dev')
    expect(verdict.conformant).toBe(false)
    expect(verdict.firstDifference).toMatch(/^dev known answer 0: stage layer1\.attention, byte 40: /)
  })
})
