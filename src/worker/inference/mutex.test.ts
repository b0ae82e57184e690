import { describe, expect, test } from 'vitest'
import { JobGate, Mutex } from './mutex.ts'

const never = new AbortController().signal

describe('the mutex', () => {
  test('runs one at a time, in the order of the calls, also behind a failure', async () => {
    const mutex = new Mutex()
    const log: string[] = []
    const first = Promise.withResolvers<void>()
    const jobs = [
      mutex.run(async () => {
        log.push('1 begins')
        await first.promise
        log.push('1 ends')
        throw new Error('1 fails')
      }),
      mutex.run(async () => log.push('2')),
      mutex.run(async () => log.push('3')),
    ]
    await Promise.resolve()
    first.resolve()
    expect((await Promise.allSettled(jobs)).map((job) => job.status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(log).toEqual(['1 begins', '1 ends', '2', '3'])
  })
})

describe('the job gate', () => {
  test('refuses what does not fit and hands places on in order', async () => {
    const gate = new JobGate({ maxActive: 2, maxWaiting: 2 })
    const ends: PromiseWithResolvers<void>[] = []
    const started: number[] = []
    const jobs = Array.from({ length: 5 }, (_, index) =>
      gate.run(async () => {
        started.push(index)
        const end = Promise.withResolvers<void>()
        ends.push(end)
        await end.promise
      }, never),
    )
    await expect(jobs[4]).rejects.toMatchObject({ code: 'worker_busy' })
    expect(started).toEqual([0, 1])
    ends[1]?.resolve()
    await jobs[1]
    await Promise.resolve()
    expect(started).toEqual([0, 1, 2])
    for (const job of [0, 2, 3]) {
      ends[started.indexOf(job)]?.resolve()
      await jobs[job]
    }
    expect(started).toEqual([0, 1, 2, 3])
    await gate.run(async () => started.push(9), never)
    expect(started.at(-1)).toBe(9)
  })

  test('a wait that is aborted leaves the queue; its place goes to the next', async () => {
    const gate = new JobGate({ maxActive: 1, maxWaiting: 1 })
    const end = Promise.withResolvers<void>()
    const running = gate.run(() => end.promise, never)
    const abort = new AbortController()
    const waiting = gate.run(async () => 'no', abort.signal)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    const next = gate.run(async () => 'yes', never)
    end.resolve()
    await running
    expect(await next).toBe('yes')
  })

  test('a job that fails gives its place back', async () => {
    const gate = new JobGate({ maxActive: 1, maxWaiting: 0 })
    await expect(gate.run(() => Promise.reject(new Error('broken')), never)).rejects.toThrow('broken')
    expect(await gate.run(async () => 1, never)).toBe(1)
  })
})
