import { describe, expect, test } from 'vitest'
import { CodedError } from '../../lib/coded-error.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import type { TuningTrial } from './autotune.ts'
import { chooseTuning } from './autotune.ts'
import type { RaceTuning } from './race-tuning.ts'
import { tuningsFor } from './race-tuning.ts'

const GPU = {
  isSoftware: false,
  hasSubgroups: true,
  hasDot4: true,
  workgroupStorageBytes: 32_768,
  workgroupInvocations: 1024,
}
const CANDIDATES = tuningsFor(GPU, RACE_SHAPES.std)

interface Device {
  readonly rates: ReadonlyMap<RaceTuning, number>
  readonly openMs: number
  /** What the first opening of a candidate does instead. */
  readonly faults?: ReadonlyMap<RaceTuning, 'wrong bytes' | 'does not compile' | 'device_lost'>
}

/** A device in a time of its own: opening and measuring take what they say. */
function setUp({ rates, openMs, faults }: Device, budgetMs: number) {
  let nowMs = 0
  const measured: [RaceTuning, number][] = []
  let openTrials = 0
  const clock = { nowMs: () => nowMs, sleep: async () => undefined }
  const open = async (tuning: RaceTuning): Promise<TuningTrial> => {
    nowMs += openMs
    const fault = faults?.get(tuning)
    if (fault === 'does not compile' || fault === 'device_lost') {
      throw new CodedError(fault === 'device_lost' ? fault : 'gpu_error', fault)
    }
    openTrials++
    return {
      isConformant: async () => fault !== 'wrong bytes',
      measure: async (forMs) => {
        nowMs += forMs
        measured.push([tuning, forMs])
        return rates.get(tuning) ?? 0
      },
      end: async () => void openTrials--,
    }
  }
  const signal = new AbortController()
  const choice = chooseTuning(CANDIDATES, open, { clock, budgetMs, signal: signal.signal })
  return { choice, measured, spentMs: () => nowMs, openTrials: () => openTrials }
}

/** Candidate i has rate i + 1, so that the last one is the fastest. */
const RISING = new Map(CANDIDATES.map((tuning, index) => [tuning, index + 1]))

describe('the choice of a tuning', () => {
  test('is the fastest of all where there is time, and every trial is ended', async () => {
    const { choice, measured, openTrials } = setUp({ rates: RISING, openMs: 20 }, 60_000)
    expect((await choice).tuning).toBe(CANDIDATES.at(-1))
    expect((await choice).refused).toEqual([])
    expect(openTrials()).toBe(0)
    expect(new Set(measured.map(([tuning]) => tuning)).size).toBe(CANDIDATES.length)
    expect(measured.filter(([, forMs]) => forMs === 120).length).toBe(Math.ceil(CANDIDATES.length / 2))
  })

  test('keeps to its budget: no trial begins behind it, and the first candidate always gets one', async () => {
    const tight = setUp({ rates: RISING, openMs: 1_000 }, 2_000)
    expect((await tight.choice).tuning).toBe(CANDIDATES[1])
    expect(tight.spentMs()).toBeLessThan(2_000 + 1_060 + 1)
    const none = setUp({ rates: RISING, openMs: 1_000 }, 0)
    expect((await none.choice).tuning).toBe(CANDIDATES[0])
    expect(none.measured).toHaveLength(1)
  })

  test('is never one that gives other bytes or does not run', async () => {
    const [first, second] = CANDIDATES
    const last = CANDIDATES.at(-1) as RaceTuning
    const faults = new Map([
      [last, 'wrong bytes' as const],
      [second as RaceTuning, 'does not compile' as const],
    ])
    const { choice } = setUp({ rates: RISING, openMs: 5, faults }, 60_000)
    expect((await choice).tuning).toBe(CANDIDATES.at(-2))
    expect((await choice).refused).toEqual([second, last])
    const all = new Map(CANDIDATES.map((tuning) => [tuning, 'wrong bytes' as const]))
    const broken = await setUp({ rates: RISING, openMs: 5, faults: all }, 60_000).choice
    // The gate will refuse it and say which stage differs.
    expect(broken).toMatchObject({ tuning: first, attemptsPerSecond: undefined })
    expect(broken.refused).toHaveLength(CANDIDATES.length)
  })

  test('ends with the device, and with the signal', async () => {
    const faults = new Map([[CANDIDATES[1] as RaceTuning, 'device_lost' as const]])
    await expect(setUp({ rates: RISING, openMs: 5, faults }, 60_000).choice).rejects.toMatchObject({
      code: 'device_lost',
    })
    const clock = { nowMs: () => 0, sleep: async () => undefined }
    const neverOpened = (): Promise<TuningTrial> => Promise.reject(new CodedError('gpu_error', 'not to be opened'))
    const aborted = chooseTuning(CANDIDATES, neverOpened, { clock, budgetMs: 1_000, signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })
})
