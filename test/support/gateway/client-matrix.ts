/**
 * The clients that developers use, unmodified, against any gateway: openai for Node, the Vercel AI SDK's OpenAI provider,
 * LangChain.js, and plain fetch with a reader of our own. One set of tests for scripted executors and for a real network: what
 * must come back is asked of the target, by the body that says the same on the wire.
 */
import { createOpenAI } from '@ai-sdk/openai'
import type { UsageMetadata } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { APICallError, generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import type { GatewayModel } from '../../../src/gateway/ports.ts'
import { parseChunks, readEvents, textOf } from './sse.ts'

/** Fields of OpenAI's API that decide the output. */
export type WireBody = Readonly<Record<string, unknown>>

/** What a body must be answered with. */
export interface ExpectedAnswer {
  /** By choice. */
  readonly texts: readonly string[]
  readonly finishes: readonly string[]
  /** All choices together, end tokens included. */
  readonly outputTokens: number
  /** Tokens of the first choice that have log-probabilities. */
  readonly scoredTokens: number
}

export interface MatrixTarget {
  readonly model: GatewayModel
  /** `…/v1`; asked when a test runs. */
  baseUrl(): string
  apiKey(): string
  /** A key whose escrow cannot pay for anything. */
  emptyKey(): string
  /** Asked right before a client asks the same. */
  expected(path: '/chat/completions' | '/completions', body: WireBody): Promise<ExpectedAnswer>
  /** Before an error is asked for: whom an escrow cannot pay is found out only where somebody serves. */
  ready?(): Promise<void>
  /** After a client asked with all its settings. */
  onSettings?(client: 'openai' | 'ai' | 'langchain'): void
}

export const MESSAGES = [
  { role: 'system' as const, content: 'You are a sailor.' },
  { role: 'user' as const, content: 'Tell me.' },
]
const GREEDY = { temperature: 0, max_tokens: 40 }

export function testClientMatrix(target: MatrixTarget): void {
  describe('clients, unmodified', () => {
    testOpenAi(target)
    testOpenAiStreams(target)
    testOpenAiLegacy(target)
    testOpenAiErrors(target)
    testVercel(target)
    testLangChain(target)
    testFetch(target)
  })
}

function openaiOf(target: MatrixTarget, apiKey = target.apiKey()): OpenAI {
  return new OpenAI({ baseURL: target.baseUrl(), apiKey })
}

function promptTokensOf(target: MatrixTarget, messages: readonly { role: string; content: string }[]): number {
  return target.model.text.renderChat(messages as Parameters<typeof target.model.text.renderChat>[0]).length
}

function testOpenAi(target: MatrixTarget): void {
  const model = target.model.id

  test('openai: models', async () => {
    const listed = await openaiOf(target).models.list()
    expect(listed.data.map(({ id }) => id)).toEqual([model])
    expect((await openaiOf(target).models.retrieve(model)).owned_by).toBe('tailrace')
    await expect(openaiOf(target).models.retrieve('nothing')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })

  test('openai: a chat answer, all settings', async () => {
    const settings = {
      temperature: 0.7,
      top_p: 0.9,
      seed: 42,
      stop: ['\n\n'],
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      logit_bias: { '5': -10 },
      n: 2,
    }
    const scored = { logprobs: true, top_logprobs: 5 }
    const wire = { model, messages: MESSAGES, max_tokens: 60, ...settings, ...scored }
    const want = await target.expected('/chat/completions', wire)
    const { data, request_id, response } = await openaiOf(target)
      .chat.completions.create({
        model,
        messages: MESSAGES,
        max_completion_tokens: 60,
        ...settings,
        ...scored,
        user: 'u',
        store: false,
        metadata: { run: '1' },
      })
      .withResponse()
    expect(request_id).toMatch(/^req_/)
    expect(response.headers.get('x-tailrace-order')?.split(',')).toHaveLength(2)
    expect(data.choices.map(({ message }) => message.content)).toEqual(want.texts)
    expect(data.choices.map(({ finish_reason }) => finish_reason)).toEqual(want.finishes)
    expect(data.choices[0]?.logprobs?.content).toHaveLength(want.scoredTokens)
    expect(data.choices[0]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(5)
    const promptTokens = promptTokensOf(target, MESSAGES)
    expect(data.usage).toEqual({
      prompt_tokens: promptTokens,
      completion_tokens: want.outputTokens,
      total_tokens: promptTokens + want.outputTokens,
    })
    target.onSettings?.('openai')
  })
}

function testOpenAiStreams(target: MatrixTarget): void {
  const model = target.model.id

  test('openai: a stream, with usage, a helper, and an answer handed back', async () => {
    const body = { model, messages: MESSAGES, ...GREEDY }
    const want = await target.expected('/chat/completions', body)
    const stream = openaiOf(target).chat.completions.stream({ ...body, stream_options: { include_usage: true } })
    let text = ''
    for await (const chunk of stream) {
      expect(chunk.id).toMatch(/^chatcmpl-/)
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).toBe(want.texts[0])
    const final = await stream.finalChatCompletion()
    expect(final.usage?.completion_tokens).toBe(want.outputTokens)
    expect(final.choices[0]?.finish_reason).toBe(want.finishes[0])
    const message = final.choices[0]?.message
    expect(message?.content).toBe(want.texts[0])
    const again = [
      ...MESSAGES,
      { role: 'assistant' as const, content: text },
      { role: 'user' as const, content: 'More.' },
    ]
    const wantNext = await target.expected('/chat/completions', { ...body, messages: again })
    const handedBack = [
      ...MESSAGES,
      ...(message === undefined ? [] : [message]),
      { role: 'user' as const, content: 'More.' },
    ]
    const next = await openaiOf(target).chat.completions.create({ ...body, messages: handedBack })
    expect(next.choices[0]?.message.content).toBe(wantNext.texts[0])
  })

  test('openai: two choices in one stream', async () => {
    const body = { model, messages: MESSAGES, n: 2, seed: 7, temperature: 1, max_tokens: 20 }
    const want = await target.expected('/chat/completions', body)
    const texts = ['', '']
    for await (const chunk of await openaiOf(target).chat.completions.create({ ...body, stream: true })) {
      for (const choice of chunk.choices) {
        texts[choice.index] += choice.delta.content ?? ''
      }
    }
    expect(texts).toEqual(want.texts)
  })
}

function testOpenAiLegacy(target: MatrixTarget): void {
  const model = target.model.id

  test('openai: the legacy form', async () => {
    const short = { model, prompt: 'It was', max_tokens: 3, temperature: 0, logprobs: 2 }
    const wantShort = await target.expected('/completions', short)
    const whole = await openaiOf(target).completions.create(short)
    expect(whole.choices[0]?.finish_reason).toBe('length')
    expect(whole.choices[0]?.text).toBe(wantShort.texts[0])
    expect(whole.choices[0]?.logprobs?.tokens).toHaveLength(3)
    const body = { model, prompt: 'It was', ...GREEDY }
    const want = await target.expected('/completions', body)
    let text = ''
    for await (const chunk of await openaiOf(target).completions.create({ ...body, stream: true })) {
      text += chunk.choices[0]?.text ?? ''
    }
    expect(text).toBe(want.texts[0])
  })
}

function testOpenAiErrors(target: MatrixTarget): void {
  test('openai: errors are its classes, with code and param', async () => {
    await target.ready?.()
    const body = { model: target.model.id, messages: MESSAGES }
    const unsupported = openaiOf(target).chat.completions.create({
      ...body,
      tools: [{ type: 'function', function: { name: 'f' } }],
    })
    await expect(unsupported).rejects.toMatchObject({ status: 400, param: 'tools', code: 'unsupported_parameter' })
    await expect(unsupported).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(openaiOf(target, 'wrong').models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    const empty = openaiOf(target, target.emptyKey()).chat.completions.create(body)
    await expect(empty).rejects.toMatchObject({ status: 402, type: 'insufficient_quota', code: 'insufficient_quota' })
  })
}

function testVercel(target: MatrixTarget): void {
  const model = target.model.id
  const vercel = (apiKey = target.apiKey()): ReturnType<ReturnType<typeof createOpenAI>['chat']> =>
    createOpenAI({ baseURL: target.baseUrl(), apiKey }).chat(model)

  test('Vercel AI SDK: a text', async () => {
    const want = await target.expected('/chat/completions', {
      model,
      messages: MESSAGES,
      ...{ temperature: 0.7, top_p: 0.9, seed: 42, max_tokens: 60, stop: ['\n\n'] },
      ...{ presence_penalty: 0.1, frequency_penalty: 0.1, logit_bias: { 5: -1 }, logprobs: true, top_logprobs: 2 },
    })
    const result = await generateText({
      model: vercel(),
      instructions: 'You are a sailor.',
      prompt: 'Tell me.',
      temperature: 0.7,
      topP: 0.9,
      seed: 42,
      maxOutputTokens: 60,
      stopSequences: ['\n\n'],
      presencePenalty: 0.1,
      frequencyPenalty: 0.1,
      providerOptions: {
        openai: { logprobs: 2, user: 'u', logitBias: { 5: -1 }, parallelToolCalls: false, store: false },
      },
    })
    expect(result.text).toBe(want.texts[0])
    expect(result.finishReason).toBe(want.finishes[0])
    const inputTokens = promptTokensOf(target, MESSAGES)
    expect(result.usage).toMatchObject({ inputTokens, outputTokens: want.outputTokens })
    expect(result.providerMetadata?.openai?.logprobs).toHaveLength(want.scoredTokens)
    target.onSettings?.('ai')
  })

  test('Vercel AI SDK: a stream', async () => {
    const messages = [{ role: 'user', content: 'Tell me.' }]
    const want = await target.expected('/chat/completions', { model, messages, temperature: 0, max_tokens: 5 })
    const result = streamText({ model: vercel(), prompt: 'Tell me.', temperature: 0, maxOutputTokens: 5 })
    let text = ''
    for await (const piece of result.textStream) {
      text += piece
    }
    expect(text).toBe(want.texts[0])
    expect(await result.finishReason).toBe('length')
    expect((await result.usage).outputTokens).toBe(5)
  })

  test('Vercel AI SDK: an empty escrow is not tried again', async () => {
    await target.ready?.()
    const asked = generateText({ model: vercel(target.emptyKey()), prompt: 'Tell me.' })
    const error: unknown = await asked.catch((thrown: unknown) => thrown)
    if (!APICallError.isInstance(error)) {
      throw new Error('not an APICallError', { cause: error })
    }
    expect([error.statusCode, error.isRetryable]).toEqual([402, false])
    expect(error.message).toContain('escrow')
  })
}

function testLangChain(target: MatrixTarget): void {
  const model = target.model.id
  const langchain = (fields: ConstructorParameters<typeof ChatOpenAI>[0] = {}): ChatOpenAI =>
    new ChatOpenAI({
      model,
      apiKey: target.apiKey(),
      maxRetries: 0,
      configuration: { baseURL: target.baseUrl() },
      ...fields,
    })

  test('LangChain.js: a message', async () => {
    const settings = { temperature: 0, stop: ['\n\n'], logprobs: true }
    const wire = { model, messages: MESSAGES, ...settings, max_tokens: 60, top_p: 0.9, top_logprobs: 2 }
    const want = await target.expected('/chat/completions', wire)
    const client = langchain({ ...settings, maxTokens: 60, topP: 0.9, topLogprobs: 2 })
    const answer = await client.invoke([
      ['system', 'You are a sailor.'],
      ['human', 'Tell me.'],
    ])
    expect(answer.content).toBe(want.texts[0])
    const inputTokens = promptTokensOf(target, MESSAGES)
    expect(answer.usage_metadata).toMatchObject({ input_tokens: inputTokens, output_tokens: want.outputTokens })
    expect(answer.response_metadata.finish_reason).toBe(want.finishes[0])
    target.onSettings?.('langchain')
  })

  test('LangChain.js: a stream', async () => {
    const messages = [{ role: 'user', content: 'Tell me.' }]
    const want = await target.expected('/chat/completions', { model, messages, ...GREEDY })
    let text = ''
    let outputTokens = 0
    for await (const chunk of await langchain({ temperature: 0, maxTokens: 40 }).stream('Tell me.')) {
      text += String(chunk.content)
      outputTokens += (chunk.usage_metadata as UsageMetadata | undefined)?.output_tokens ?? 0
    }
    expect(text).toBe(want.texts[0])
    expect(outputTokens).toBe(want.outputTokens)
  })

  test('LangChain.js: errors', async () => {
    await target.ready?.()
    const empty = langchain({ apiKey: target.emptyKey(), maxRetries: 2 }).invoke('Tell me.')
    await expect(empty).rejects.toMatchObject({ status: 402 })
    const tooLong = langchain({ maxTokens: 1_000 }).invoke('Tell me.')
    await expect(tooLong).rejects.toMatchObject({ name: 'ContextOverflowError' })
  })
}

function testFetch(target: MatrixTarget): void {
  test('fetch: a stream read by hand', async () => {
    const body = { model: target.model.id, messages: MESSAGES, ...GREEDY }
    const want = await target.expected('/chat/completions', body)
    const response = await fetch(`${target.baseUrl()}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${target.apiKey()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    })
    const events = await readEvents(response)
    expect(events.at(-1)).toBe('[DONE]')
    const chunks = parseChunks(events)
    expect(textOf(chunks)).toBe(want.texts[0])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: want.outputTokens } })
    expect(chunks.at(-2)?.choices?.[0]?.finish_reason).toBe(want.finishes[0])
  })
}
