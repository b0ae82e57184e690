import { describe, expect, test } from 'vitest'
import { waitFor } from '../../../test/support/wait-for.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { GenerateJob, GenerateListener, GenerateResult, ScoreJob, ScoreResult } from '../../protocol/inference.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { channelOfNodePort } from '../compute-channel.ts'
import type { InferenceClient } from './inference-client.ts'
import { createInferenceClient } from './inference-client.ts'
import { InferenceServer } from './inference-server.ts'

const never = new AbortController().signal
const sampling = { temperature: 0, topK: 0, topP: 65_536, frequencyPenalty: 0, presencePenalty: 0, logitBias: [] }
const job: GenerateJob = {
  model: 'm',
  prompt: [1],
  maxTokens: 6,
  sampling,
  samplingSeed: new Uint8Array(32),
  choice: 0,
  stop: [],
}
const { maxTokens: _, ...rest } = job
const check: ScoreJob = { ...rest, output: [1, 2], engine: 'own' }

/** Counts up instead of thinking; everything else is the engine's contract. */
class CountingEngine {
  stopped = 0
  readonly scoring = Promise.withResolvers<AbortSignalLike>()

  async load(): Promise<never> {
    throw new CodedError('canary_mismatch', 'wrong numbers', { fields: { difference: 9 } })
  }

  async generate(asked: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult> {
    for (let token = 0; token < asked.maxTokens; token++) {
      if (signal.aborted) {
        return { finish: 'cancelled', outputTokens: token }
      }
      try {
        await listener.onTokens({ tokens: [token], scores: new Uint8Array(SCORE_BYTES).fill(token) })
      } catch {
        return { finish: 'cancelled', outputTokens: token + 1 }
      }
    }
    return { finish: 'length', outputTokens: asked.maxTokens }
  }

  async score(_job: ScoreJob, signal: AbortSignalLike): Promise<ScoreResult> {
    this.scoring.resolve(signal)
    await new Promise<void>((resolve) => signal.addEventListener('abort', resolve))
    throw new CodedError('aborted', 'stopped')
  }

  async stop(): Promise<void> {
    this.stopped += 1
  }
}

interface Ends {
  readonly client: InferenceClient
  readonly engine: CountingEngine
  /** Posts to the worker past the client. */
  readonly post: (message: unknown) => void
  /** Everything that the worker sent. */
  readonly sent: unknown[]
}

async function withWorker(use: (ends: Ends) => Promise<void>): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const engine = new CountingEngine()
  new InferenceServer({ channel: channelOfNodePort(port2 as never), engine }).start()
  const channel = channelOfNodePort(port1 as never)
  const sent: unknown[] = []
  channel.receive((message) => sent.push(message))
  const client = createInferenceClient(channel)
  try {
    await use({ client, engine, post: (message) => port1.postMessage(message), sent })
    await client.dispose()
    expect(engine.stopped).toBe(1)
  } finally {
    port1.close()
  }
}

describe('an inference worker and its client', () => {
  test('tokens come in order, each once, with their scores', async () => {
    await withWorker(async ({ client }) => {
      const tokens: number[] = []
      const onTokens = (chunk: { tokens: readonly number[]; scores: Uint8Array }): void => {
        expect(chunk.scores).toEqual(new Uint8Array(SCORE_BYTES).fill(chunk.tokens[0] as number))
        tokens.push(...chunk.tokens)
      }
      expect(await client.generate(job, { onTokens }, never)).toEqual({ finish: 'length', outputTokens: 6 })
      expect(tokens).toEqual([0, 1, 2, 3, 4, 5])
    })
  })

  test('a slow receiver stops the worker: one chunk on its way at most', async () => {
    await withWorker(async ({ client, sent }) => {
      const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
      let taken = 0
      const generating = client.generate(job, { onTokens: () => gates[taken++]?.promise }, never)
      for (const [index, gate] of gates.entries()) {
        await waitFor('the chunk', () => taken === index + 1)
        expect(sent).toHaveLength(index + 1)
        gate.resolve()
      }
      expect(await generating).toMatchObject({ finish: 'length' })
    })
  })

  test('a cancel ends a generation with what was reported, also while its receiver waits', async () => {
    await withWorker(async ({ client }) => {
      const stop = new AbortController()
      const open = Promise.withResolvers<void>()
      const tokens: number[] = []
      const generating = client.generate(
        { ...job, maxTokens: 1_000 },
        {
          onTokens: async (chunk) => {
            tokens.push(...chunk.tokens)
            if (tokens.length === 3) {
              stop.abort()
              await open.promise
            }
          },
        },
        stop.signal,
      )
      await waitFor('three tokens', () => tokens.length === 3)
      open.resolve()
      expect(await generating).toEqual({ finish: 'cancelled', outputTokens: 3 })
      expect(await client.generate(job, { onTokens: () => undefined }, stop.signal)).toEqual({
        finish: 'cancelled',
        outputTokens: 0,
      })
    })
  })

  test('a receiver that fails ends its generation with its own error', async () => {
    await withWorker(async ({ client }) => {
      const onTokens = (): never => {
        throw new CodedError('gone', 'the reader left')
      }
      await expect(client.generate({ ...job, maxTokens: 1_000 }, { onTokens }, never)).rejects.toMatchObject({
        code: 'gone',
      })
    })
  })

  test('codes and fields survive; a cancelled check stops in the worker too', async () => {
    await withWorker(async ({ client, engine }) => {
      await expect(client.load('m', never)).rejects.toMatchObject({
        code: 'canary_mismatch',
        fields: { difference: 9 },
      })
      const stop = new AbortController()
      const scoring = client.score(check, stop.signal)
      const inWorker = await engine.scoring.promise
      stop.abort()
      await expect(scoring).rejects.toMatchObject({ code: 'aborted' })
      await waitFor('the cancel', () => inWorker.aborted)
    })
  })

  test('malformed messages fail their own request and disturb no other', async () => {
    await withWorker(async ({ client, post, sent }) => {
      const junk = [null, 7, 'x', {}, { kind: 'request' }, { kind: 'ack', id: 'x' }, { kind: 'cancel', id: 999 }]
      const bad = [
        { kind: 'request', id: 500, type: 'generate', body: { ...job, prompt: 'text' } },
        { kind: 'request', id: 501, type: 'explode', body: {} },
        { kind: 'bang', id: 502 },
      ]
      let posted = false
      const onTokens = (): void => {
        if (!posted) {
          posted = true
          for (const message of [...junk, ...bad, { kind: 'request', id: 1, type: 'generate', body: {} }]) {
            post(message)
          }
        }
      }
      expect(await client.generate(job, { onTokens }, never)).toEqual({ finish: 'length', outputTokens: 6 })
      const failures = sent.filter((message) => (message as { kind?: string }).kind === 'failure')
      expect(failures).toMatchObject([500, 501, 502].map((id) => ({ id, error: { code: 'invalid_message' } })))
    })
  })

  test('a worker that goes away rejects what is under way, and what comes after', async () => {
    await withWorker(async ({ client, engine }) => {
      const scoring = client.score(check, never)
      await engine.scoring.promise
      client.close('the thread ended')
      await expect(scoring).rejects.toMatchObject({ code: 'worker_gone' })
      await expect(client.load('m', never)).rejects.toMatchObject({ code: 'worker_gone' })
      await expect(client.generate(job, { onTokens: () => undefined }, never)).rejects.toMatchObject({
        code: 'worker_gone',
      })
      await engine.stop()
    })
  })
})
