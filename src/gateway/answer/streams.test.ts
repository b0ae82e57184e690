import { expect, test } from 'vitest'
import { END_TOKEN } from '../../../test/support/gateway/byte-text.ts'
import { failure, textScript } from '../../../test/support/gateway/scripted-orders.ts'
import { parseChunks, readEvents, textOf } from '../../../test/support/gateway/sse.ts'
import { createTestGateway } from '../../../test/support/gateway/test-gateway.ts'
import { waitFor } from '../../../test/support/wait-for.ts'

const HEAD =
  '"id":"chatcmpl-00000000000000000000000000000002","object":"chat.completion.chunk","created":1700000000,"model":"bytes"'
const ORDER = `${'0'.repeat(63)}1`
const RECEIPT = `${'0'.repeat(63)}f`
const ORDERS = `"tailrace":{"orders":[{"index":0,"order":"${ORDER}","executor":"tail1executor0","receipt":"${RECEIPT}","price_utail":"2"}]}`

test('golden: a chat stream, byte for byte', async () => {
  const gateway = createTestGateway({ script: () => textScript('H"') })
  const response = await gateway.chat({ stream: true })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
  expect(response.headers.get('x-tailrace-order')).toBe(ORDER)
  expect(await response.text()).toBe(
    [
      `data: {${HEAD},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
      `data: {${HEAD},"choices":[{"index":0,"delta":{"content":"H"},"logprobs":null,"finish_reason":null}]}`,
      `data: {${HEAD},"choices":[{"index":0,"delta":{"content":"\\""},"logprobs":null,"finish_reason":null}]}`,
      `data: {${HEAD},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}],${ORDERS}}`,
      'data: [DONE]',
      '',
    ].join('\n\n'),
  )
})

test('golden: with usage', async () => {
  const gateway = createTestGateway({ script: () => textScript('Hi', 'stop') })
  const text = await (await gateway.chat({ stream: true, stream_options: { include_usage: true } })).text()
  const events = text.split('\n\n')
  expect(events[1]).toBe(
    `data: {${HEAD},"choices":[{"index":0,"delta":{"content":"H"},"logprobs":null,"finish_reason":null}],"usage":null}`,
  )
  expect(events.slice(3)).toEqual([
    `data: {${HEAD},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],${ORDERS},"usage":null}`,
    `data: {${HEAD},"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":2,"total_tokens":22}}`,
    'data: [DONE]',
    '',
  ])
})

test('golden: a legacy stream with log-probabilities', async () => {
  const gateway = createTestGateway({ script: () => textScript('a') })
  const response = await gateway.post('/v1/completions', { model: 'bytes', prompt: 'x', stream: true, logprobs: 1 })
  const events = await readEvents(response)
  const head = HEAD.replace('chatcmpl', 'cmpl').replace('chat.completion.chunk', 'text_completion')
  expect(events[0]?.replaceAll(/-0\.07\d*/g, '-0.07')).toBe(
    `{${head},"choices":[{"index":0,"text":"a","logprobs":{"text_offset":[0],"token_logprobs":[-0.07],"tokens":["a"],` +
      '"top_logprobs":[{"a":-0.07}]},"finish_reason":null}]}',
  )
  expect(events[1]).toContain(
    `{${head},"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"length"}],"tailrace":`,
  )
  expect(events.slice(2)).toEqual(['[DONE]'])
})

test('an error in the middle is the last event: no [DONE]', async () => {
  for (const kind of ['streamError', 'resultError'] as const) {
    const gateway = createTestGateway({ script: () => ({ ...textScript('abc'), [kind]: failure('executor_lost') }) })
    const response = await gateway.chat({ stream: true })
    expect(response.status).toBe(200)
    const events = await readEvents(response)
    expect(events).not.toContain('[DONE]')
    expect(textOf(parseChunks(events))).toBe('abc')
    expect(JSON.parse(events.at(-1) ?? '')).toEqual({
      error: {
        message: 'The host that served this order went away before its end. A new request is drawn anew.',
        type: 'server_error',
        param: null,
        code: 'executor_lost',
      },
    })
    expect(gateway.metrics.render()).toContain('tailrace_gateway_orders_total{outcome="executor_lost"} 1')
    expect(gateway.metrics.render()).toContain('tailrace_gateway_active_orders 0')
  }
})

test('an error of one choice ends all of them', async () => {
  const gateway = createTestGateway({
    script: (_wish, index) =>
      index === 1
        ? { chunks: [[98]], streamError: failure('chain_unreachable') }
        : {
            chunks: Array.from({ length: 100 }, () => [97]),
            beforeChunk: (chunk) => (chunk < 3 ? undefined : new Promise(() => undefined)),
          },
  })
  const events = await readEvents(await gateway.chat({ stream: true, n: 2 }))
  expect(parseChunks(events).at(-1)?.error?.code).toBe('chain_unreachable')
  expect(events).not.toContain('[DONE]')
  await waitFor('the other order to end', () => gateway.desk.orders[0]?.isOver)
})

test('choices come interleaved, as their executors deliver', async () => {
  const turns = ['a', 'b', 'a', 'b', 'b', 'a']
  const started = [Promise.withResolvers<void>()]
  let turn = 0
  /** Each executor waits until its letter is up. */
  const beforeChunk = (letter: string) => async () => {
    while (turns[turn] !== letter) {
      await started.at(-1)?.promise
    }
    turn++
    started.at(-1)?.resolve()
    started.push(Promise.withResolvers<void>())
  }
  const gateway = createTestGateway({
    script: (wish) => {
      const letter = wish.request.choice === 0 ? 'a' : 'b'
      return { ...textScript(letter.repeat(3)), beforeChunk: beforeChunk(letter) }
    },
  })
  const chunks = parseChunks(await readEvents(await gateway.chat({ stream: true, n: 2 })))
  const order = chunks.flatMap((chunk) => chunk.choices ?? []).filter((choice) => (choice.delta?.content ?? '') !== '')
  expect(order.map((choice) => choice.delta?.content).join('')).toBe(turns.join(''))
  expect([textOf(chunks, 0), textOf(chunks, 1)]).toEqual(['aaa', 'bbb'])
  const ends = chunks.flatMap((chunk) => chunk.choices ?? []).filter((choice) => choice.finish_reason !== null)
  expect(ends.map(({ index }) => index).sort()).toEqual([0, 1])
})

test('characters that span tokens come whole; stop texts that span tokens never show', async () => {
  const gateway = createTestGateway({ script: () => textScript('naïve 🐋 END of it', 'stop') })
  const chunks = parseChunks(await readEvents(await gateway.chat({ stream: true, stop: ['END', '🐙'] })))
  const pieces = chunks.flatMap((chunk) => chunk.choices ?? []).map((choice) => choice.delta?.content ?? '')
  expect(pieces.join('')).toBe('naïve 🐋 ')
  expect(pieces.some((piece) => piece.includes('\ufffd') || piece.includes('E'))).toBe(false)
  expect(chunks.at(-1)?.choices?.[0]?.finish_reason).toBe('stop')
})

test('text held back for a stop that does not come is shown at the end', async () => {
  const gateway = createTestGateway({
    script: () => ({ chunks: [...Buffer.from('so ST'), END_TOKEN].map((token) => [token]), finish: 'stop' }),
  })
  const chunks = parseChunks(await readEvents(await gateway.chat({ stream: true, stop: 'STOP', logprobs: true })))
  expect(textOf(chunks)).toBe('so ST')
  const logprobs = chunks.flatMap((chunk) => chunk.choices ?? []) as unknown as {
    logprobs: { content: { token: string }[] } | null
  }[]
  expect(
    logprobs
      .flatMap((choice) => choice.logprobs?.content ?? [])
      .map(({ token }) => token)
      .join(''),
  ).toBe('so ST')
})

test('backpressure: an executor is asked for no more than the client takes', async () => {
  const gateway = createTestGateway({ script: () => ({ chunks: Array.from({ length: 100 }, () => [97]) }) })
  const response = await gateway.chat({ stream: true })
  const order = gateway.desk.orders[0]
  expect(order?.delivered).toBe(0)
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  expect(order?.delivered).toBe(0)
  for (let taken = 1; taken <= 20; taken++) {
    await reader.read()
    // The next one may already be asked for.
    expect(order?.delivered).toBeLessThanOrEqual(taken + 1)
  }
  await reader.cancel()
})

test.each(['cancel', 'signal'] as const)(
  'a client that leaves ends its orders within one token: by %s',
  async (way) => {
    const controller = new AbortController()
    const gateway = createTestGateway({ script: () => ({ chunks: Array.from({ length: 100 }, () => [97]) }) })
    const response = await gateway.chat({ stream: true, n: 2 }, { signal: controller.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (let taken = 0; taken < 8; taken++) {
      await reader.read()
    }
    const before = gateway.desk.orders.map(({ delivered }) => delivered)
    if (way === 'cancel') {
      await reader.cancel()
    } else {
      controller.abort()
      await reader.read()
    }
    await waitFor('both orders to end', () => gateway.desk.orders.every(({ isOver }) => isOver))
    for (const [index, order] of gateway.desk.orders.entries()) {
      expect(order.wish.signal.aborted).toBe(true)
      expect(order.delivered).toBeLessThanOrEqual((before[index] ?? 0) + 1)
    }
    const metrics = gateway.metrics.render()
    expect(metrics).toContain('tailrace_gateway_active_orders 0')
    expect(metrics).toContain('tailrace_gateway_orders_total{outcome="aborted"} 2')
  },
)

test('a client that leaves while its executor says nothing gives the slots back at once', async () => {
  const gateway = createTestGateway({
    maxConcurrentOrders: 1,
    script: (_wish, index) =>
      index === 0 ? { chunks: [[97]], beforeChunk: () => new Promise(() => undefined) } : textScript('b'),
  })
  const response = await gateway.chat({ stream: true })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  const pending = reader.read()
  expect((await gateway.chat({})).status).toBe(429)
  await reader.cancel()
  await pending
  expect((await gateway.chat({})).status).toBe(200)
})
