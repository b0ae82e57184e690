import { expect, test } from 'vitest'
import { END_TOKEN } from '../../test/support/gateway/byte-text.ts'
import { failure, textScript } from '../../test/support/gateway/scripted-orders.ts'
import { createTestGateway } from '../../test/support/gateway/test-gateway.ts'
import type { OpenAiError } from './errors.ts'

const order = (number: number): string => number.toString(16).padStart(64, '0')
const receipt = (number: number): string => `${order(number).slice(0, 63)}f`

async function errorOf(response: Response): Promise<OpenAiError> {
  return ((await response.json()) as { error: OpenAiError }).error
}

test('a chat answer: whole, with usage, order and receipt', async () => {
  const gateway = createTestGateway()
  const response = await gateway.chat({})
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('x-tailrace-order')).toBe(order(1))
  expect(response.headers.get('x-tailrace-executor')).toBe('tail1executor0')
  expect(await response.json()).toEqual({
    id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bytes',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Call me Ishmael.', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 16, total_tokens: 36 },
    tailrace: {
      orders: [{ index: 0, order: order(1), executor: 'tail1executor0', receipt: receipt(1), price_utail: '16' }],
    },
  })
})

test('what is ordered: session, prompt, canonical request', async () => {
  const gateway = createTestGateway()
  await gateway.chat({ max_tokens: 9, temperature: 0.5, top_p: 0.25, seed: 7, stop: ['x', 'y'] })
  expect(gateway.desk.orders[0]?.wish).toMatchObject({
    session: { address: 'tail1session' },
    prompt: [...new TextEncoder().encode('user: Hi\nassistant: ')],
    request: {
      model: 'bytes',
      maxTokens: 9,
      sampling: { temperature: 32_768, topK: 0, topP: 16_384, frequencyPenalty: 0, presencePenalty: 0, logitBias: [] },
      stop: ['x', 'y'],
      seed: 7n,
      choice: 0,
    },
  })
})

test('n choices are n orders, each with its choice number, in the order of their index', async () => {
  const gateway = createTestGateway({ script: (wish) => textScript(`answer ${wish.request.choice}`) })
  const response = await gateway.chat({ n: 3, temperature: 0 })
  expect(response.headers.get('x-tailrace-order')).toBe([1, 2, 3].map(order).join(','))
  expect(response.headers.get('x-tailrace-executor')).toBe('tail1executor0,tail1executor1,tail1executor2')
  const body = (await response.json()) as {
    choices: { index: number; message: { content: string } }[]
    usage: unknown
    tailrace: { orders: { index: number }[] }
  }
  expect(body.choices.map(({ index, message }) => [index, message.content])).toEqual([
    [0, 'answer 0'],
    [1, 'answer 1'],
    [2, 'answer 2'],
  ])
  expect(body.usage).toEqual({ prompt_tokens: 20, completion_tokens: 24, total_tokens: 44 })
  expect(body.tailrace.orders.map(({ index }) => index)).toEqual([0, 1, 2])
  expect(gateway.desk.orders.map(({ wish }) => wish.request.choice)).toEqual([0, 1, 2])
})

test('a legacy answer: prompts as text, lists of text, token ids and lists of these', async () => {
  const gateway = createTestGateway({ script: (wish) => textScript(`<${String.fromCharCode(...wish.prompt)}>`) })
  const post = async (body: object) =>
    (await (await gateway.post('/v1/completions', { model: 'bytes', ...body })).json()) as {
      id: string
      choices: { text: string; index: number }[]
      usage: unknown
    }
  expect(await post({ prompt: 'ab' })).toEqual({
    id: expect.stringMatching(/^cmpl-/),
    object: 'text_completion',
    created: 1_700_000_000,
    model: 'bytes',
    choices: [{ index: 0, text: '<ab>', logprobs: null, finish_reason: 'length' }],
    usage: { prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 },
    tailrace: {
      orders: [{ index: 0, order: order(1), executor: 'tail1executor0', receipt: receipt(1), price_utail: '4' }],
    },
  })
  const texts = async (body: object) => (await post(body)).choices.map(({ text, index }) => `${index}${text}`)
  expect(await texts({ prompt: ['a', 'bc'] })).toEqual(['0<a>', '1<bc>'])
  expect(await texts({ prompt: [97, 98] })).toEqual(['0<ab>'])
  expect(await texts({ prompt: [[97], [98, 99]], n: 2 })).toEqual(['0<a>', '1<a>', '2<bc>', '3<bc>'])
  expect((await post({ prompt: ['a', 'bcd'] })).usage).toEqual({
    prompt_tokens: 4,
    completion_tokens: 8,
    total_tokens: 12,
  })
})

test('stop texts and end tokens are not shown; both count, because both are paid', async () => {
  const bytes = [...new TextEncoder().encode('one two')]
  const stopped = createTestGateway({ script: () => ({ chunks: bytes.map((byte) => [byte]), finish: 'stop' }) })
  const first = (await (await stopped.chat({ stop: ['\n', ' two'] })).json()) as never
  expect(first).toMatchObject({
    choices: [{ message: { content: 'one' }, finish_reason: 'stop' }],
    usage: { completion_tokens: 7 },
  })
  const ended = createTestGateway({ script: () => ({ chunks: [bytes, [END_TOKEN]], finish: 'stop' }) })
  const second = (await (await ended.chat({})).json()) as never
  expect(second).toMatchObject({
    choices: [{ message: { content: 'one two' }, finish_reason: 'stop' }],
    usage: { completion_tokens: 8 },
  })
})

test('an executor that goes on after the end, or beyond max_tokens, is cut off', async () => {
  const endless = { chunks: Array.from({ length: 200 }, () => [97]) }
  for (const [body, shown, taken, finish] of [
    [{ max_tokens: 5 }, 'aaaaa', 6, 'length'],
    [{ stop: 'aaa' }, '', 4, 'stop'],
  ] as const) {
    const gateway = createTestGateway({ script: () => endless })
    const answer = (await (await gateway.chat(body)).json()) as never
    expect(answer).toMatchObject({ choices: [{ message: { content: shown }, finish_reason: finish }] })
    expect(gateway.desk.orders[0]).toMatchObject({ delivered: taken, isOver: true })
    expect(gateway.desk.orders[0]?.wish.signal.aborted).toBe(true)
  }
})

test('log-probabilities in the chat form: chosen, alternatives, bytes', async () => {
  // 0xc3 0xa9 is é: each half is a token without text of its own.
  const gateway = createTestGateway({ script: () => ({ chunks: [[97], [0xc3, 0xa9], [END_TOKEN]], finish: 'stop' }) })
  const body = (await (await gateway.chat({ logprobs: true, top_logprobs: 2 })).json()) as {
    choices: {
      logprobs: { content: { token: string; bytes: number[] | null; logprob: number; top_logprobs: object[] }[] }
    }[]
  }
  const content = body.choices[0]?.logprobs.content ?? []
  expect(content.map(({ token, bytes }) => [token, bytes])).toEqual([
    ['a', [97]],
    ['\ufffd', null],
    ['\ufffd', null],
  ])
  // Logits 4 for the token, 0 for four others, −8 for 252 more.
  const total = Math.exp(4) + 4 + 252 * Math.exp(-8)
  expect(content[0]?.logprob).toBeCloseTo(4 - Math.log(total), 3)
  expect(content[0]?.top_logprobs).toEqual([
    { token: 'a', logprob: expect.closeTo(4 - Math.log(total), 3), bytes: [97] },
    { token: 'b', logprob: expect.closeTo(-Math.log(total), 3), bytes: [98] },
  ])
  const plain = (await (await gateway.chat({ logprobs: true })).json()) as typeof body
  expect(plain.choices[0]?.logprobs.content[0]?.top_logprobs).toEqual([])
})

test('log-probabilities in the legacy form', async () => {
  const gateway = createTestGateway({ script: () => textScript('ab') })
  const body = (await (await gateway.post('/v1/completions', { model: 'bytes', prompt: 'x', logprobs: 1 })).json()) as {
    choices: { logprobs: object }[]
  }
  const chosen = expect.closeTo(-0.075, 2)
  expect(body.choices[0]?.logprobs).toEqual({
    text_offset: [0, 1],
    token_logprobs: [chosen, chosen],
    tokens: ['a', 'b'],
    top_logprobs: [{ a: chosen }, { b: chosen }],
  })
  const none = (await (await gateway.post('/v1/completions', { model: 'bytes', prompt: 'x', logprobs: 0 })).json()) as {
    choices: { logprobs: { top_logprobs: unknown } }[]
  }
  expect(none.choices[0]?.logprobs.top_logprobs).toBeNull()
})

test('the context: room is what max_tokens defaults to, and what it may not exceed', async () => {
  const gateway = createTestGateway()
  const prompt = (length: number) => ({ model: 'bytes', prompt: 'x'.repeat(length) })
  const status = async (body: object) => (await gateway.post('/v1/completions', body)).status
  expect(await status(prompt(10))).toBe(200)
  expect(await status(prompt(200))).toBe(200)
  expect(await status(prompt(255))).toBe(200)
  expect(gateway.desk.orders.map(({ wish }) => wish.request.maxTokens)).toEqual([128, 56, 1])
  expect(await status({ ...prompt(200), max_tokens: 56 })).toBe(200)
  for (const [body, param] of [
    [{ ...prompt(200), max_tokens: 57 }, 'max_tokens'],
    [{ ...prompt(1), max_tokens: 2 ** 40 }, 'max_tokens'],
    [prompt(256), null],
    [prompt(100_000), null],
  ] as const) {
    const response = await gateway.post('/v1/completions', body)
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({
      code: 'context_length_exceeded',
      param,
      message: expect.stringContaining('maximum context length is 256 tokens'),
    })
  }
})

test.each([
  ['insufficient_quota', {}, 402, 'insufficient_quota', null],
  ['price_above_cap', {}, 402, 'price_above_cap', null],
  ['key_unknown', {}, 401, 'key_unknown', null],
  ['key_expired', {}, 401, 'key_expired', null],
  ['model_not_allowed', {}, 403, 'model_not_allowed', null],
  ['unknown_model', {}, 404, 'model_not_found', null],
  ['no_host', { retryAfterSeconds: 3.2 }, 503, 'no_host', '4'],
  ['no_host', { retryAfterSeconds: 1e9 }, 503, 'no_host', '3600'],
  ['all_busy', {}, 503, 'all_busy', '2'],
  ['executor_lost', {}, 502, 'executor_lost', null],
  ['executor_failed', {}, 502, 'executor_failed', null],
  ['order_refused', {}, 502, 'order_refused', null],
  ['chain_unreachable', {}, 503, 'chain_unreachable', '5'],
  ['disk_full', {}, 503, 'disk_full', '15'],
  ['store_full', {}, 503, 'disk_full', '15'],
  ['overloaded', {}, 429, 'overloaded', '1'],
  ['something_else', {}, 500, 'internal_error', null],
  ['toString', {}, 500, 'internal_error', null],
])('an order that cannot be placed: %s', async (code, fields, status, shown, retryAfter) => {
  for (const stream of [false, true]) {
    const gateway = createTestGateway({
      // The second of two fails: the first must not go on.
      script: (_wish, index) => (index === 1 ? { chunks: [], placeError: failure(code, fields) } : textScript('abc')),
    })
    const response = await gateway.chat({ stream, n: 2 })
    expect(response.status).toBe(status)
    expect(response.headers.get('retry-after')).toBe(retryAfter)
    const error = await errorOf(response)
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code'])
    expect(error.code).toBe(shown)
    expect(error.message).not.toBe('')
    expect(gateway.desk.orders[0]?.wish.signal.aborted).toBe(true)
    expect(gateway.metrics.render()).toContain('tailrace_gateway_active_orders 0')
    expect(gateway.faults.length).toBe(status === 500 ? 1 : 0)
  }
})

test.each(['streamError', 'resultError'] as const)('an order that breaks without a stream: %s', async (kind) => {
  const gateway = createTestGateway({ script: () => ({ ...textScript('abc'), [kind]: failure('executor_lost') }) })
  const response = await gateway.chat({})
  expect(response.status).toBe(502)
  expect((await errorOf(response)).code).toBe('executor_lost')
  expect(gateway.metrics.render()).toContain('tailrace_gateway_orders_total{outcome="executor_lost"} 1')
})

test('an order that its desk ends early is an error, not an answer', async () => {
  const gateway = createTestGateway({ script: () => textScript('abc', 'cancelled') })
  const response = await gateway.chat({})
  expect([response.status, (await errorOf(response)).code]).toEqual([503, 'order_cancelled'])
})

test('scores that are none are the executor’s fault', async () => {
  const gateway = createTestGateway()
  const placed = {
    orderHash: order(1),
    executor: 'tail1executor',
    tokens: (async function* () {
      yield { tokens: [97], scores: new Uint8Array(47) }
    })(),
    result: Promise.resolve({ finish: 'stop' as const, receiptHash: receipt(1), pricePaid: 1n }),
  }
  const broken = createTestGateway({ components: { orders: { place: async () => placed } } })
  const response = await broken.chat({ logprobs: true })
  expect([response.status, (await errorOf(response)).code]).toEqual([502, 'invalid_scores'])
  expect((await gateway.chat({})).status).toBe(200)
})

test('more orders than slots: 429 with Retry-After, and room again when one has ended', async () => {
  const held = Promise.withResolvers<void>()
  const gateway = createTestGateway({
    maxConcurrentOrders: 3,
    script: () => ({ ...textScript('a'), beforeChunk: () => held.promise }),
  })
  const first = gateway.chat({ n: 2 })
  const refused = await gateway.chat({ n: 2 })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect((await errorOf(refused)).code).toBe('overloaded')
  const third = gateway.chat({})
  held.resolve()
  expect((await first).status).toBe(200)
  expect((await third).status).toBe(200)
  expect((await gateway.chat({ n: 3 })).status).toBe(200)
})

test('a client that goes away before the answer: its orders end within one token', async () => {
  const controller = new AbortController()
  const gateway = createTestGateway({
    script: () => ({
      chunks: Array.from({ length: 50 }, () => [97]),
      beforeChunk: (chunk) => {
        if (chunk === 10) {
          controller.abort()
        }
      },
    }),
  })
  const response = await gateway.chat({}, { signal: controller.signal })
  expect(response.status).toBe(499)
  expect(gateway.desk.orders[0]).toMatchObject({ delivered: 10, isOver: true })
  expect(gateway.metrics.render()).toContain('tailrace_gateway_orders_total{outcome="aborted"} 1')
  const late = await gateway.chat({}, { signal: AbortSignal.abort() })
  expect(late.status).toBe(499)
  expect(gateway.desk.orders).toHaveLength(1)
})

test('what is measured of a request', async () => {
  const gateway = createTestGateway({
    script: () => ({ ...textScript('abcde'), beforeChunk: () => void gateway.clock.advance(50) }),
  })
  await gateway.chat({})
  const text = gateway.metrics.render()
  const labels = 'gen_ai_operation_name="chat",gen_ai_request_model="bytes"'
  expect(text).toContain(`gen_ai_server_request_duration_seconds_count{${labels},error_type=""} 1`)
  expect(text).toContain(`gen_ai_server_time_to_first_token_seconds_count{${labels}} 1`)
  expect(text).toContain(`gen_ai_server_time_per_output_token_seconds_count{${labels}} 1`)
  expect(text).toContain(
    'gen_ai_client_token_usage_tokens_sum{gen_ai_request_model="bytes",gen_ai_token_type="input"} 20',
  )
  expect(text).toContain(
    'gen_ai_client_token_usage_tokens_sum{gen_ai_request_model="bytes",gen_ai_token_type="output"} 5',
  )
  expect(text).toContain('tailrace_gateway_orders_total{outcome="length"} 1')
  expect(text).toContain('tailrace_gateway_active_orders 0')
})
