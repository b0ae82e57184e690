/** Death at every step of what a host does to the world, before and after the step had its effect. */
import { expect, it } from 'vitest'
import { tellCrashStory } from '../../../test/support/work/crash-scene.ts'

it('money and receipts agree wherever the host dies', { timeout: 600_000 }, async () => {
  const { steps } = await tellCrashStory(undefined)
  const wrong: string[] = []
  for (let step = 1; step <= steps.length; step++) {
    for (const when of ['before', 'after'] as const) {
      const { faults, hasDied } = await tellCrashStory({ step, when })
      wrong.push(...(hasDied ? [] : [`did not die ${when} step ${step}, ${steps[step - 1]}`]))
      wrong.push(...faults.map((fault) => `dies ${when} step ${step}, ${steps[step - 1]}: ${fault}`))
    }
  }
  expect(wrong).toEqual([])
})
