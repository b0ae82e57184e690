import { describe, expect, it } from 'vitest'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { P2P_LIMITS } from './limits.ts'
import { keepConnected } from './redial.ts'

/** Runs `looks` rounds of the loop and returns the pauses that it asked for. */
async function pausesOf(
  looks: number,
  dial: (round: number) => boolean,
  isConnected: (round: number) => boolean,
): Promise<number[]> {
  const pauses: number[] = []
  const abort = new AbortController()
  const clock = {
    sleep: async (delayMs: number) => {
      pauses.push(delayMs)
      if (pauses.length === looks) {
        abort.abort()
      }
    },
  }
  const target = {
    address: '/memory/target',
    isConnected: () => isConnected(pauses.length),
    dial: async () => {
      if (!dial(pauses.length)) {
        throw new Error('refused')
      }
    },
  }
  await keepConnected(target, { clock, logger: SILENT_LOGGER }, abort.signal)
  return pauses
}

describe('keepConnected', () => {
  it('waits longer after each failure, up to the bound', async () => {
    const pauses = await pausesOf(
      8,
      () => false,
      () => false,
    )
    expect(pauses.slice(0, 3)).toEqual([2_000, 4_000, 8_000])
    expect(pauses.at(-1)).toBe(P2P_LIMITS.redialMaxMs)
  })

  it('starts over after a success', async () => {
    const pauses = await pausesOf(
      4,
      (round) => round === 2,
      (round) => round === 3,
    )
    expect(pauses).toEqual([2_000, 4_000, 1_000, 1_000])
  })

  it('ends when the sleep is aborted', async () => {
    const abort = new AbortController()
    const clock = { sleep: () => Promise.reject(new Error('aborted')) }
    const target = { address: '/memory/x', isConnected: () => true, dial: () => Promise.resolve() }
    await expect(keepConnected(target, { clock, logger: SILENT_LOGGER }, abort.signal)).resolves.toBeUndefined()
  })
})
