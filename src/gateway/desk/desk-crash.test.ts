import { describe, expect, it } from 'vitest'
import { dieAndGoOn, stepsOfLife } from '../../../test/support/work/dying-gateway.ts'

/** Each of the first steps, then now and then one; all of them in desk-crash.slow.test.ts. */
const FIRST_STEPS = 4
const STRIDE = 7

describe('a gateway that dies at a step of its work and starts again', () => {
  it('contradicts nothing that it signed', async () => {
    const steps = await stepsOfLife()
    expect(new Set(steps)).toEqual(
      new Set(['putOrder', 'nameCandidate', 'startStreaming', 'countersign', 'send', 'prune']),
    )
    for (let step = 1; step <= steps.length; step += step < FIRST_STEPS ? 1 : STRIDE) {
      for (const when of ['before', 'after'] as const) {
        const world = await dieAndGoOn({ step, when })
        expect(world.executors.some((executor) => executor.vouchers().length > 0)).toBe(true)
      }
    }
  })
})
