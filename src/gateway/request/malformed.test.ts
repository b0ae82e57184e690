/**
 * A thousand malformed chat bodies, made from valid ones by breaking them: each is refused with a 4xx in OpenAI's shape, none is a
 * fault of the gateway, none becomes an order. The seeds are fixed, so a failure repeats.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTestGateway } from '../../../test/support/gateway/test-gateway.ts'

const PATH = '/v1/chat/completions'
const BODIES = 1_000

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const validBody = fc.record(
  {
    model: fc.constant('bytes'),
    messages: fc.array(
      fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string({ maxLength: 10 }) }),
      { minLength: 1, maxLength: 3 },
    ),
    stream: fc.boolean(),
    n: fc.integer({ min: 1, max: 5 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    seed: fc.integer(),
    stop: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 3 }),
    logit_bias: fc.constant({ '5': 1 }),
    max_tokens: fc.integer({ min: 1, max: 50 }),
  },
  { requiredKeys: ['model', 'messages'] },
)

/** Values that are wrong wherever a number, text, list or object of the request stands. */
const wrongValue: fc.Arbitrary<Json> = fc.constantFrom<Json[]>(
  { deep: { er: [] } },
  [[[[]]]],
  '\u0000\u{10ffff}\ud800',
  -1e308,
  1.5e300,
  -0.001,
  true,
  [null],
  { length: 1e9 },
  'NaN',
)

const FIELD_TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  model: (value) => value === 'bytes',
  messages: () => false,
  stream: (value) => typeof value === 'boolean',
  n: () => false,
  temperature: () => false,
  seed: () => false,
  stop: (value) => typeof value === 'string',
  logit_bias: () => false,
  max_tokens: () => false,
}

/** One field is replaced by a value that it cannot have. */
const wrongField = fc
  .tuple(validBody, fc.constantFrom(...Object.keys(FIELD_TYPES)), wrongValue)
  .filter(([, field, value]) => FIELD_TYPES[field]?.(value) === false)
  .map(([body, field, value]) => JSON.stringify({ ...body, [field]: value }))

const unknownField = fc
  .tuple(validBody, fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }), fc.jsonValue())
  .map(([body, field, value]) => JSON.stringify({ ...body, [`x_${field}`]: value ?? 1 }))

const wrongMessage = fc
  .tuple(
    validBody,
    fc.constantFrom<Json[]>(7, 'x', [], { role: 'root', content: 'x' }, { role: 'user', content: null }),
  )
  .map(([body, message]) => JSON.stringify({ ...body, messages: [...body.messages, message] }))

/** Cut anywhere before its end, a JSON object is none. */
const truncated = validBody
  .map((body) => JSON.stringify(body))
  .chain((text) => fc.integer({ min: 0, max: text.length - 1 }).map((length) => text.slice(0, length)))

const deep = fc
  .tuple(fc.integer({ min: 33, max: 20_000 }), fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[{"b":', '}]']))
  .map(
    ([depth, [open = '', close = '']]) => `{"model":"bytes","messages":${open.repeat(depth)}1${close.repeat(depth)}}`,
  )

const hugeNumber = fc
  .tuple(
    fc.constantFrom('n', 'temperature', 'seed', 'max_tokens', 'top_p'),
    fc.constantFrom('1e999', '-1e999', '9'.repeat(400)),
  )
  .map(([field, value]) => `{"model":"bytes","messages":[{"role":"user","content":"x"}],"${field}":${value}}`)

const notJson = fc
  .tuple(
    fc.constantFrom('n', 'seed', 'messages'),
    fc.constantFrom('NaN', 'Infinity', 'undefined', '0x10', '01', "'a'", '+1', '.5'),
  )
  .map(([field, value]) => `{"model":"bytes","${field}":${value}}`)

const bytes = fc.uint8Array({ maxLength: 200 })

const malformed: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  wrongField,
  unknownField,
  wrongMessage,
  truncated,
  deep,
  hugeNumber,
  notJson,
  bytes,
  fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
  fc.string({ unit: 'binary' }),
)

test(`${BODIES} malformed bodies: each a 4xx in OpenAI's shape, no fault, no order`, async () => {
  const gateway = createTestGateway()
  await fc.assert(
    fc.asyncProperty(malformed, async (body) => {
      const response = await gateway.post(PATH, body)
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.status).toBeLessThan(500)
      expect(response.headers.get('x-request-id')).toMatch(/^req_/)
      const answer = (await response.json()) as { error: Record<string, unknown> }
      expect(Object.keys(answer)).toEqual(['error'])
      expect(answer.error).toEqual({
        message: expect.stringMatching(/./),
        type: 'invalid_request_error',
        param: answer.error.param === null ? null : expect.any(String),
        code: expect.stringMatching(/^[a-z_]+$/),
      })
      expect(String(answer.error.message).length).toBeLessThan(600)
    }),
    { numRuns: BODIES, seed: 20_260_713 },
  )
  expect(gateway.faults).toEqual([])
  expect(gateway.desk.orders).toEqual([])
})

test('any bytes at all never make a fault', async () => {
  const gateway = createTestGateway()
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        validBody.map((body) => JSON.stringify(body)),
        malformed,
      ),
      async (body) => {
        const response = await gateway.post(PATH, body)
        expect([200, 400, 404]).toContain(response.status)
        await response.text()
      },
    ),
    { numRuns: 500, seed: 7 },
  )
  expect(gateway.faults).toEqual([])
  expect(gateway.metrics.render()).toContain('tailrace_gateway_active_orders 0')
})

test('very many of something: refused before much is done with it', async () => {
  const gateway = createTestGateway()
  const head = '{"model":"bytes","messages":[{"role":"user","content":"x"}]'
  const bodies = [
    `{"model":"bytes","messages":[${'0,'.repeat(4_000_000)}0]}`,
    `{"model":"bytes","messages":[${'{},'.repeat(3_000_000)}{}]}`,
    `{"model":"bytes","messages":[{"role":"user","content":[${'0,'.repeat(4_000_000)}0]}]}`,
    `${head},"stop":[${'"a",'.repeat(2_000_000)}"a"]}`,
    `${head},"logit_bias":{${Array.from({ length: 500_000 }, (_, index) => `"${index}":1`).join(',')}}}`,
    `${head},${Array.from({ length: 500_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
    `${head.replace('"x"', `"${'y'.repeat(9_000_000)}"`)}}`,
  ]
  for (const body of bodies) {
    const response = await gateway.post(PATH, body)
    expect(response.status).toBe(400)
    expect((await response.text()).length).toBeLessThan(1_000)
  }
  expect(gateway.faults).toEqual([])
})

test('a value that cannot become a number is a wrong value, not a fault of the gateway', async () => {
  const gateway = createTestGateway()
  const hostile = { length: { toString: 1, valueOf: 1 } }
  for (const field of ['model', 'messages', 'stop', 'user', 'logit_bias', 'seed']) {
    const response = await gateway.chat({ [field]: hostile })
    expect([field, response.status]).toEqual([field, 400])
  }
  expect(gateway.faults).toEqual([])
})
