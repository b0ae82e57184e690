/** Lives of a lane in which gateway and executor are killed at random steps (test/support/lanes/lane-simulation.ts). */
import { describe, expect, it } from 'vitest'
import type { LaneSetup } from '../../../../test/support/lanes/lane-simulation.ts'
import { liveLane } from '../../../../test/support/lanes/lane-simulation.ts'

const LIVES = 1_000
const FIRST_SEED = Number(process.env.TAILRACE_LANE_SEED ?? '1')

/** What is wrong at the end of a life; empty where every answer stands in one batch and the money adds up. */
function faultsOf(setup: LaneSetup): string[] {
  const { delivered, batched, accepted, owed, paid, refused } = liveLane(setup)
  const once = new Set(batched)
  const lost = delivered.filter(({ name }) => !once.has(name)).map(({ sequence }) => `order ${sequence} is in no batch`)
  return [
    ...lost,
    ...(once.size === batched.length ? [] : ['a receipt is in two batches']),
    ...(accepted === paid ? [] : [`the chain took ${accepted}, the receipts cost ${paid}`]),
    ...(owed === accepted ? [] : [`the gateway owes ${owed}, the chain took ${accepted}`]),
    ...refused.map((code) => `the chain refused: ${code}`),
  ]
}

function faultyLives(setup: Omit<LaneSetup, 'seed'>, lives: number): string[] {
  const seeds = Array.from({ length: lives }, (_, index) => FIRST_SEED + index)
  return seeds.flatMap((seed) => {
    const faults = faultsOf({ ...setup, seed })
    return faults.length === 0 ? [] : [`seed ${seed}: ${faults.join(', ')}`]
  })
}

describe('a lane whose gateway and executor are killed', () => {
  it.each([
    ['for a moment', 6],
    ['for as long as half an order lives', 30],
  ])('brings every answer to the chain once, where they are away %s', (_words, awayBlocks) => {
    expect(faultyLives({ awayBlocks }, LIVES)).toEqual([])
  })

  it('would lose answers if gaps were filled without asking', () => {
    const faults = faultyLives({ awayBlocks: 30, isAnswered: () => true }, 100)
    expect(faults.join()).toMatch(/is in no batch/)
  })

  it('is really killed, orders are lost by it, and receipts go without vouchers', () => {
    const lives = Array.from({ length: 20 }, (_, index) => liveLane({ seed: FIRST_SEED + index, awayBlocks: 30 }))
    for (const what of ['kills', 'loose', 'givenUp'] as const) {
      expect(lives.filter((life) => life[what] > 0).length, what).toBeGreaterThan(10)
    }
  })
})
