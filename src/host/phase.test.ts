import { describe, expect, it } from 'vitest'
import { epochHeights, LOCAL_PARAMS } from '../protocol/params.ts'
import type { ChainSnapshot } from './chain-snapshot.ts'
import { epochViewOf, phaseOf } from './phase.ts'
import type { HostRecord } from './ports.ts'

const heights = epochHeights(LOCAL_PARAMS, 2)

function at(height: number, record: Partial<HostRecord> = { raceEpoch: 2n, finds: 30n }): ChainSnapshot {
  return {
    height,
    arrivedAtMs: 1,
    params: LOCAL_PARAMS,
    epoch: 2,
    heights,
    stage: 'serve',
    seed: undefined,
    targets: {},
    record: record as HostRecord,
    balance: 0n,
  }
}

describe('phaseOf', () => {
  it('follows the membership first', () => {
    const snapshot = at(heights.settleHeight)
    expect(phaseOf('out', false, snapshot)).toBe('idle')
    expect(phaseOf('checking_device', false, undefined)).toBe('checking_device')
    expect(phaseOf('joining', false, undefined)).toBe('joining')
    expect(phaseOf('leaving', true, snapshot)).toBe('leaving')
    expect(phaseOf('fault', false, snapshot)).toBe('stopped_by_fault')
  })

  it('then the race of the epoch', () => {
    expect(phaseOf('in', true, at(heights.startHeight))).toBe('racing')
    expect(phaseOf('in', false, undefined)).toBe('waiting_for_race')
    expect(phaseOf('in', false, at(heights.raceEndHeight))).toBe('being_verified')
    expect(phaseOf('in', false, at(heights.settleHeight - 1))).toBe('being_verified')
    expect(phaseOf('in', false, at(heights.settleHeight))).toBe('settled')
    expect(phaseOf('in', false, at(heights.settleHeight, { raceEpoch: 1n, finds: 30n }))).toBe('waiting_for_race')
    expect(phaseOf('in', false, at(heights.settleHeight, { raceEpoch: 2n, finds: 0n }))).toBe('waiting_for_race')
  })
})

describe('epochViewOf', () => {
  it('counts the blocks to the next race: none while one takes commits', () => {
    const blocks = (height: number) => epochViewOf(at(height)).blocksToNextRace
    // The snapshot after the close already speaks of the next epoch: its race begins with the next block.
    expect(blocks(heights.startHeight - 1)).toBe(1)
    expect(blocks(heights.startHeight)).toBe(0)
    expect(blocks(heights.raceEndHeight - 1)).toBe(0)
    expect(blocks(heights.raceEndHeight)).toBe(LOCAL_PARAMS.epochLength - LOCAL_PARAMS.raceLength)
    expect(blocks(heights.closeHeight - 1)).toBe(2)
  })
})
