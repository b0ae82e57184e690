import type { GatewayHandler } from '../../../src/gateway/gateway.ts'
import { createGateway } from '../../../src/gateway/gateway.ts'
import type { GatewayOptions } from '../../../src/gateway/limits.ts'
import type { GatewayComponents, GatewayModel, OrderRow, OrderWish } from '../../../src/gateway/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { MetricsRegistry } from '../../../src/lib/metrics.ts'
import type { Logger } from '../../../src/lib/runtime.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { BYTE_TEXT, BYTE_VOCABULARY, END_TOKEN } from './byte-text.ts'
import type { OrderScript } from './scripted-orders.ts'
import { ScriptedOrderDesk, textScript } from './scripted-orders.ts'

export const API_KEY = 'tk_test'
export const EMPTY_KEY = 'tk_empty'

export const BYTE_MODEL: GatewayModel = {
  id: 'bytes',
  createdAt: 1_700_000_000,
  contextTokens: 256,
  defaultMaxTokens: 128,
  vocabularySize: BYTE_VOCABULARY,
  eosTokens: [END_TOKEN],
  text: BYTE_TEXT,
}

export interface TestGatewayOptions extends GatewayOptions {
  readonly script?: (wish: OrderWish, index: number) => OrderScript
  readonly model?: GatewayModel
  readonly orders?: readonly OrderRow[]
  readonly bundles?: Readonly<Record<string, unknown>>
  readonly components?: Partial<GatewayComponents>
}

export interface TestGateway {
  readonly handle: GatewayHandler
  readonly desk: ScriptedOrderDesk
  readonly metrics: MetricsRegistry
  readonly clock: VirtualClock
  /** Messages of level `error`. */
  readonly faults: readonly string[]
  get(path: string, headers?: Record<string, string>): Promise<Response>
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>
  chat(body: object, init?: RequestInit): Promise<Response>
}

/** A gateway of real parts with scripted executors, a virtual clock and ids that count. */
export function createTestGateway(options: TestGatewayOptions = {}): TestGateway {
  const { script = () => textScript('Call me Ishmael.', 'stop'), model = BYTE_MODEL } = options
  const desk = new ScriptedOrderDesk(script, model.vocabularySize)
  const metrics = new MetricsRegistry()
  const clock = new VirtualClock()
  const faults: string[] = []
  const components: GatewayComponents = {
    models: { list: () => [model], get: (id) => (id === model.id ? model : undefined) },
    orders: desk,
    sessions: { open: async (apiKey) => openSession(apiKey) },
    receipts: {
      bundle: async (orderHash) => options.bundles?.[orderHash] ?? 'unknown',
      orders: async (limit) => (options.orders ?? []).slice(0, limit),
    },
    metrics,
    clock,
    rng: countingBytes(),
    logger: faultLogger(faults),
    ...options.components,
  }
  const handle = createGateway(components, options)
  const authorization = `Bearer ${API_KEY}`
  const post: TestGateway['post'] = (path, body, init = {}) =>
    handle(
      new Request(`http://gateway${path}`, {
        method: 'POST',
        body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
        ...init,
        headers: { authorization, 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
      }),
    )
  return {
    handle,
    desk,
    metrics,
    clock,
    faults,
    get: (path, headers = {}) =>
      handle(new Request(`http://gateway${path}`, { headers: { authorization, ...headers } })),
    post,
    chat: (body, init) =>
      post('/v1/chat/completions', { model: model.id, messages: [{ role: 'user', content: 'Hi' }], ...body }, init),
  }
}

function openSession(apiKey: string): { address: string } {
  if (apiKey === EMPTY_KEY) {
    throw new CodedError('insufficient_quota', 'the escrow is empty')
  }
  if (apiKey !== API_KEY) {
    throw new CodedError('invalid_api_key', 'no such key')
  }
  return { address: 'tail1session' }
}

function countingBytes(): GatewayComponents['rng'] {
  let count = 0
  return {
    bytes: (length) => {
      count++
      return Uint8Array.from({ length }, (_, index) => (index === length - 1 ? count % 256 : 0))
    },
  }
}

function faultLogger(faults: string[]): Logger {
  const logger: Logger = {
    log: (level, message, fields) => {
      if (level === 'error') {
        faults.push(`${message}: ${String(fields?.error)}`)
      }
    },
    child: () => logger,
  }
  return logger
}
