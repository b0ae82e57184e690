import { expect, test } from 'vitest'
import { waitFor } from './wait-for.ts'

test('it returns the first answer', async () => {
  const answers = [undefined, false, 'here', 'later'] as const
  let asked = 0
  const answer = await waitFor('an answer', () => answers[asked++], { everyMs: 1 })
  expect(answer).toBe('here')
  expect(asked).toBe(3)
})

test('zero and the empty string are answers', async () => {
  expect(await waitFor('zero', () => 0)).toBe(0)
  expect(await waitFor('nothing', async () => '')).toBe('')
})

test('a probe that throws is asked again', async () => {
  let asked = 0
  const probe = (): string => {
    asked += 1
    if (asked < 3) {
      throw new Error('connection refused')
    }
    return 'up'
  }
  expect(await waitFor('the server', probe, { everyMs: 1 })).toBe('up')
})

test('after the deadline it fails with what was waited for and the last error', async () => {
  const cause = new Error('connection refused')
  const failing = waitFor('the server', () => Promise.reject(cause), { deadlineMs: 5, everyMs: 1 })
  await expect(failing).rejects.toMatchObject({
    code: 'timed_out',
    message: expect.stringContaining('the server'),
    cause,
  })
})

test('a signal ends the wait with its reason', async () => {
  const controller = new AbortController()
  const reason = new Error('the process died')
  const probe = (): undefined => {
    controller.abort(reason)
  }
  await expect(waitFor('never', probe, { everyMs: 1, signal: controller.signal })).rejects.toBe(reason)
})
