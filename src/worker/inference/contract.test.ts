import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import type { OwnerMessage, RequestBody } from './contract.ts'
import { decodeNodeInit, decodeOwnerMessage, decodePageInit, decodeReply, decodeWorkerMessage } from './contract.ts'

const sampling = {
  temperature: 65_536,
  topK: 40,
  topP: 60_000,
  frequencyPenalty: -131_072,
  presencePenalty: 131_072,
  logitBias: [{ token: 7, bias: -65_536 }],
}
const job = {
  model: 'whale-0.9m',
  prompt: [1, 2, 3],
  sampling,
  samplingSeed: new Uint8Array(32),
  choice: 0,
  stop: ['.'],
}
const generate: RequestBody<'generate'> = { ...job, maxTokens: 16 }
const score: RequestBody<'score'> = { ...job, output: [4, 5], engine: 'reference' }

const MESSAGES: readonly OwnerMessage[] = [
  { kind: 'request', id: 1, type: 'load', body: { model: 'whale-0.9m' } },
  { kind: 'request', id: 2, type: 'generate', body: generate },
  { kind: 'request', id: 3, type: 'score', body: score },
  { kind: 'request', id: 4, type: 'dispose', body: {} },
  { kind: 'cancel', id: 2 },
  { kind: 'ack', id: 2 },
]

const report = {
  model: 'whale-0.9m',
  backend: 'wasm',
  numericClass: 'fp32-wasm',
  adapter: 'WASM',
  contextTokens: 256,
  tokensPerSecond: 812.5,
  choiceReason: 'no_adapter',
  canaryDifference: 2,
} as const

/** Bodies of `generate` and `score` that each break one bound. */
const BAD_BODIES: readonly (readonly ['generate' | 'score', object])[] = [
  ['generate', { model: 'm'.repeat(WORK_LIMITS.modelCharacters + 1) }],
  ['generate', { prompt: [1, -1] }],
  ['generate', { prompt: [1.5] }],
  ['generate', { prompt: new Array(WORK_LIMITS.promptTokens + 1).fill(1) }],
  ['generate', { prompt: 'text' }],
  ['generate', { maxTokens: 0 }],
  ['generate', { maxTokens: WORK_LIMITS.outputTokens + 1 }],
  ['generate', { samplingSeed: new Uint8Array(31) }],
  ['generate', { sampling: { ...sampling, temperature: -1 } }],
  ['generate', { sampling: { ...sampling, topP: undefined } }],
  ['generate', { sampling: { ...sampling, logitBias: new Array(1_025).fill({ token: 1, bias: 1 }) } }],
  ['generate', { stop: new Array(WORK_LIMITS.stopTexts + 1).fill('.') }],
  ['generate', { stop: ['x'.repeat(WORK_LIMITS.stopCharacters + 1)] }],
  ['generate', { choice: -1 }],
  ['score', { output: new Array(WORK_LIMITS.outputTokens + 1).fill(1) }],
  ['score', { output: [2 ** 32] }],
  ['score', { engine: 'cheapest' }],
]

describe('messages of an inference worker', () => {
  test.each(MESSAGES)('$kind $type survives the thread boundary', (message) => {
    expect(decodeOwnerMessage(structuredClone(message))).toEqual(message)
  })

  test.each(BAD_BODIES)('%s beyond its bounds is refused: %o', (type, broken) => {
    const body = { ...(type === 'score' ? score : generate), ...broken }
    expect(() => decodeOwnerMessage({ kind: 'request', id: 1, type, body })).toThrow(
      expect.objectContaining({ code: 'invalid_message' }),
    )
  })

  test('replies are decoded by the type of their request', () => {
    const scored = {
      numericClass: 'fp32-webgpu',
      scores: new Uint8Array(96),
      margins: Int32Array.of(0, 7),
      ending: 'open',
    }
    expect(decodeReply('load', structuredClone(report))).toEqual(report)
    expect(decodeReply('score', structuredClone(scored))).toEqual(scored)
    expect(decodeReply('generate', { finish: 'length', outputTokens: 3 })).toEqual({
      finish: 'length',
      outputTokens: 3,
    })
    for (const bad of [{ ...report, backend: 'cpu' }, { ...report, tokensPerSecond: Number.NaN }, scored, null]) {
      expect(() => decodeReply('load', bad)).toThrow(expect.objectContaining({ code: 'invalid_message' }))
    }
    expect(() => decodeReply('score', { ...scored, margins: [0, 7] })).toThrow(/margins/)
  })

  test('tokens come with the scores of each', () => {
    const message = { kind: 'tokens', id: 2, tokens: [9], scores: new Uint8Array(48) }
    expect(decodeWorkerMessage(structuredClone(message))).toEqual(message)
    for (const bad of [
      { scores: new Uint8Array(47) },
      { scores: [1] },
      { tokens: new Array(65).fill(1) },
      { id: -1 },
    ]) {
      expect(() => decodeWorkerMessage({ ...message, ...bad })).toThrow(
        expect.objectContaining({ code: 'invalid_message' }),
      )
    }
  })

  test('what a worker is started with has bounds', () => {
    expect(decodeNodeInit({ modelsFolder: '/models', threads: 2 })).toEqual({ modelsFolder: '/models', threads: 2 })
    expect(decodePageInit({ modelsUrl: '/models/', backend: 'auto' })).toEqual({
      modelsUrl: '/models/',
      backend: 'auto',
    })
    for (const bad of [undefined, {}, { modelsFolder: 3, threads: 1 }, { modelsFolder: '/m', threads: 0 }]) {
      expect(() => decodeNodeInit(bad)).toThrow(expect.objectContaining({ code: 'invalid_message' }))
    }
    expect(() => decodePageInit({ modelsUrl: '/models/', backend: 'cpu' })).toThrow(/backend/)
  })

  test('anything at all gives a message or invalid_message', () => {
    const kind = fc.constantFrom('request', 'cancel', 'ack', 'reply', 'failure', 'tokens')
    const type = fc.constantFrom('load', 'generate', 'score', 'dispose')
    const shaped = fc.record({ kind, id: fc.anything(), type, body: fc.anything(), tokens: fc.anything() })
    fc.assert(
      fc.property(fc.oneof(fc.anything(), shaped), (value) => {
        for (const decode of [decodeOwnerMessage, decodeWorkerMessage]) {
          try {
            decode(value)
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid_message' })
          }
        }
      }),
    )
  })
})
