/**
 * Chat bodies that no gateway may answer with anything but a refusal, made from a seed: text that is no JSON, JSON that is no
 * request, requests whose fields are wrong, unknown, too many or too large. Each has a name that says what is wrong with it.
 */
import { createRandom } from '../sampling-logits.ts'

export interface MalformedBody {
  readonly what: string
  readonly body: string | Uint8Array<ArrayBuffer>
  /** Beside the key; `application/json` where it does not say. */
  readonly contentType?: string
}

type Random = () => number
type Maker = (random: Random, model: string) => MalformedBody

/** Fields of a request, each with values that it must not have. */
const WRONG_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  model: [undefined, null, 1, '', 'no-such-model', ['whale'], 'm'.repeat(300), '\u0000', '../whale-0.9m'],
  messages: [
    undefined,
    null,
    'Hi',
    {},
    [],
    [null],
    [[]],
    ['Hi'],
    [{}],
    [{ role: 'user' }],
    [{ role: 'nobody', content: 'Hi' }],
    [{ role: 'user', content: 1 }],
    [{ role: 'user', content: {} }],
    [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }],
    [{ role: 'user', content: [{ type: 'text' }] }],
    [{ role: 'user', content: 'Hi', unknown: 1 }],
    [{ role: 'assistant', content: 'Hi', tool_calls: [{ id: 'x' }] }],
    [{ role: 'user', content: 'word '.repeat(400) }],
    new Array(3_000).fill({ role: 'user', content: '' }),
  ],
  stream: [1, 'true', {}, []],
  stream_options: [1, { include_usage: true }, { other: 1 }],
  n: [0, -1, 1.5, 6, 1e9, '2', {}],
  max_tokens: [0, -1, 0.5, 300, 1e12, 1e308, '10', []],
  max_completion_tokens: [0, -5, 2 ** 40, true],
  temperature: [-0.1, 2.1, 1e308, '1', []],
  top_p: [-1, 1.01, 'x', {}],
  frequency_penalty: [-2.1, 2.1, 'x'],
  presence_penalty: [-3, 3, []],
  seed: [1.5, '1', 1e30, {}],
  stop: [1, '', [''], ['a', 1], 'x'.repeat(300), new Array(17).fill('a'), {}],
  logit_bias: [1, [], { a: 1 }, { '-1': 1 }, { '1': 101 }, { '1': 'x' }, { '99999': 1 }, { '1.5': 1 }, bias(400)],
  logprobs: [1, 'yes', []],
  top_logprobs: [1, -1, 6, '1'],
  user: [1, {}, 'u'.repeat(2_000)],
  response_format: [{ type: 'json_object' }, 'text', 1],
  modalities: [['audio'], ['text', 'audio'], 'text'],
  tools: [[{ type: 'function', function: { name: 'f' } }], 'none', {}],
  tool_choice: ['required', { type: 'function' }],
  functions: [[{ name: 'f' }], 1],
  audio: [{ voice: 'a' }, 1],
  prediction: [{ type: 'content' }],
  reasoning_effort: ['high', 1],
  store: [true, 1],
  service_tier: ['flex', 1],
  metadata: [1, 'x', []],
  ['__proto__']: [{ temperature: 0 }, 1],
  constructor: [{ prototype: {} }, 1],
  best_of: [2],
  prompt: ['Hi'],
  '': [1],
}

function bias(entries: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: entries }, (_, token) => [String(token), 1]))
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T
}

function validBody(random: Random, model: string): Record<string, unknown> {
  const content = 'Tell me of the whale. '.repeat(1 + Math.floor(random() * 3))
  const extra = pick(random, [{}, { temperature: 0.5 }, { stream: true }, { seed: 3, n: 2 }, { stop: ['.'] }])
  return { model, messages: [{ role: 'user', content }], max_tokens: 4, ...extra }
}

/** JSON with one field set, `undefined` leaving it out; also names that an object literal cannot have. */
function withField(body: Record<string, unknown>, name: string, value: unknown): string {
  const entries = Object.entries(body).filter(([field]) => field !== name)
  const all = value === undefined ? entries : [...entries, [name, value] as const]
  return `{${all.map(([field, item]) => `${JSON.stringify(field)}:${JSON.stringify(item)}`).join(',')}}`
}

const WRONG_FIELDS = Object.entries(WRONG_VALUES).flatMap(([name, values]) => values.map((value) => ({ name, value })))

function wrongField(random: Random, model: string, index: number): MalformedBody {
  const { name, value } = WRONG_FIELDS[index % WRONG_FIELDS.length] as (typeof WRONG_FIELDS)[number]
  const whole = validBody(random, model)
  const body = withField(name === 'stream_options' ? { ...whole, stream: false } : whole, name, value)
  return { what: `${name} ${JSON.stringify(value)?.slice(0, 40)}`, body }
}

const MAKERS: readonly Maker[] = [
  (random, model) => {
    const field = `x_${Math.floor(random() * 1e9).toString(36)}`
    return {
      what: 'an unknown field',
      body: withField(validBody(random, model), field, pick(random, [1, 'a', {}, []])),
    }
  },
  (random, model) => {
    const text = JSON.stringify(validBody(random, model))
    return { what: 'cut off', body: text.slice(0, Math.floor(random() * text.length)) }
  },
  (random, model) => {
    const text = JSON.stringify(validBody(random, model))
    const at = 1 + Math.floor(random() * (text.length - 1))
    const broken = `${text.slice(0, at)}\u0007${text.slice(at)}`
    return { what: 'a control character', body: broken }
  },
  (random) => {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.floor(random() * 256))
    // No JSON text begins so.
    bytes[0] = 0xff
    return { what: 'bytes', body: bytes }
  },
  (random, model) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...validBody(random, model), user: 'uuuu' }))
    bytes.set([0xc3, 0x28], bytes.length - 5)
    return { what: 'no UTF-8', body: bytes }
  },
  (random) => ({
    what: 'no object',
    body: pick(random, ['', ' ', '[]', '1', '"x"', 'null', 'true', '[{}]', '{}', '{}{}']),
  }),
  (random, model) => {
    const depth = 40 + Math.floor(random() * 60_000)
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
    return { what: 'deep', body: `{"model":${JSON.stringify(model)},"messages":${nested}}` }
  },
  (random, model) => {
    const fields = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`f${index}`, index]))
    return { what: 'many fields', body: JSON.stringify({ ...validBody(random, model), ...fields }) }
  },
  (random, model) => {
    const body = JSON.stringify(validBody(random, model))
    const contentType = pick(random, [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      '',
    ])
    return { what: `media type ${contentType}`, body, contentType }
  },
  (random, model) => {
    // Under the bound of a body, far above that of a prompt.
    const content = 'whale '.repeat(20_000 + Math.floor(random() * 80_000))
    return {
      what: 'a long prompt',
      body: JSON.stringify({ ...validBody(random, model), messages: [{ role: 'user', content }] }),
    }
  },
]

/** One of this many is longer than a gateway takes: they are slow to send. */
const HUGE_EVERY = 125
const HUGE_BYTES = 11_000_000

/** Half of them have one wrong field, each of those that are known in turn. */
export function malformedBodies(count: number, seed: number, model: string): MalformedBody[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    if (index % HUGE_EVERY === HUGE_EVERY - 1) {
      return { what: 'huge', body: `{"model":"${'x'.repeat(HUGE_BYTES)}"}` }
    }
    const turn = index >> 1
    return index % 2 === 0 ? wrongField(random, model, turn) : (MAKERS[turn % MAKERS.length] as Maker)(random, model)
  })
}
