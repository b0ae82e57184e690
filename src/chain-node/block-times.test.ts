import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstDueMs, headerTimeMs, nextDueMs } from './block-times.ts'

const at = (dueMs: number, beganMs: number, endedMs = beganMs) => ({ dueMs, beganMs, endedMs })

test('an engine in time keeps the grid', () => {
  expect(nextDueMs(at(1_000, 1_000), 500)).toBe(1_500)
  expect(nextDueMs(at(1_000, 1_100), 500)).toBe(1_500)
})

test('a small delay is caught up on the grid, never closer than half an interval', () => {
  expect(nextDueMs(at(1_000, 1_400), 500)).toBe(1_650)
  expect(nextDueMs(at(1_000, 1_500), 500)).toBe(1_750)
})

test('a block that takes long still leaves time to the readers', () => {
  expect(nextDueMs(at(1_000, 1_000, 1_490), 500)).toBe(1_553)
  expect(nextDueMs(at(1_000, 1_000, 9_000), 500)).toBe(9_063)
})

test('who is late by more than an interval starts a new grid: no burst', () => {
  expect(nextDueMs(at(1_000, 61_000), 500)).toBe(61_500)
  // And so does a clock that was set back.
  expect(nextDueMs(at(61_000, 1_000), 500)).toBe(1_500)
})

test('whatever the delays, blocks never begin closer than half an interval and never run ahead of the grid', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 50 }), (delays) => {
      const intervalMs = 1_000
      let dueMs = 0
      let lastMs = Number.NEGATIVE_INFINITY
      delays.forEach((delayMs, index) => {
        const beganMs = dueMs + delayMs
        expect(beganMs - lastMs).toBeGreaterThanOrEqual(intervalMs / 2)
        expect(beganMs).toBeGreaterThanOrEqual(index * intervalMs)
        dueMs = nextDueMs(at(dueMs, beganMs), intervalMs)
        lastMs = beganMs
      })
    }),
  )
})

test('the first block after a start', () => {
  expect(firstDueMs(5_000, { height: 0, timeMs: 1_000 }, 500)).toBe(5_000)
  expect(firstDueMs(5_000, { height: 0, timeMs: 9_000 }, 500)).toBe(9_000)
  expect(firstDueMs(5_000, { height: 7, timeMs: 4_800 }, 500)).toBe(5_300)
  expect(firstDueMs(5_000, { height: 7, timeMs: 1_000 }, 500)).toBe(5_000)
  // The clock was set back by a day: one interval, not a day.
  expect(firstDueMs(5_000, { height: 7, timeMs: 86_400_000 }, 500)).toBe(5_500)
})

test('header times rise even where the clock does not', () => {
  expect(headerTimeMs(1_000, 900)).toBe(1_000)
  expect(headerTimeMs(900, 1_000)).toBe(1_001)
})
