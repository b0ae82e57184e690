import { expect, test } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

test('sleepers wake in the order of their moments, and each sees its own time', async () => {
  const clock = new VirtualClock(1_000)
  const woken: string[] = []
  for (const [name, delayMs] of [
    ['c', 30],
    ['a', 10],
    ['b', 20],
    ['a2', 10],
  ] as const) {
    void clock.sleep(delayMs).then(() => woken.push(`${name}@${clock.nowMs()}`))
  }
  expect(clock.pending).toBe(4)
  expect(clock.nextDueMs).toBe(1_010)
  await clock.advance(25)
  expect(woken).toEqual(['a@1010', 'a2@1010', 'b@1020'])
  expect(clock.nowMs()).toBe(1_025)
  expect(clock.pending).toBe(1)
  await clock.advance(4)
  expect(clock.pending).toBe(1)
  await clock.advance(1)
  expect(woken.at(-1)).toBe('c@1030')
  expect(clock.nextDueMs).toBeUndefined()
})

test('a loop that sleeps again is woken again within one advance', async () => {
  const clock = new VirtualClock(0)
  const ticks: number[] = []
  const loop = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(100)
      // Several awaits between two sleeps: advance lets all of them pass.
      await Promise.resolve()
      await Promise.resolve()
      ticks.push(clock.nowMs())
    }
  }
  void loop()
  await clock.advance(350)
  expect(ticks).toEqual([100, 200, 300])
  await clock.advance(50)
  expect(ticks).toEqual([100, 200, 300, 400])
})

test('a sleep that is not over stays pending; zero and negative delays wake at the next advance', async () => {
  const clock = new VirtualClock(0)
  const woken: number[] = []
  void clock.sleep(0).then(() => woken.push(0))
  void clock.sleep(-5).then(() => woken.push(-5))
  expect(woken).toEqual([])
  await clock.advance(0)
  expect(woken).toEqual([0, -5])
})

test('an abort rejects with the reason of the signal and leaves no sleeper', async () => {
  const clock = new VirtualClock(0)
  const controller = new AbortController()
  const reason = new RangeError('enough')
  const sleeping = clock.sleep(1_000, controller.signal)
  controller.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
  expect(clock.pending).toBe(0)
  await expect(clock.sleep(1, controller.signal)).rejects.toBe(reason)
  expect(clock.pending).toBe(0)
})

test('a signal that outlives the sleep does nothing afterwards', async () => {
  const clock = new VirtualClock(0)
  const controller = new AbortController()
  const sleeping = clock.sleep(10, controller.signal)
  await clock.advance(10)
  controller.abort()
  await expect(sleeping).resolves.toBeUndefined()
})
