import { describe, expect, it } from 'vitest'
import { idleSnapshot, SAMPLE_NOW_MS } from '../../../test/support/screen/sample-snapshot.ts'
import type { EpochClock } from '../../ipc/snapshot.ts'
import { epochFraction, formatDuration, formatSpan, msUntilHeight } from './time.ts'

const EPOCH = { ...(idleSnapshot().epoch as EpochClock), height: 150, lastBlockAtMs: SAMPLE_NOW_MS }

describe('durations', () => {
  it('count down in whole seconds, the last one to its end', () => {
    expect([0, 1, 1_000, 1_001, 23_000, 61_000, 3_661_000].map(formatDuration)).toEqual([
      '0:00',
      '0:01',
      '0:01',
      '0:02',
      '0:23',
      '1:01',
      '1:01:01',
    ])
    expect(formatDuration(-5)).toBe('0:00')
    expect([840, 3_210, 125_000].map(formatSpan)).toEqual(['840 ms', '3.2 s', '2 min 5 s'])
  })
})

describe('the time until a block', () => {
  it('runs from the arrival of the last one', () => {
    expect(msUntilHeight(EPOCH, 160, SAMPLE_NOW_MS)).toBe(10_000)
    expect(msUntilHeight(EPOCH, 160, SAMPLE_NOW_MS + 400)).toBe(9_600)
    expect(msUntilHeight(EPOCH, 140, SAMPLE_NOW_MS)).toBe(0)
  })

  it('waits where a block is late, and does not run backwards where the clocks differ', () => {
    expect(msUntilHeight(EPOCH, 160, SAMPLE_NOW_MS + 60_000)).toBe(9_000)
    expect(msUntilHeight(EPOCH, 160, SAMPLE_NOW_MS - 60_000)).toBe(10_000)
  })

  it('says how far the epoch is', () => {
    expect(epochFraction({ ...EPOCH, height: 119 }, SAMPLE_NOW_MS)).toBeCloseTo(0, 1)
    expect(epochFraction({ ...EPOCH, height: 139 }, SAMPLE_NOW_MS)).toBeCloseTo(0.475)
    expect(epochFraction({ ...EPOCH, height: 400 }, SAMPLE_NOW_MS)).toBe(1)
  })
})
