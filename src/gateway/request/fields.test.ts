import { expect, test } from 'vitest'
import { createTestGateway } from '../../../test/support/gateway/test-gateway.ts'
import type { OpenAiError } from '../errors.ts'

async function refusalOf(response: Response): Promise<[number, string | null, string]> {
  const { error } = (await response.json()) as { error: OpenAiError }
  expect(error).toEqual({
    message: expect.any(String),
    type: 'invalid_request_error',
    param: error.param,
    code: expect.any(String),
  })
  return [response.status, error.param, error.code]
}

const user = { role: 'user', content: 'Hi' }

test.each<[string, object]>([
  ['stream', { stream: false }],
  ['n', { n: 5 }],
  ['max_tokens', { max_tokens: 1 }],
  ['max_completion_tokens', { max_completion_tokens: 1 }],
  ['both, equal', { max_tokens: 3, max_completion_tokens: 3 }],
  ['temperature', { temperature: 2 }],
  ['top_p', { top_p: 1 }],
  ['penalties', { frequency_penalty: -2, presence_penalty: 2 }],
  ['logit_bias', { logit_bias: { '5': -100, '6': 100 } }],
  ['an empty logit_bias', { logit_bias: {} }],
  ['stop as text', { stop: '\n' }],
  ['no stops', { stop: [] }],
  [
    '16 stops of 256 bytes',
    { stop: Array.from({ length: 16 }, (_, i) => `${String(i).padStart(2, '0')}${'é'.repeat(127)}`) },
  ],
  ['logprobs', { logprobs: true, top_logprobs: 5 }],
  ['logprobs: false', { logprobs: false }],
  ['user', { user: 'u-1' }],
  ['store: false', { store: false }],
  ['metadata', { metadata: { a: 'b' } }],
  ['service_tier', { service_tier: 'auto' }],
  ['verbosity', { verbosity: 'medium' }],
  ['reasoning_effort', { reasoning_effort: 'none' }],
  ['response_format', { response_format: { type: 'text' } }],
  ['modalities', { modalities: ['text'] }],
  ['no tools', { tools: [], tool_choice: 'auto', parallel_tool_calls: true, functions: [], function_call: 'none' }],
  ['caches', { prompt_cache_key: 'k', prompt_cache_retention: '24h', prompt_cache_options: { mode: 'auto' } }],
  ['safety_identifier', { safety_identifier: 's' }],
  [
    'nulls',
    Object.fromEntries(
      ['stream', 'n', 'seed', 'stop', 'tools', 'audio', 'logit_bias', 'max_tokens', 'user', 'stream_options', 'store']
        .concat(['prediction', 'web_search_options', 'moderation', 'response_format', 'metadata', 'top_logprobs'])
        .map((field) => [field, null]),
    ),
  ],
  [
    'parts',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'H' },
            { type: 'text', text: 'i', prompt_cache_breakpoint: { mode: 'explicit' } },
          ],
        },
      ],
    },
  ],
  ['no parts', { messages: [{ role: 'user', content: [] }] }],
  ['names', { messages: [{ ...user, name: 'Ada' }] }],
  ['roles', { messages: ['system', 'developer', 'user', 'assistant', 'tool'].map((role) => ({ role, content: 'x' })) }],
  ['a tool that answered', { messages: [user, { role: 'tool', content: 'x', tool_call_id: 'call_1', name: 'f' }] }],
  [
    'an answer handed back',
    {
      messages: [
        user,
        {
          role: 'assistant',
          content: 'x',
          refusal: null,
          tool_calls: null,
          audio: null,
          annotations: [],
          parsed: null,
        },
      ],
    },
  ],
  [
    'an assistant without content',
    { messages: [user, { role: 'assistant', content: null, tool_calls: [] }, { role: 'assistant' }] },
  ],
  ['16 empty messages', { messages: Array.from({ length: 16 }, () => ({ role: 'user', content: '' })) }],
])('accepted: %s', async (_name, fields) => {
  const gateway = createTestGateway()
  const response = await gateway.chat(fields)
  expect([response.status, response.status === 200 ? '' : await response.text()]).toEqual([200, ''])
})

test('parts are joined; developer is what templates call system', async () => {
  const gateway = createTestGateway()
  const parts = ['one ', 'two'].map((text) => ({ type: 'text', text }))
  await gateway.chat({
    messages: [
      { role: 'developer', content: 'be brief \ud800' },
      { role: 'user', content: parts },
    ],
  })
  const prompt = new TextDecoder().decode(Uint8Array.from(gateway.desk.orders[0]?.wish.prompt ?? []))
  expect(prompt).toBe('system: be brief \ufffd\nuser: one two\nassistant: ')
})

const LONG = 'x'.repeat(1_025)

test.each<[object, string, string]>([
  [{ model: undefined }, 'model', 'missing_required_parameter'],
  [{ model: 7 }, 'model', 'invalid_type'],
  [{ model: '' }, 'model', 'invalid_value'],
  [{ model: 'm'.repeat(257) }, 'model', 'invalid_value'],
  [{ messages: undefined }, 'messages', 'missing_required_parameter'],
  [{ messages: null }, 'messages', 'missing_required_parameter'],
  [{ messages: [] }, 'messages', 'invalid_value'],
  [{ messages: {} }, 'messages', 'invalid_value'],
  [{ messages: Array.from({ length: 2_049 }, () => user) }, 'messages', 'invalid_value'],
  [{ messages: ['Hi'] }, 'messages[0]', 'invalid_type'],
  [{ messages: [user, { content: 'x' }] }, 'messages[1].role', 'missing_required_parameter'],
  [{ messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role', 'invalid_value'],
  [{ messages: [{ role: 'user' }] }, 'messages[0].content', 'missing_required_parameter'],
  [{ messages: [{ role: 'user', content: null }] }, 'messages[0].content', 'missing_required_parameter'],
  [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content', 'invalid_value'],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
    'messages[0].content[0].type',
    'invalid_value',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    'messages[0].content[0].text',
    'missing_required_parameter',
  ],
  [
    { messages: [{ role: 'user', content: Array.from({ length: 257 }, () => ({ type: 'text', text: '' })) }] },
    'messages[0].content',
    'invalid_value',
  ],
  [{ messages: [{ ...user, mood: 'good' }] }, 'messages[0].mood', 'unknown_parameter'],
  [{ messages: [{ ...user, name: LONG }] }, 'messages[0].name', 'invalid_value'],
  [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'a' }] }] }, 'messages[0].tool_calls', 'unsupported_parameter'],
  [
    { messages: [{ role: 'assistant', content: '', audio: { id: 'a' } }] },
    'messages[0].audio',
    'unsupported_parameter',
  ],
  [{ temperature: 2.01 }, 'temperature', 'invalid_value'],
  [{ temperature: -1 }, 'temperature', 'invalid_value'],
  [{ temperature: '1' }, 'temperature', 'invalid_type'],
  [{ top_p: 1.1 }, 'top_p', 'invalid_value'],
  [{ frequency_penalty: 2.1 }, 'frequency_penalty', 'invalid_value'],
  [{ presence_penalty: -2.1 }, 'presence_penalty', 'invalid_value'],
  [{ n: 0 }, 'n', 'invalid_value'],
  [{ n: 6 }, 'n', 'invalid_value'],
  [{ n: 1.5 }, 'n', 'invalid_type'],
  [{ max_tokens: 0 }, 'max_tokens', 'invalid_value'],
  [{ max_tokens: 1.5 }, 'max_tokens', 'invalid_type'],
  [{ max_tokens: 2 ** 60 }, 'max_tokens', 'invalid_value'],
  [{ max_completion_tokens: -1 }, 'max_completion_tokens', 'invalid_value'],
  [{ max_tokens: 3, max_completion_tokens: 4 }, 'max_tokens', 'invalid_value'],
  [{ seed: 1.5 }, 'seed', 'invalid_value'],
  [{ seed: '1' }, 'seed', 'invalid_type'],
  [{ stop: '' }, 'stop', 'invalid_value'],
  [{ stop: 5 }, 'stop', 'invalid_value'],
  [{ stop: ['a', 5] }, 'stop[1]', 'invalid_type'],
  [{ stop: 'é'.repeat(129) }, 'stop', 'invalid_value'],
  [{ stop: Array.from({ length: 17 }, () => 'a') }, 'stop', 'invalid_value'],
  [{ logit_bias: [] }, 'logit_bias', 'invalid_value'],
  [{ logit_bias: { a: 1 } }, 'logit_bias.a', 'invalid_value'],
  [{ logit_bias: { '01': 1 } }, 'logit_bias.01', 'invalid_value'],
  [{ logit_bias: { '1': 101 } }, 'logit_bias.1', 'invalid_value'],
  [{ logit_bias: { '999': 1 } }, 'logit_bias', 'invalid_value'],
  [{ logit_bias: Object.fromEntries(Array.from({ length: 301 }, (_, i) => [i, 1])) }, 'logit_bias', 'invalid_value'],
  [{ logprobs: 5 }, 'logprobs', 'invalid_type'],
  [{ logprobs: true, top_logprobs: 6 }, 'top_logprobs', 'invalid_value'],
  [{ top_logprobs: 1 }, 'top_logprobs', 'invalid_value'],
  [{ stream: 'yes' }, 'stream', 'invalid_type'],
  [{ stream_options: { include_usage: true } }, 'stream_options', 'invalid_value'],
  [{ stream: true, stream_options: { include_usage: 1 } }, 'stream_options.include_usage', 'invalid_type'],
  [{ stream: true, stream_options: { more: 1 } }, 'stream_options.more', 'unknown_parameter'],
  [
    { stream: true, stream_options: { include_obfuscation: true } },
    'stream_options.include_obfuscation',
    'unsupported_parameter',
  ],
  [{ user: LONG }, 'user', 'invalid_value'],
  [{ metadata: 'x' }, 'metadata', 'invalid_value'],
  [{ store: true }, 'store', 'unsupported_parameter'],
  [{ service_tier: 'flex' }, 'service_tier', 'unsupported_parameter'],
  [{ verbosity: 'low' }, 'verbosity', 'unsupported_parameter'],
  [{ reasoning_effort: 'high' }, 'reasoning_effort', 'unsupported_parameter'],
  [{ response_format: { type: 'json_object' } }, 'response_format', 'unsupported_parameter'],
  [{ modalities: ['text', 'audio'] }, 'modalities', 'unsupported_parameter'],
  [{ tools: [{ type: 'function' }] }, 'tools', 'unsupported_parameter'],
  [{ tool_choice: 'required' }, 'tool_choice', 'unsupported_parameter'],
  [{ functions: [{}] }, 'functions', 'unsupported_parameter'],
  [{ function_call: { name: 'f' } }, 'function_call', 'unsupported_parameter'],
  [{ audio: {} }, 'audio', 'unsupported_parameter'],
  [{ prediction: {} }, 'prediction', 'unsupported_parameter'],
  [{ web_search_options: {} }, 'web_search_options', 'unsupported_parameter'],
  [{ moderation: { model: 'm' } }, 'moderation', 'unsupported_parameter'],
  [{ echo: true }, 'echo', 'unknown_parameter'],
  [{ top_k: 5 }, 'top_k', 'unknown_parameter'],
  [{ constructor: 1 }, 'constructor', 'unknown_parameter'],
  [{ ['k'.repeat(300)]: 1 }, `${'k'.repeat(128)}…`, 'unknown_parameter'],
  [{ '\ud800': 1 }, '\ufffd', 'unknown_parameter'],
])('refused by name: %j → %s', async (fields, param, code) => {
  const gateway = createTestGateway()
  expect(await refusalOf(await gateway.chat(fields))).toEqual([400, param, code])
  expect(gateway.desk.orders).toEqual([])
})

test('a field called __proto__ is unknown like any other', async () => {
  const gateway = createTestGateway()
  const body = '{"model":"bytes","messages":[{"role":"user","content":"x"}],"__proto__":{"n":2}}'
  expect(await refusalOf(await gateway.post('/v1/chat/completions', body))).toEqual([
    400,
    '__proto__',
    'unknown_parameter',
  ])
  const inner = '{"model":"bytes","messages":[{"role":"user","content":"x","__proto__":{"name":"a"}}]}'
  expect((await gateway.post('/v1/chat/completions', inner)).status).toBe(400)
})

test.each<[object, string, string]>([
  [{ prompt: undefined }, 'prompt', 'missing_required_parameter'],
  [{ prompt: null }, 'prompt', 'missing_required_parameter'],
  [{ prompt: '' }, 'prompt', 'invalid_value'],
  [{ prompt: [] }, 'prompt', 'invalid_value'],
  [{ prompt: {} }, 'prompt', 'invalid_value'],
  [{ prompt: [[]] }, 'prompt[0]', 'invalid_value'],
  [{ prompt: ['a', 1] }, 'prompt[1]', 'invalid_value'],
  [{ prompt: [1.5] }, 'prompt[0]', 'invalid_value'],
  [{ prompt: [-1] }, 'prompt[0]', 'invalid_value'],
  [{ prompt: [257] }, 'prompt', 'invalid_value'],
  [{ prompt: Array.from({ length: 6 }, () => 'a') }, 'prompt', 'invalid_value'],
  [{ prompt: ['a', 'b', 'c'], n: 2 }, 'prompt', 'invalid_value'],
  [{ prompt: 'a', echo: true }, 'echo', 'unsupported_parameter'],
  [{ prompt: 'a', suffix: 'b' }, 'suffix', 'unsupported_parameter'],
  [{ prompt: 'a', best_of: 2 }, 'best_of', 'unsupported_parameter'],
  [{ prompt: 'a', logprobs: 6 }, 'logprobs', 'invalid_value'],
  [{ prompt: 'a', logprobs: true }, 'logprobs', 'invalid_type'],
  [{ prompt: 'a', messages: [] }, 'messages', 'unknown_parameter'],
  [{ prompt: 'a', max_completion_tokens: 5 }, 'max_completion_tokens', 'unknown_parameter'],
])('refused by name in the legacy form: %j → %s', async (fields, param, code) => {
  const gateway = createTestGateway()
  const response = await gateway.post('/v1/completions', { model: 'bytes', ...fields })
  expect(await refusalOf(response)).toEqual([400, param, code])
})

test('the legacy form as LangChain sends it', async () => {
  const gateway = createTestGateway()
  const body = { model: 'bytes', prompt: ['a'], n: 1, best_of: 1, echo: false, suffix: null, stream: false, user: 'u' }
  expect((await gateway.post('/v1/completions', body)).status).toBe(200)
})

test.each(['[]', '"x"', '7', 'null', 'true'])('a body that is no object: %s', async (body) => {
  const gateway = createTestGateway()
  expect((await refusalOf(await gateway.post('/v1/chat/completions', body))).slice(0, 1)).toEqual([400])
  expect((await refusalOf(await gateway.post('/v1/completions', body))).slice(0, 1)).toEqual([400])
})

test('a model that is not there', async () => {
  const gateway = createTestGateway()
  expect(await refusalOf(await gateway.chat({ model: 'gpt-4o' }))).toEqual([404, 'model', 'model_not_found'])
})
