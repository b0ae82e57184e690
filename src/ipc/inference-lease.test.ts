import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/screen/settle.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { errorCode } from '../lib/coded-error.ts'
import type { GeneratedTokens, GenerateJob, InferencePort, ScoreResult } from '../protocol/inference.ts'
import { SCORE_BYTES } from '../protocol/inference.ts'
import { ComputeRelay } from './compute-relay.ts'
import { serveLease } from './compute-serve.ts'
import { TAB_LIMITS } from './wires/inference-wire.ts'

const JOB: GenerateJob = {
  model: 'whale',
  prompt: [1, 2, 3],
  maxTokens: 200,
  sampling: {
    temperature: 65_536,
    topK: 0,
    topP: 65_536,
    frequencyPenalty: -5,
    presencePenalty: 0,
    logitBias: [{ token: 4, bias: -9 }],
  },
  samplingSeed: new Uint8Array(32).fill(3),
  choice: 1,
  stop: ['.'],
}
const SCORED: ScoreResult = {
  numericClass: 'fp32-wasm',
  scores: new Uint8Array(2 * SCORE_BYTES).fill(8),
  margins: Int32Array.of(0, 77),
  ending: 'stop_text',
}
const NEVER = new AbortController().signal
const unused = () => Promise.reject(new Error('no race here'))

function chunkOf(count: number, first = 0): GeneratedTokens {
  return {
    tokens: Array.from({ length: count }, (_, index) => first + index),
    scores: new Uint8Array(count * SCORE_BYTES).map((_, index) => (first + index) & 255),
  }
}

/** Relay and tab in one process, the tab serving by `inference`. */
async function connect(inference: Partial<InferencePort>) {
  const clock = new VirtualClock()
  const relay = new ComputeRelay({ clock, rng: { bytes: (length) => new Uint8Array(length).fill(1) } })
  const stop = new AbortController()
  const ended = serveLease(
    {
      channel: {
        lease: async (input, options) => relay.lease(input, options.signal),
        reply: async (input) => ({ outcome: await relay.reply(input) }),
      },
      compute: { probe: unused, race: unused, check: unused, findOne: unused },
      inference: { load: unused, generate: unused, score: unused, ...inference },
      clock,
      onGranted: () => undefined,
    },
    { clientId: 'a'.repeat(32), force: false, workingIntervalMs: 10_000 },
    stop.signal,
  )
  await settle()
  return { relay, stop, ended }
}

describe('serving a model in the tab', () => {
  it('carries a job and its tokens unchanged, in pieces', async () => {
    const seen: GenerateJob[] = []
    const { relay } = await connect({
      async generate(job, listener) {
        seen.push(job)
        await listener.onTokens(chunkOf(130))
        await listener.onTokens(chunkOf(1, 130))
        return { finish: 'stop', outputTokens: 131 }
      },
    })
    const tokens: number[] = []
    const scores: number[] = []
    const listener = {
      onTokens: (chunk: GeneratedTokens) => {
        expect(chunk.tokens.length).toBeLessThanOrEqual(TAB_LIMITS.chunkTokens)
        tokens.push(...chunk.tokens)
        scores.push(...chunk.scores)
      },
    }
    expect(await relay.generate(JOB, listener, NEVER)).toEqual({ finish: 'stop', outputTokens: 131 })
    expect(seen).toEqual([JOB])
    expect(tokens).toEqual([...chunkOf(131).tokens])
    expect(scores).toEqual([...chunkOf(130).scores, ...chunkOf(1, 130).scores])
  })

  it('makes no token while the reader has not taken the last one', async () => {
    let made = 0
    const { relay } = await connect({
      async generate(_job, listener) {
        for (; made < 5; made++) {
          await listener.onTokens(chunkOf(1, made))
        }
        return { finish: 'length', outputTokens: 5 }
      },
    })
    const gates: (() => void)[] = []
    const done = relay.generate(JOB, { onTokens: () => new Promise<void>((resolve) => gates.push(resolve)) }, NEVER)
    for (let taken = 0; taken < 5; taken++) {
      await settle()
      await settle()
      expect(made).toBe(taken)
      gates[taken]?.()
    }
    expect(await done).toEqual({ finish: 'length', outputTokens: 5 })
  })

  it('ends as cancelled with the tokens that came', async () => {
    const { relay } = await connect({
      generate: async (_job, listener, signal) => {
        await listener.onTokens(chunkOf(2))
        while (!signal.aborted) {
          await settle()
        }
        return { finish: 'cancelled', outputTokens: 2 }
      },
    })
    const cancel = new AbortController()
    const done = relay.generate(JOB, { onTokens: () => cancel.abort() }, cancel.signal)
    expect(await done).toEqual({ finish: 'cancelled', outputTokens: 2 })
  })

  it('scores, and refuses an answer that does not fit the question', async () => {
    const { relay } = await connect({ score: async () => SCORED })
    const { maxTokens: _max, ...rest } = JOB
    expect(await relay.score({ ...rest, output: [5, 6], engine: 'own' }, NEVER)).toEqual(SCORED)
    const wrong = relay.score({ ...rest, output: [5, 6, 7], engine: 'own' }, NEVER)
    expect(await wrong.catch(errorCode)).toBe('compute_bad_reply')
  })

  it('fails with the code of the tab, and as unavailable when the tab goes', async () => {
    const { relay, stop, ended } = await connect({
      load: () => Promise.reject(Object.assign(new Error('no'), { code: 'canary_mismatch' })),
      generate: () => new Promise(() => undefined),
    })
    expect(await relay.load('whale', NEVER).catch(errorCode)).toBe('canary_mismatch')
    const lost = relay.generate(JOB, { onTokens: () => undefined }, NEVER)
    await settle()
    stop.abort()
    await ended.catch(() => undefined)
    expect(await lost.catch(errorCode)).toBe('compute_unavailable')
  })

  it('does not send the tab a text that no message holds', async () => {
    const { relay } = await connect({})
    const long = { ...JOB, maxTokens: TAB_LIMITS.outputTokens + 1 }
    expect(await relay.generate(long, { onTokens: () => undefined }, NEVER).catch(errorCode)).toBe('too_long_for_tab')
  })
})
