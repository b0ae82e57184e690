/**
 * The clients that developers use, unmodified, against the gateway on a real loopback socket (test/support/gateway/client-matrix.ts).
 * Executors are scripted, so that they can vanish, be busy or never end; everything before them is real, the demo model's
 * tokenizer included. No client may talk to anything but the gateway.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createOpenAI } from '@ai-sdk/openai'
import { ChatOpenAI } from '@langchain/openai'
import { APICallError, generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { OrderWish } from '../../src/gateway/ports.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import type { GatewayServer } from '../../src/main/gateway/http-gateway.ts'
import { serveGateway } from '../../src/main/gateway/http-gateway.ts'
import type { ExpectedAnswer, WireBody } from '../support/gateway/client-matrix.ts'
import { testClientMatrix } from '../support/gateway/client-matrix.ts'
import type { OrderScript } from '../support/gateway/scripted-orders.ts'
import { failure } from '../support/gateway/scripted-orders.ts'
import type { TestGateway } from '../support/gateway/test-gateway.ts'
import { API_KEY, createTestGateway, EMPTY_KEY } from '../support/gateway/test-gateway.ts'
import { readWhale } from '../support/gateway/whale.ts'
import { waitFor } from '../support/wait-for.ts'

const WHALE = readWhale()
const MODEL = WHALE.id
const ANSWER = ' the whale was white, and the sea — “vast” — was blue.'
const END = WHALE.eosTokens[0] ?? 0

const origins = new Set<string>()
let gateway: TestGateway
let server: GatewayServer
let requests = 0
let baseURL = ''

/** What an executor does depends on what it was asked. */
function script(wish: OrderWish): OrderScript {
  const prompt = WHALE.text.decode(wish.prompt)
  const tokens = WHALE.text.encode(ANSWER).map((token) => [token])
  if (prompt.includes('vanish')) {
    return { chunks: tokens.slice(0, 4), streamError: failure('executor_lost') }
  }
  if (prompt.includes('crowd')) {
    return { chunks: [], placeError: failure('all_busy', { retryAfterSeconds: 0 }) }
  }
  if (prompt.includes('forever')) {
    return { chunks: endless(tokens) }
  }
  const { maxTokens } = wish.request
  return tokens.length < maxTokens
    ? { chunks: [...tokens, [END]], finish: 'stop' }
    : { chunks: tokens.slice(0, maxTokens), finish: 'length' }
}

function* endless(tokens: readonly (readonly number[])[]): Generator<readonly number[]> {
  for (;;) {
    yield* tokens
  }
}

function noteRequest(message: unknown): void {
  origins.add(String((message as { request: { origin?: string; host?: string } }).request.origin))
}

function noteSocket(message: unknown): void {
  const { socket } = message as { socket: { once(event: string, listener: () => void): void; remoteAddress?: string } }
  socket.once('connect', () => origins.add(String(socket.remoteAddress)))
}

beforeAll(async () => {
  for (const name of ['LANGCHAIN_TRACING', 'LANGCHAIN_TRACING_V2', 'LANGSMITH_TRACING', 'LANGSMITH_TRACING_V2']) {
    vi.stubEnv(name, 'false')
  }
  subscribe('undici:request:create', noteRequest)
  subscribe('net.client.socket', noteSocket)
  gateway = createTestGateway({ model: WHALE, script })
  const handler = (request: Request): Promise<Response> => {
    requests++
    return gateway.handle(request)
  }
  server = await serveGateway(handler, { port: 0, host: '127.0.0.1', logger: SILENT_LOGGER })
  baseURL = `http://127.0.0.1:${server.port}/v1`
})

beforeEach(() => {
  requests = 0
})

afterAll(async () => {
  unsubscribe('undici:request:create', noteRequest)
  unsubscribe('net.client.socket', noteSocket)
  vi.unstubAllEnvs()
  await server.stop()
})

function lastWish(): OrderWish {
  const order = gateway.desk.orders.at(-1)
  if (order === undefined) {
    throw new Error('nothing was ordered')
  }
  return order.wish
}

/** The script's answer, as far as the body lets it come. */
async function expected(_path: string, body: WireBody): Promise<ExpectedAnswer> {
  const tokens = WHALE.text.encode(ANSWER)
  const { n = 1, max_tokens: limit = WHALE.defaultMaxTokens } = body as { n?: number; max_tokens?: number }
  const isWhole = tokens.length < limit
  const text = isWhole ? ANSWER : WHALE.text.decode(tokens.slice(0, limit))
  return {
    texts: new Array<string>(n).fill(text),
    finishes: new Array<string>(n).fill(isWhole ? 'stop' : 'length'),
    // The end token is paid like the others, but has no log-probability.
    outputTokens: n * (isWhole ? tokens.length + 1 : limit),
    scoredTokens: Math.min(tokens.length, limit),
  }
}

const SETTINGS = {
  openai: { seed: 42n, maxTokens: 60, stop: ['\n\n'], choice: 1 },
  ai: { seed: 42n, maxTokens: 60, stop: ['\n\n'] },
  langchain: { maxTokens: 60, stop: ['\n\n'] },
}

testClientMatrix({
  model: WHALE,
  baseUrl: () => baseURL,
  apiKey: () => API_KEY,
  emptyKey: () => EMPTY_KEY,
  expected,
  onSettings: (client) => expect(lastWish().request).toMatchObject(SETTINGS[client]),
})

const messages = [{ role: 'user' as const, content: 'Tell me.' }]

function openai(apiKey = API_KEY): OpenAI {
  return new OpenAI({ baseURL, apiKey })
}

test('openai: an empty escrow is not tried again, a busy network is', async () => {
  const empty = openai(EMPTY_KEY).chat.completions.create({ model: MODEL, messages })
  await expect(empty).rejects.toMatchObject({ status: 402 })
  expect(requests).toBe(1)
  const busy = openai().chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: 'crowd' }] })
  await expect(busy).rejects.toMatchObject({ status: 503, code: 'all_busy' })
  // Once, and again twice, as Retry-After says: at once.
  expect(requests).toBe(4)
})

test('openai: an executor that vanishes in the middle is an error, after the text that was there', async () => {
  const lost = [{ role: 'user' as const, content: 'vanish' }]
  const stream = await openai().chat.completions.create({ model: MODEL, messages: lost, stream: true })
  let text = ''
  const reading = async (): Promise<void> => {
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
    }
  }
  await expect(reading()).rejects.toMatchObject({ code: 'executor_lost' })
  expect(ANSWER.startsWith(text)).toBe(true)
  expect(text).not.toBe('')
})

test('openai: leaving a stream ends its order', async () => {
  const endless = [{ role: 'user' as const, content: 'forever' }]
  const stream = await openai().chat.completions.create({ model: MODEL, messages: endless, stream: true })
  for await (const chunk of stream) {
    if ((chunk.choices[0]?.delta.content ?? '') !== '') {
      break
    }
  }
  await waitFor('the order to end', () => gateway.desk.orders.at(-1)?.isOver)
})

function vercel(): ReturnType<ReturnType<typeof createOpenAI>['chat']> {
  return createOpenAI({ baseURL, apiKey: API_KEY }).chat(MODEL)
}

test('Vercel AI SDK: a busy network may be asked again', async () => {
  const asked = generateText({ model: vercel(), prompt: 'crowd', maxRetries: 0 })
  const busy: unknown = await asked.catch((thrown: unknown) => thrown)
  expect(APICallError.isInstance(busy) && [busy.statusCode, busy.isRetryable]).toEqual([503, true])
})

test('Vercel AI SDK: an executor that vanishes is one error', async () => {
  const errors: unknown[] = []
  const stream = streamText({
    model: vercel(),
    prompt: 'vanish',
    maxRetries: 0,
    onError: ({ error }) => void errors.push(error),
  })
  let text = ''
  for await (const piece of stream.textStream) {
    text += piece
  }
  expect(ANSWER.startsWith(text)).toBe(true)
  expect(errors).toHaveLength(1)
  expect(JSON.stringify(errors[0])).toContain('executor_lost')
})

function langchain(fields: ConstructorParameters<typeof ChatOpenAI>[0] = {}): ChatOpenAI {
  return new ChatOpenAI({ model: MODEL, apiKey: API_KEY, maxRetries: 0, configuration: { baseURL }, ...fields })
}

test('LangChain.js: an empty escrow is not tried again, an executor that vanishes is an error', async () => {
  await expect(langchain({ apiKey: EMPTY_KEY, maxRetries: 2 }).invoke('Tell me.')).rejects.toMatchObject({
    status: 402,
  })
  expect(requests).toBe(1)
  const reading = async (): Promise<void> => {
    for await (const _chunk of await langchain().stream('vanish')) {
      // Read until it breaks.
    }
  }
  await expect(reading()).rejects.toMatchObject({ code: 'executor_lost' })
})

test('nobody was talked to but the gateway', () => {
  expect([...origins].sort()).toEqual(['127.0.0.1', new URL(baseURL).origin])
})
