/**
 * The OpenAI-compatible front: a function from a Request to a Response, without a socket (src/main/gateway/http-gateway.ts has it).
 * Everything else comes in through ports (ports.ts). Invariant: whatever a client sends, it gets an answer in OpenAI's shape
 * with an x-request-id, and what it cost while it was worked on is given back: slots, bytes, orders.
 *
 * Way of a chat request: here (origin, route, key) → completions-routes.ts → request/read-json-body.ts (bounds) →
 * request/chat-request.ts (schema) → request/inference-request.ts (what is signed) → answer/follow-orders.ts (placing, tokens) →
 * answer/answer-text.ts → answer/answer-format.ts. Errors: errors.ts. Bounds: limits.ts.
 */
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import { COMPLETION_ROUTES } from './completions-routes.ts'
import { answerForError, isInternalError } from './errors.ts'
import { createGatewayMetrics } from './gateway-metrics.ts'
import type { GatewayOptions } from './limits.ts'
import { DEFAULT_CONCURRENT_ORDERS, GATEWAY_LIMITS } from './limits.ts'
import { OrderSlots } from './order-slots.ts'
import { PLAIN_ROUTES } from './plain-routes.ts'
import type { GatewayComponents, Session } from './ports.ts'
import { BodyBudget } from './request/read-json-body.ts'
import type { GatewayCore, Route } from './route.ts'
import { jsonResponse, randomHex } from './route.ts'

export type GatewayHandler = (request: Request) => Promise<Response>

const ROUTES: readonly Route[] = [...COMPLETION_ROUTES, ...PLAIN_ROUTES]

const EXPOSED_HEADERS = 'x-request-id, x-tailrace-order, x-tailrace-executor, retry-after'

/** The handler never rejects. */
export function createGateway(components: GatewayComponents, options: GatewayOptions = {}): GatewayHandler {
  const metrics = createGatewayMetrics(components.metrics)
  const core: GatewayCore = {
    components,
    metrics,
    slots: new OrderSlots(options.maxConcurrentOrders ?? DEFAULT_CONCURRENT_ORDERS, metrics.activeOrders),
    bodies: new BodyBudget(GATEWAY_LIMITS.bufferedBodyBytes),
  }
  const allowedOrigins = new Set(options.allowedOrigins ?? [])
  return async (request) => {
    const requestId = `req_${randomHex(components.rng, 16)}`
    const origin = request.headers.get('origin')
    const isAllowed = origin === null || allowedOrigins.has(origin)
    const { route, response } = await answerRequest(core, request, requestId, isAllowed)
    response.headers.set('x-request-id', requestId)
    response.headers.set('x-content-type-options', 'nosniff')
    if (!response.headers.has('cache-control')) {
      response.headers.set('cache-control', 'no-store')
    }
    if (origin !== null && isAllowed) {
      response.headers.set('access-control-allow-origin', origin)
      response.headers.set('access-control-expose-headers', EXPOSED_HEADERS)
    }
    if (allowedOrigins.size > 0) {
      response.headers.set('vary', 'origin')
    }
    metrics.requests.add({ route, status: String(response.status) })
    return response
  }
}

interface Answered {
  /** Name of the route, `none` where there is none. */
  readonly route: string
  readonly response: Response
}

async function answerRequest(
  core: GatewayCore,
  request: Request,
  requestId: string,
  isOriginAllowed: boolean,
): Promise<Answered> {
  let name = 'none'
  try {
    if (!isOriginAllowed) {
      throw new CodedError('origin_not_allowed', 'Pages of this origin may not use this gateway.')
    }
    const url = new URL(request.url)
    const { routes, argument } = findRoutes(request, url)
    name = routes[0].name
    if (request.method === 'OPTIONS' && request.headers.has('origin')) {
      return { route: 'preflight', response: preflight(routes) }
    }
    const route = routes.find(({ method }) => method === request.method)
    if (route === undefined) {
      return { route: name, response: methodNotAllowed(request, routes) }
    }
    const openSession = (): Promise<Session> => openKey(core, request)
    return { route: name, response: await route.answer({ core, request, url, argument, openSession }) }
  } catch (error) {
    if (isInternalError(error)) {
      core.components.logger.log('error', 'a request failed', { route: name, requestId, error: errorMessage(error) })
    }
    return { route: name, response: errorResponse(error) }
  }
}

interface FoundRoutes {
  /** All methods of one path. */
  readonly routes: readonly [Route, ...Route[]]
  readonly argument: string
}

/** @throws CodedError `unknown_url` */
function findRoutes(request: Request, url: URL): FoundRoutes {
  const path = url.pathname
  if (request.url.length <= GATEWAY_LIMITS.urlCharacters) {
    const [exact, ...more] = ROUTES.filter((route) => route.path === path && !route.path.endsWith('/'))
    if (exact !== undefined) {
      return { routes: [exact, ...more], argument: '' }
    }
    const open = ROUTES.find((route) => route.path.endsWith('/') && path.startsWith(route.path))
    const argument = open === undefined ? undefined : decoded(path.slice(open.path.length))
    if (open !== undefined && argument !== undefined && argument !== '') {
      return { routes: [open], argument }
    }
  }
  throw new CodedError('unknown_url', `Invalid URL (${request.method} ${path.slice(0, 128)})`)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not UTF-8 in percent signs: no name of anything here.
    return undefined
  }
}

/** @throws CodedError `invalid_api_key` and those of SessionBook.open */
async function openKey({ components }: GatewayCore, request: Request): Promise<Session> {
  const match = /^bearer +([\x21-\x7e]+)$/i.exec(request.headers.get('authorization')?.trim() ?? '')
  const apiKey = match?.[1]
  if (apiKey === undefined || apiKey.length > GATEWAY_LIMITS.apiKeyCharacters) {
    throw new CodedError('invalid_api_key', 'Send your API key in the header Authorization: Bearer <key>.')
  }
  return components.sessions.open(apiKey)
}

function allowOf(routes: readonly Route[]): string {
  return routes.map(({ method }) => method).join(', ')
}

function preflight(routes: readonly Route[]): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': allowOf(routes),
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
    },
  })
}

function methodNotAllowed(request: Request, routes: readonly Route[]): Response {
  const allow = allowOf(routes)
  const error = new CodedError('method_not_allowed', `Not allowed: ${request.method}. This path answers to ${allow}.`)
  const response = errorResponse(error)
  response.headers.set('allow', allow)
  return response
}

function errorResponse(error: unknown): Response {
  const { status, error: body, retryAfterSeconds } = answerForError(error)
  const headers: Record<string, string> = {}
  if (retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(retryAfterSeconds)
  }
  if (status === 401) {
    headers['www-authenticate'] = 'Bearer'
  }
  return jsonResponse(JSON.stringify({ error: body }), status, headers)
}
