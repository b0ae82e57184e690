/** What every route gets, and the shapes of answers. */
import type { GatewayMetrics } from './gateway-metrics.ts'
import type { OrderSlots } from './order-slots.ts'
import type { GatewayComponents, Session } from './ports.ts'
import type { BodyBudget } from './request/read-json-body.ts'

/** What lives as long as the gateway. */
export interface GatewayCore {
  readonly components: GatewayComponents
  readonly metrics: GatewayMetrics
  readonly slots: OrderSlots
  readonly bodies: BodyBudget
}

export interface RouteCall {
  readonly core: GatewayCore
  readonly request: Request
  readonly url: URL
  /** What the path leaves open, decoded; empty where it leaves nothing. */
  readonly argument: string
  /** Opens the bearer key. @throws CodedError of SessionBook */
  openSession(): Promise<Session>
}

export interface Route {
  /** For metrics: one of few. */
  readonly name: string
  readonly method: 'GET' | 'POST'
  /** Exact, or a beginning that ends in `/` and takes the rest as its argument. */
  readonly path: string
  answer(call: RouteCall): Promise<Response>
}

export function jsonResponse(json: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(json, { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** `length` random bytes in hex. */
export function randomHex(rng: GatewayComponents['rng'], length: number): string {
  return rng.bytes(length).reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '')
}
