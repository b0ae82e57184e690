import { describe, expect, it } from 'vitest'
import { dieAndGoOn, stepsOfLife } from '../../../test/support/work/dying-gateway.ts'

describe('a gateway that dies at any step of its work and starts again', () => {
  it('contradicts nothing that it signed', async () => {
    const steps = await stepsOfLife()
    expect(steps.length).toBeGreaterThan(20)
    for (let step = 1; step <= steps.length; step++) {
      for (const when of ['before', 'after'] as const) {
        const world = await dieAndGoOn({ step, when })
        expect(world.executors.some((executor) => executor.vouchers().length > 0)).toBe(true)
      }
    }
  })
})
