/** The decoders of the outer edges: the gateway's requests, streams of peers, addresses, the chain's RPC, the screen, command lines. */

import { RpcError } from '../../../src/chain-node/rpc/json-rpc.ts'
import { RPC_METHODS } from '../../../src/chain-node/rpc/methods.ts'
import { decodeArguments, paramsFromUri } from '../../../src/chain-node/rpc/parameters.ts'
import { parseCommand } from '../../../src/cli/arguments.ts'
import { COMMANDS } from '../../../src/cli/commands.ts'
import { GATEWAY_LIMITS } from '../../../src/gateway/limits.ts'
import { parseChatRequest } from '../../../src/gateway/request/chat-request.ts'
import { parseLegacyRequest } from '../../../src/gateway/request/legacy-request.ts'
import { BodyBudget, readJsonBody } from '../../../src/gateway/request/read-json-body.ts'
import { decodeRaceJob } from '../../../src/ipc/compute-codec.ts'
import { computeJobSchema, computeReplySchema, leaseInputSchema } from '../../../src/ipc/wires/compute-wire.ts'
import { chatInputSchema } from '../../../src/ipc/wires/developer-wire.ts'
import { settingsPatchSchema } from '../../../src/ipc/wires/settings-wire.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { schemaVerdict } from '../../../src/lib/schema-verdict.ts'
import { fromCoreSchema, toCoreSchema } from '../../../src/main/electron/core/core-wire.ts'
import { parseDesktopArguments } from '../../../src/main/electron/desktop-arguments.ts'
import { parseMeminfo } from '../../../src/main/machine/linux-sensors.ts'
import { parseNvidia } from '../../../src/main/machine/nvidia-smi.ts'
import { parseSetting, SETTING_NAMES } from '../../../src/main/settings/setting-forms.ts'
import { parseAddresses } from '../../../src/p2p/libp2p-node.ts'
import { FrameBuffer, prefixed } from '../../../src/p2p/protocols/frame-buffer.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import {
  decodeAccountRequest,
  decodeAllBalancesRequest,
  decodeBalanceRequest,
  decodeSimulateRequest,
} from '../../../src/protocol/cosmos.ts'
import type { Random } from './bend-bytes.ts'
import { below, bentBytes, pick } from './bend-bytes.ts'
import { bentText, bentValue, strangeValue } from './bend-values.ts'
import type { Decoder } from './decode-many.ts'

const CHAT = {
  model: 'whale-0.9m',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
  max_tokens: 4,
  temperature: 0.5,
  seed: 7,
  stop: ['.'],
  logit_bias: { '5': 1 },
  stream: true,
}
const LEGACY = { model: 'whale-0.9m', prompt: 'Hi', max_tokens: 4, echo: false, n: 1, suffix: null }
const REQUEST_CODES = [
  'invalid_json',
  'json_too_deep',
  'body_too_large',
  'unsupported_media_type',
  'overloaded',
  'missing_required_parameter',
  'unknown_parameter',
  'unsupported_parameter',
  'invalid_type',
  'invalid_value',
]

/** From the bytes of a body to a request, as the gateway takes it. */
function requestDecoder(name: string, valid: object, parse: (body: never) => unknown): Decoder {
  const text = new TextEncoder().encode(JSON.stringify(valid))
  return {
    name,
    codes: REQUEST_CODES,
    every: 2,
    input: (random) => (random() < 0.7 ? bentText(random, [valid]) : bentBytes(random, [text])),
    decode: async (body: string | Uint8Array<ArrayBuffer>) => {
      const headers = { 'content-type': 'application/json' }
      const request = new Request('http://127.0.0.1/', { method: 'POST', headers, body })
      return parse((await readJsonBody(request, new BodyBudget(GATEWAY_LIMITS.bodyBytes))) as never)
    },
  }
}

const MOST_FRAME_BYTES = 4_096

function cutStream({ bytes, cut }: { readonly bytes: Uint8Array; readonly cut: number }): unknown {
  const buffer = new FrameBuffer()
  const frames: Uint8Array[] = []
  for (const piece of [bytes.slice(0, cut), bytes.slice(cut)]) {
    buffer.push(piece)
    for (let frame = buffer.take(MOST_FRAME_BYTES); frame !== undefined; frame = buffer.take(MOST_FRAME_BYTES)) {
      frames.push(frame)
    }
  }
  return frames
}

/** A refusal of a schema is a value of its own; none of them may throw. */
function schemaDecoder(name: string, schema: Parameters<typeof schemaVerdict>[0], valid: readonly unknown[]): Decoder {
  return {
    name,
    codes: ['refused_by_schema'],
    input: (random) => bentValue(random, valid),
    decode: (value: unknown) => {
      const verdict = schemaVerdict(schema, value)
      if (!verdict.success) {
        throw new CodedError('refused_by_schema', 'the schema refuses it')
      }
      return verdict.data
    },
  }
}

const RACE_JOB = {
  shape: 'dev',
  epochSeed: '01'.repeat(32),
  host: '02'.repeat(20),
  target: '03'.repeat(32),
  startNonce: '7',
  backend: 'cpu',
  dutyPpm: 100_000,
}
const SCHEMAS: readonly Decoder[] = [
  schemaDecoder('job of a tab', computeJobSchema, [{ kind: 'race', job: RACE_JOB }]),
  schemaDecoder('reply of a tab', computeReplySchema, [{ type: 'done' }, { type: 'failed', error: { code: 'x' } }]),
  schemaDecoder('lease of a tab', leaseInputSchema, [{ clientId: '0a'.repeat(16), force: false }]),
  schemaDecoder('settings of the screen', settingsPatchSchema, [{ dutyPpm: 5, notifyFault: true }]),
  schemaDecoder('chat of the screen', chatInputSchema, [{ model: 'x', messages: [{ role: 'user', content: 'Hi' }] }]),
  schemaDecoder('word to the core', toCoreSchema, [
    { type: 'stop', safely: true },
    { type: 'power', event: 'suspend' },
  ]),
  schemaDecoder('word of the core', fromCoreSchema, [{ type: 'ready' }]),
]

const METHODS = Object.entries(RPC_METHODS)

function rpcArguments(): Decoder[] {
  return [
    {
      name: 'arguments of the RPC',
      codes: ['rpc_params'],
      input: (random) => ({
        method: pick(random, METHODS)[0],
        params: random() < 0.5 ? [strangeValue(random), strangeValue(random)] : namedParams(random),
      }),
      decode: ({ method, params }: { method: string; params: Record<string, unknown> }) =>
        refusing(() => decodeArguments(shapeOf(method), params)),
    },
    {
      name: 'query string of the RPC',
      codes: ['rpc_params'],
      input: (random) => ({
        method: pick(random, METHODS)[0],
        query: `${pick(random, ['height', 'hash', 'tx', 'query', 'path', 'data'])}=${bentText(random, ['0x00', '"1"', 'true'])}`,
      }),
      decode: ({ method, query }: { method: string; query: string }) =>
        refusing(() => {
          const shape = shapeOf(method)
          return decodeArguments(shape, paramsFromUri(shape, new URLSearchParams(query)))
        }),
    },
  ]
}

function shapeOf(method: string): (typeof METHODS)[number][1]['shape'] {
  return METHODS.find(([name]) => name === method)?.[1].shape ?? {}
}

function namedParams(random: Random): Record<string, unknown> {
  const names = ['height', 'hash', 'tx', 'query', 'path', 'data', 'prove', 'page', 'per_page', 'order_by', '__proto__']
  return Object.fromEntries(Array.from({ length: 3 }, () => [pick(random, names), strangeValue(random)]))
}

function refusing(decode: () => unknown): unknown {
  try {
    return decode()
  } catch (error) {
    throw error instanceof RpcError ? new CodedError(`rpc_${error.kind}`, error.detail) : error
  }
}

const WORDS = [
  ...COMMANDS.flatMap(({ name }) => name.split(' ')),
  '--json',
  '--home',
  '--port',
  '-x',
  '--',
  '=',
  'help',
]

function lineOf(random: Random): string[] {
  const words = Array.from({ length: below(random, 5) }, () => pick(random, WORDS))
  return random() < 0.5 ? words : [...words, bentText(random, ['x', '--n=5']).slice(0, 200)]
}

const COSMOS = [Uint8Array.of(10, 4, 116, 97, 105, 108, 18, 5, 117, 116, 97, 105, 108)]

function cosmosDecoder(name: string, decode: (bytes: Uint8Array) => unknown): Decoder {
  return { name, codes: ['malformed_query'], decode, input: (random) => bentBytes(random, COSMOS) }
}

const NVIDIA = 'NVIDIA GeForce RTX 4090, 550.54, 24564, 300, 20.5, 3, 41\n'
const MEMINFO = 'MemTotal:       24567890 kB\nMemFree: 1 kB\nMemAvailable:   12345678 kB\n'
const MULTIADDR = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

function plainText(
  name: string,
  valid: readonly string[],
  codes: readonly string[],
  decode: (text: string) => unknown,
): Decoder {
  return { name, codes, decode, input: (random) => textWithin(random, valid) }
}

/** Without the quotes that JSON puts around a text. */
function textWithin(random: Random, valid: readonly string[]): string {
  const text = bentText(random, valid)
  return random() < 0.8 && text.startsWith('"') ? text.slice(1, -1) : text
}

export const OUTER_DECODERS: readonly Decoder[] = [
  requestDecoder('chat request', CHAT, parseChatRequest),
  requestDecoder('legacy request', LEGACY, parseLegacyRequest),
  {
    name: 'stream of a peer',
    codes: ['malformed_frame'],
    input: (random) => {
      const bytes = bentBytes(random, [prefixed(new Uint8Array(90)), prefixed(new Uint8Array(300))])
      return { bytes, cut: below(random, bytes.length + 1) }
    },
    decode: cutStream,
  },
  {
    ...plainText('addresses of peers', [MULTIADDR, '/dns4/x.example/tcp/443/wss'], ['invalid_address'], (text) =>
      parseAddresses([text], 4).map(String),
    ),
    every: 5,
  },
  plainText('account address', ['tail1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn3x9zyf'], ['invalid_address'], decodeAddress),
  cosmosDecoder('account question', decodeAccountRequest),
  cosmosDecoder('balance question', decodeBalanceRequest),
  cosmosDecoder('balances question', decodeAllBalancesRequest),
  cosmosDecoder('simulation question', decodeSimulateRequest),
  ...rpcArguments(),
  ...SCHEMAS,
  {
    name: 'race job behind its schema',
    codes: [],
    input: (random) => bentValue(random, [{ kind: 'race', job: RACE_JOB }]),
    decode: (value: unknown) => {
      const verdict = schemaVerdict(computeJobSchema, value)
      return verdict.success && verdict.data.kind === 'race' ? decodeRaceJob(verdict.data.job) : undefined
    },
  },
  {
    name: 'command line',
    codes: ['bad_usage'],
    every: 4,
    input: lineOf,
    decode: (argv: string[]) => {
      const parsed = parseCommand(argv, COMMANDS)
      return parsed.kind
    },
  },
  { name: 'command line of the desktop', codes: [], input: lineOf, decode: parseDesktopArguments },
  {
    name: 'a setting in words',
    codes: ['bad_usage'],
    input: (random) => ({ name: pick(random, SETTING_NAMES), text: textWithin(random, ['50', 'true', 'whale-0.9m']) }),
    decode: ({ name, text }: { name: (typeof SETTING_NAMES)[number]; text: string }) =>
      parseSetting(name, text, 'bad_usage', { said: 'it' }),
  },
  plainText('words of the NVIDIA tool', [NVIDIA], [], parseNvidia),
  plainText('memory of the machine', [MEMINFO], [], parseMeminfo),
]
