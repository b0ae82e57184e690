import { expect, test } from 'vitest'
import { API_KEY, createTestGateway, EMPTY_KEY } from '../../test/support/gateway/test-gateway.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { OpenAiError } from './errors.ts'
import type { OrderRow } from './ports.ts'

async function errorOf(response: Response): Promise<OpenAiError> {
  return ((await response.json()) as { error: OpenAiError }).error
}

test('models: the list, one, and one that is not there', async () => {
  const gateway = createTestGateway()
  const model = {
    id: 'bytes',
    object: 'model',
    created: 1_700_000_000,
    owned_by: 'tailrace',
    tailrace: { context_tokens: 256, default_max_tokens: 128 },
  }
  expect(await (await gateway.get('/v1/models')).json()).toEqual({ object: 'list', data: [model] })
  expect(await (await gateway.get('/v1/models/bytes')).json()).toEqual(model)
  const missing = await gateway.get('/v1/models/org%2Fother')
  expect(missing.status).toBe(404)
  expect(await errorOf(missing)).toEqual({
    message: "The model 'org/other' does not exist or is not served here.",
    type: 'invalid_request_error',
    param: 'model',
    code: 'model_not_found',
  })
})

test('health and metrics need no key', async () => {
  const gateway = createTestGateway()
  const health = await gateway.handle(new Request('http://gateway/healthz'))
  expect(await health.json()).toEqual({ status: 'ok' })
  const metrics = await gateway.handle(new Request('http://gateway/metrics'))
  expect(metrics.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await metrics.text()).toContain('tailrace_gateway_requests_total{route="healthz",status="200"} 1')
})

test('every answer carries its own x-request-id and is not stored', async () => {
  const gateway = createTestGateway()
  const responses = await Promise.all([gateway.get('/healthz'), gateway.get('/nowhere'), gateway.chat({})])
  const ids = responses.map((response) => response.headers.get('x-request-id'))
  expect(new Set(ids).size).toBe(3)
  for (const id of ids) {
    expect(id).toMatch(/^req_[0-9a-f]{32}$/)
  }
  expect(responses[0]?.headers.get('cache-control')).toBe('no-store')
})

test.each([
  ['no header', undefined, 401, 'invalid_api_key'],
  ['another scheme', 'Basic abc', 401, 'invalid_api_key'],
  ['no key', 'Bearer ', 401, 'invalid_api_key'],
  ['two words', 'Bearer a b', 401, 'invalid_api_key'],
  ['too long', `Bearer ${'k'.repeat(513)}`, 401, 'invalid_api_key'],
  ['a key that nobody knows', 'Bearer nobody', 401, 'invalid_api_key'],
  ['an empty escrow', `Bearer ${EMPTY_KEY}`, 402, 'insufficient_quota'],
])('keys: %s', async (_name, authorization, status, code) => {
  const gateway = createTestGateway()
  const paths = ['/v1/models', '/v1/models/bytes', '/v1/tailrace/orders', `/v1/tailrace/receipts/${'0'.repeat(64)}`]
  const calls = [
    ...paths.map((path) => new Request(`http://gateway${path}`)),
    ...['/v1/chat/completions', '/v1/completions'].map(
      (path) => new Request(`http://gateway${path}`, { method: 'POST', body: '{' }),
    ),
  ]
  for (const call of calls) {
    if (authorization !== undefined) {
      call.headers.set('authorization', authorization)
    }
    const response = await gateway.handle(call)
    expect(response.status).toBe(status)
    expect(response.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
    expect((await errorOf(response)).code).toBe(code)
  }
  expect(gateway.desk.orders).toEqual([])
})

test('the word Bearer is read in any case', async () => {
  const gateway = createTestGateway()
  expect((await gateway.get('/v1/models', { authorization: `bearer  ${API_KEY}` })).status).toBe(200)
})

test('unknown paths and methods', async () => {
  const gateway = createTestGateway()
  for (const path of [
    '/',
    '/v1',
    '/v1/models/',
    '/v1/chat/completions/',
    '/v1/models/%ff',
    '/v1/embeddings',
    '//v1/models',
  ]) {
    const response = await gateway.get(path)
    expect(response.status).toBe(404)
    expect((await errorOf(response)).code).toBe('unknown_url')
  }
  const long = await gateway.get(`/v1/models/${'m'.repeat(2_048)}`)
  expect(long.status).toBe(404)
  const wrong = await gateway.get('/v1/chat/completions')
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('POST')
  expect((await errorOf(wrong)).code).toBe('method_not_allowed')
  const deleting = await gateway.post('/v1/models', {}, { method: 'DELETE' })
  expect([deleting.status, deleting.headers.get('allow')]).toEqual([405, 'GET'])
  const options = await gateway.handle(new Request('http://gateway/v1/models', { method: 'OPTIONS' }))
  expect(options.status).toBe(405)
})

test('browsers: only the origins that are named, never a wildcard', async () => {
  const origin = 'http://127.0.0.1:5173'
  const gateway = createTestGateway({ allowedOrigins: [origin] })
  const allowed = await gateway.get('/v1/models', { origin })
  expect(allowed.status).toBe(200)
  expect(allowed.headers.get('access-control-allow-origin')).toBe(origin)
  expect(allowed.headers.get('access-control-expose-headers')).toContain('x-tailrace-order')
  expect(allowed.headers.get('vary')).toBe('origin')
  const preflight = await gateway.handle(
    new Request('http://gateway/v1/chat/completions', { method: 'OPTIONS', headers: { origin } }),
  )
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('POST')
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization, content-type')
  for (const other of ['https://example.com', 'http://127.0.0.1:5174', 'null']) {
    for (const method of ['GET', 'OPTIONS']) {
      const refused = await gateway.handle(
        new Request('http://gateway/v1/models', {
          method,
          headers: { origin: other, authorization: `Bearer ${API_KEY}` },
        }),
      )
      expect(refused.status).toBe(403)
      expect(refused.headers.get('access-control-allow-origin')).toBeNull()
    }
  }
  const closed = createTestGateway()
  expect((await closed.get('/v1/models', { origin })).status).toBe(403)
})

const ROW: OrderRow = {
  orderHash: 'ab'.repeat(32),
  atMs: 1_700_000_000_000,
  model: 'bytes',
  executor: 'tail1executor',
  skipped: [{ executor: 'tail1busy', reason: 'refused' }],
  promptTokens: 12,
  outputTokens: 34,
  price: 123_456_789_012_345_678n,
  state: 'done',
  batched: { id: 7n, txHash: 'CD' },
  check: 'passed',
}

test('orders: rows with their price as text, a limit with bounds', async () => {
  const gateway = createTestGateway({ orders: [ROW, { ...ROW, state: 'failed', errorCode: 'executor_lost' }] })
  const body = (await (await gateway.get('/v1/tailrace/orders')).json()) as { data: unknown[] }
  expect(body.data).toHaveLength(2)
  expect(body.data[0]).toEqual({
    object: 'tailrace.order',
    order: 'ab'.repeat(32),
    at_ms: 1_700_000_000_000,
    model: 'bytes',
    executor: 'tail1executor',
    skipped: [{ executor: 'tail1busy', reason: 'refused' }],
    prompt_tokens: 12,
    output_tokens: 34,
    price_utail: '123456789012345678',
    state: 'done',
    error_code: null,
    batched: { id: '7', tx_hash: 'CD' },
    check: 'passed',
  })
  expect(body.data[1]).toMatchObject({ state: 'failed', error_code: 'executor_lost' })
  const one = (await (await gateway.get('/v1/tailrace/orders?limit=1')).json()) as { data: unknown[] }
  expect(one.data).toHaveLength(1)
  for (const limit of ['0', '501', '-1', '1.5', 'x', '']) {
    const response = await gateway.get(`/v1/tailrace/orders?limit=${limit}`)
    expect(response.status).toBe(400)
    expect((await errorOf(response)).param).toBe('limit')
  }
})

test('receipts: a bundle to download, one that is not yet on chain, one that nobody has', async () => {
  const [ready, pending] = ['1'.repeat(64), '2'.repeat(64)]
  const gateway = createTestGateway({ bundles: { [ready]: { proof: [1, 2] }, [pending]: 'pending' } })
  const bundle = await gateway.get(`/v1/tailrace/receipts/${ready}`)
  expect(await bundle.json()).toEqual({ proof: [1, 2] })
  expect(bundle.headers.get('content-disposition')).toBe(`attachment; filename="receipt-${ready}.json"`)
  const later = await gateway.get(`/v1/tailrace/receipts/${pending}`)
  expect([later.status, later.headers.get('retry-after')]).toEqual([404, '5'])
  expect((await errorOf(later)).code).toBe('receipt_pending')
  for (const hash of ['3'.repeat(64), 'xyz', '1'.repeat(63)]) {
    const response = await gateway.get(`/v1/tailrace/receipts/${hash}`)
    expect([response.status, (await errorOf(response)).code]).toEqual([404, 'receipt_not_found'])
  }
})

test('a fault inside is a 500 that says nothing of the inside, and is logged', async () => {
  const gateway = createTestGateway({
    components: {
      models: {
        list: () => {
          throw new Error('secret path')
        },
        get: () => undefined,
      },
    },
  })
  const response = await gateway.get('/v1/models')
  expect(response.status).toBe(500)
  expect(await errorOf(response)).toEqual({
    message: 'Internal error.',
    type: 'server_error',
    param: null,
    code: 'internal_error',
  })
  expect(gateway.faults).toEqual(['a request failed: secret path'])
})

test('a port that throws a code of ours with fields that are none does not confuse the answer', async () => {
  const error = Object.assign(new CodedError('no_host', 'x'), { fields: 7 })
  const gateway = createTestGateway({ components: { sessions: { open: () => Promise.reject(error) } } })
  const response = await gateway.get('/v1/models')
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
})
