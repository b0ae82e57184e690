import { expect, test } from 'vitest'
import { createTestGateway } from '../../../test/support/gateway/test-gateway.ts'
import type { OpenAiError } from '../errors.ts'
import { GATEWAY_LIMITS } from '../limits.ts'
import { BodyBudget, readJsonBody } from './read-json-body.ts'

const PATH = '/v1/chat/completions'

async function outcome(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { error: OpenAiError }).error.code]
}

function nested(depth: number, open = '[', close = ']'): string {
  return open.repeat(depth) + close.repeat(depth)
}

test.each([
  ['nothing', ''],
  ['half', '{"model":"bytes"'],
  ['two', '{}{}'],
  ['NaN', '{"model":"bytes","temperature":NaN}'],
  ['Infinity', '{"temperature":-Infinity}'],
  ['a comma too many', '{"a":1,}'],
  ['single quotes', "{'a':1}"],
  ['a raw line break in a text', '{"a":"\n"}'],
  ['a mark before it is fine, but not this', '\u0000{}'],
  ['closing what was not opened', ']]]]]]'],
])('not JSON: %s', async (_name, body) => {
  const gateway = createTestGateway()
  const response = await gateway.post(PATH, body)
  expect(await outcome(response)).toEqual([400, 'invalid_json'])
})

test('not UTF-8', async () => {
  const gateway = createTestGateway()
  const body = new Uint8Array([...new TextEncoder().encode('{"model":"'), 0xff, 0x22, 0x7d])
  expect(await outcome(await gateway.post(PATH, body))).toEqual([400, 'invalid_json'])
})

test('nesting: 32 levels are read, 33 are not, a million do not hang', async () => {
  const gateway = createTestGateway()
  const body = (value: string) =>
    `{"model":"bytes","messages":[{"role":"user","content":"x"}],"metadata":{"a":${value}}}`
  expect((await gateway.post(PATH, body(nested(30)))).status).toBe(200)
  for (const value of [nested(31), nested(1_000_000), nested(1_000_000, '{"a":', '}'), '['.repeat(5_000_000)]) {
    expect(await outcome(await gateway.post(PATH, body(value)))).toEqual([400, 'json_too_deep'])
  }
})

test('brackets and quotes within texts do not count', async () => {
  const gateway = createTestGateway()
  const content = `${'['.repeat(40)}\\"${'{'.repeat(40)}`
  const body = `{"model":"bytes","messages":[{"role":"user","content":"${content}"}]}`
  expect((await gateway.post(PATH, body)).status).toBe(200)
})

test.each([
  [undefined, 415],
  ['text/plain', 415],
  ['application/x-www-form-urlencoded', 415],
  ['application/jsonx', 415],
  ['application/json; charset=latin1', 415],
  ['application/json', 200],
  ['Application/JSON; charset=UTF-8', 200],
  ['application/json; charset="utf-8"', 200],
])('content type %s → %i', async (type, status) => {
  const gateway = createTestGateway()
  const headers = { authorization: 'Bearer tk_test', ...(type === undefined ? {} : { 'content-type': type }) }
  const text = '{"model":"bytes","messages":[{"role":"user","content":"x"}]}'
  const request = new Request(`http://gateway${PATH}`, {
    method: 'POST',
    body: new TextEncoder().encode(text),
    headers,
  })
  const response = await gateway.handle(request)
  expect(response.status).toBe(status)
  if (status === 415) {
    expect(await outcome(response)).toEqual([415, 'unsupported_media_type'])
  }
})

test('compressed bodies are refused', async () => {
  const gateway = createTestGateway()
  const response = await gateway.post(PATH, '{}', { headers: { 'content-encoding': 'gzip' } })
  expect(await outcome(response)).toEqual([415, 'unsupported_media_type'])
})

test('10 MiB are read, one byte more is not; nor is a length that says so', async () => {
  const gateway = createTestGateway()
  const frame = '{"model":"bytes","messages":[{"role":"user","content":""}],"metadata":{"a":""}}'
  const body = (bytes: number) => frame.replace('{"a":""}', `{"a":"${'x'.repeat(bytes - frame.length)}"}`)
  expect((await gateway.post(PATH, body(GATEWAY_LIMITS.bodyBytes))).status).toBe(200)
  expect(await outcome(await gateway.post(PATH, body(GATEWAY_LIMITS.bodyBytes + 1)))).toEqual([413, 'body_too_large'])
  const announced = await gateway.post(PATH, '{}', { headers: { 'content-length': String(2 ** 40) } })
  expect(await outcome(announced)).toEqual([413, 'body_too_large'])
})

test('an endless body is cut off, and its source told', async () => {
  const gateway = createTestGateway()
  let sent = 0
  const cancelled = Promise.withResolvers<void>()
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent++
      controller.enqueue(new Uint8Array(1_048_576).fill(0x20))
    },
    cancel: () => cancelled.resolve(),
  })
  const response = await gateway.post(PATH, '', { body: endless, duplex: 'half' } as RequestInit)
  expect(await outcome(response)).toEqual([413, 'body_too_large'])
  await cancelled.promise
  expect(sent).toBeLessThan(14)
})

test('a body that breaks off is the client going away', async () => {
  const gateway = createTestGateway()
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('reset')) })
  const response = await gateway.post(PATH, '', { body: broken, duplex: 'half' } as RequestInit)
  expect(await outcome(response)).toEqual([499, 'aborted'])
})

test('all bodies together have a bound, and what was read is given back', async () => {
  const budget = new BodyBudget(10)
  const request = (text: string, type = 'application/json') =>
    new Request('http://gateway/', { method: 'POST', body: text, headers: { 'content-type': type } })
  await expect(readJsonBody(request('"123456789"'), budget)).rejects.toMatchObject({ code: 'overloaded' })
  expect((await readJsonBody(request('"12345678"'), budget)).value).toBe('12345678')
  expect((await readJsonBody(request('"12345678"'), budget)).value).toBe('12345678')
  await expect(readJsonBody(request('{"a":'), budget)).rejects.toMatchObject({ code: 'invalid_json' })
  expect(budget.take(10)).toBe(true)
})
