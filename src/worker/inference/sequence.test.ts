import { describe, expect, test } from 'vitest'
import type { KeyValueCache, ModelSession } from './model-session.ts'
import type { StepLayout } from './sequence.ts'
import { Sequence } from './sequence.ts'

const never = new AbortController().signal

interface Steps {
  readonly sequence: Sequence
  /** [first position, tokens] of each step. */
  readonly steps: [number, readonly number[]][]
  /** Caches that were made and not disposed of. */
  readonly live: Set<KeyValueCache>
}

/** A session whose only logit is 1,000 × position + token. */
function sequenceOf(layout: StepLayout): Steps {
  const steps: [number, readonly number[]][] = []
  const live = new Set<KeyValueCache>()
  const shape = { id: 'm', contextTokens: 999, vocabularySize: 1, layers: 1, keyValueHeads: 1, headSize: 1 }
  const session: ModelSession = {
    shape,
    async step(tokens, past) {
      const before = past?.tokens ?? 0
      steps.push([before, tokens])
      const cache = { tokens: before + tokens.length, tensors: [] }
      live.add(cache)
      return { logits: Float32Array.from(tokens, (token, index) => 1_000 * (before + index) + token), cache }
    },
    dispose: (cache) => expect(live.delete(cache)).toBe(true),
    close: async () => undefined,
  }
  const sessions = { current: async () => session, replace: async () => session }
  return { sequence: new Sequence(sessions, layout), steps, live }
}

async function feed({ sequence }: Steps, tokens: readonly number[], rows: number): Promise<number[]> {
  const seen: number[] = []
  await sequence.feed(tokens, rows, (logits) => seen.push(...logits), never)
  return seen
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index + 1)
}

describe('the steps of a sequence', () => {
  test('free: what there is, at most 31 at a time', async () => {
    const run = sequenceOf('free')
    expect(await feed(run, range(70), 1)).toEqual([69_070])
    expect(await feed(run, [5], 1)).toEqual([70_005])
    expect(await feed(run, [6, 7], 2)).toEqual([71_006, 72_007])
    expect(run.steps.map(([from, tokens]) => [from, tokens.length])).toEqual([
      [0, 31],
      [31, 31],
      [62, 8],
      [70, 1],
      [71, 2],
    ])
  })

  test('aligned: from a multiple of four to a multiple of four, whatever is fed', async () => {
    const run = sequenceOf('aligned')
    expect(await feed(run, range(70), 70)).toEqual(range(70).map((token, position) => 1_000 * position + token))
    expect(await feed(run, [5], 1)).toEqual([70_005])
    expect(await feed(run, [6], 1)).toEqual([71_006])
    expect(await feed(run, [7], 1)).toEqual([72_007])
    expect(run.steps.map(([from, tokens]) => [from, tokens.length])).toEqual([
      [0, 28],
      [28, 28],
      [56, 12],
      [68, 4],
      [68, 4],
      [68, 4],
      [72, 4],
    ])
    expect(run.steps.at(3)?.[1]).toEqual([69, 70, 0, 0])
    expect(run.steps.at(-2)?.[1]).toEqual([69, 70, 5, 6])
  })

  test.each(['free', 'aligned'] as const)(
    '%s: one cache at a time is kept, and none after the close',
    async (layout) => {
      const run = sequenceOf(layout)
      for (const length of [3, 4, 1, 1, 40, 2]) {
        await feed(run, range(length), 1)
        expect(run.live.size).toBeLessThanOrEqual(1)
      }
      run.sequence.close()
      run.sequence.close()
      expect(run.live.size).toBe(0)
    },
  )

  test('an abort is heard between two steps', async () => {
    const run = sequenceOf('free')
    const stop = new AbortController()
    const feeding = run.sequence.feed(range(90), 90, () => stop.abort(), stop.signal)
    await expect(feeding).rejects.toMatchObject({ code: 'aborted' })
    expect(run.steps).toHaveLength(1)
  })
})
