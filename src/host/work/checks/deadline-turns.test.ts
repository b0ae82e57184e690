import { describe, expect, test } from 'vitest'
import { DeadlineTurns } from './deadline-turns.ts'

const NEVER = new AbortController().signal

function job() {
  const done = Promise.withResolvers<void>()
  return { done: done.resolve, action: () => done.promise }
}

describe('turns by deadline', () => {
  test('as many as allowed run, the nearest deadline of those that wait next', async () => {
    const turns = new DeadlineTurns(2, 8)
    const began: number[] = []
    const jobs = [50, 40, 30, 10, 20].map((deadline) => ({ deadline, ...job() }))
    const all = jobs.map(({ deadline, action }) =>
      turns.run(
        deadline,
        () => {
          began.push(deadline)
          return action()
        },
        NEVER,
      ),
    )
    await Promise.resolve()
    expect(began).toEqual([50, 40])
    jobs[1]?.done()
    await all[1]
    await Promise.resolve()
    expect(began).toEqual([50, 40, 10])
    for (const { done } of jobs) {
      done()
    }
    await Promise.all(all)
    expect(began).toEqual([50, 40, 10, 20, 30])
  })

  test('a failed action and one that is given up while it waits leave their place', async () => {
    const turns = new DeadlineTurns(1, 8)
    const stop = new AbortController()
    const first = job()
    const running = turns.run(1, first.action, NEVER)
    const waiting = turns.run(2, async () => 'never', stop.signal)
    stop.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    first.done()
    await running
    await expect(turns.run(3, () => Promise.reject(new Error('failed')), NEVER)).rejects.toThrow('failed')
    await expect(turns.run(4, async () => 'next', NEVER)).resolves.toBe('next')
    await expect(turns.run(5, async () => 'late', stop.signal)).rejects.toThrow('gone')
  })

  test('how many wait is bounded', async () => {
    const turns = new DeadlineTurns(1, 1)
    const first = job()
    const running = turns.run(1, first.action, NEVER)
    const waiting = turns.run(2, async () => 'second', NEVER)
    await expect(turns.run(3, async () => 'third', NEVER)).rejects.toMatchObject({ code: 'too_many_waiting' })
    first.done()
    await running
    await expect(waiting).resolves.toBe('second')
  })
})
