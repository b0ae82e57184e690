/** Death at every step of what a host does to the world; every eighth of them here, all of them in crash.slow.test.ts. */
import { expect, it } from 'vitest'
import { tellCrashStory } from '../../../test/support/work/crash-scene.ts'

const EVERY = 8

it('money and receipts agree where the host dies at any of some steps', { timeout: 120_000 }, async () => {
  const whole = await tellCrashStory(undefined)
  expect(whole.faults).toEqual([])
  expect(whole.steps.length).toBeGreaterThan(40)
  for (let step = 1; step <= whole.steps.length; step += EVERY) {
    const when = step % 2 === 0 ? 'before' : 'after'
    const story = await tellCrashStory({ step, when })
    expect(story.hasDied).toBe(true)
    expect(story.faults, `dies ${when} step ${step}, ${whole.steps[step - 1]}`).toEqual([])
  }
})
