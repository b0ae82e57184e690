import { describe, expect, it } from 'vitest'
import type { Slot } from '../earnings-sums.ts'
import { NO_SOURCES } from '../earnings-sums.ts'
import { chartScale, labelledSlots, roundUp } from './chart-scale.ts'

function slot(races: bigint, taken = 0n): Slot {
  const sums = { ...NO_SOURCES, races, taken }
  return { key: 1, startMs: 0, endMs: 1, epoch: 1, isRunning: false, isPartial: false, sums }
}

describe('the scale of the chart', () => {
  it('goes in round numbers', () => {
    expect([0, 1, 1.2, 2.1, 47, 61, 99, 100, 101, 1_234_567].map(roundUp)).toEqual([
      0, 1, 1.5, 2.5, 50, 80, 100, 100, 150, 1_500_000,
    ])
  })

  it('holds every bar between its ends', () => {
    const slots = [slot(47_000_000n, 2_000_000n), slot(0n), slot(31n, 5_000_000n)]
    const { ticks, at } = chartScale(slots)
    expect(ticks).toEqual([50_000_000, 25_000_000, 0])
    expect(at(50_000_000)).toBe(0)
    expect(at(-5_000_000)).toBe(1)
    for (const { sums } of slots) {
      expect(at(Number(sums.races))).toBeGreaterThanOrEqual(0)
      expect(at(-Number(sums.taken))).toBeLessThanOrEqual(1)
    }
  })

  it('is one of nothing where there is nothing', () => {
    expect(chartScale([]).at(0)).toBe(1)
    expect(chartScale([slot(0n, 3n)]).at(0)).toBe(0)
  })

  it('labels the newest bar, and others evenly', () => {
    expect(labelledSlots(3, 7)).toEqual([0, 1, 2])
    expect(labelledSlots(30, 7)).toEqual([4, 9, 14, 19, 24, 29])
    expect(labelledSlots(0, 7)).toEqual([])
  })
})
