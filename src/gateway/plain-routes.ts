/** Everything but completions: models, the network's own routes (orders, receipts), health, metrics. */
import { CodedError } from '../lib/coded-error.ts'
import { parameterError } from './errors.ts'
import { GATEWAY_LIMITS } from './limits.ts'
import type { GatewayModel, OrderRow } from './ports.ts'
import type { Route } from './route.ts'
import { jsonResponse } from './route.ts'

const DEFAULT_ORDER_ROWS = 100

export const PLAIN_ROUTES: readonly Route[] = [
  {
    name: 'healthz',
    method: 'GET',
    path: '/healthz',
    answer: async () => jsonResponse('{"status":"ok"}'),
  },
  {
    name: 'metrics',
    method: 'GET',
    path: '/metrics',
    answer: async ({ core }) =>
      new Response(core.components.metrics.render(), {
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      }),
  },
  {
    name: 'models',
    method: 'GET',
    path: '/v1/models',
    async answer({ core, openSession }) {
      await openSession()
      const data = (await core.components.models.list()).map(modelJson)
      return jsonResponse(JSON.stringify({ object: 'list', data }))
    },
  },
  {
    name: 'model',
    method: 'GET',
    path: '/v1/models/',
    async answer({ core, openSession, argument }) {
      await openSession()
      const id = argument.slice(0, GATEWAY_LIMITS.modelCharacters)
      const model = await core.components.models.get(id)
      if (model === undefined) {
        throw new CodedError('unknown_model', `The model '${id.toWellFormed()}' does not exist or is not served here.`)
      }
      return jsonResponse(JSON.stringify(modelJson(model)))
    },
  },
  {
    name: 'orders',
    method: 'GET',
    path: '/v1/tailrace/orders',
    async answer({ core, openSession, url }) {
      const session = await openSession()
      const limit = limitOf(url.searchParams.get('limit'))
      const rows = await core.components.receipts.orders(limit, session)
      return jsonResponse(JSON.stringify({ object: 'list', data: rows.slice(0, limit).map(orderJson) }))
    },
  },
  {
    name: 'receipt',
    method: 'GET',
    path: '/v1/tailrace/receipts/',
    async answer({ core, openSession, argument }) {
      const session = await openSession()
      const orderHash = argument.toLowerCase()
      const bundle = /^[0-9a-f]{64}$/.test(orderHash)
        ? await core.components.receipts.bundle(orderHash, session)
        : 'unknown'
      if (bundle === 'unknown') {
        throw new CodedError('receipt_not_found', 'No order of this API key has this hash.')
      }
      if (bundle === 'pending') {
        throw new CodedError('receipt_pending', 'The receipt of this order is not yet in a batch on chain.')
      }
      const disposition = `attachment; filename="receipt-${orderHash}.json"`
      return jsonResponse(JSON.stringify(bundle), 200, { 'content-disposition': disposition })
    },
  },
]

function modelJson(model: GatewayModel): object {
  return {
    id: model.id,
    object: 'model',
    created: model.createdAt,
    owned_by: 'tailrace',
    tailrace: { context_tokens: model.contextTokens, default_max_tokens: model.defaultMaxTokens },
  }
}

function limitOf(text: string | null): number {
  if (text === null) {
    return DEFAULT_ORDER_ROWS
  }
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > GATEWAY_LIMITS.orderRows) {
    throw parameterError('invalid_value', 'limit', `Invalid value for 'limit': 1 … ${GATEWAY_LIMITS.orderRows}.`)
  }
  return limit
}

function orderJson(row: OrderRow): object {
  return {
    object: 'tailrace.order',
    order: row.orderHash,
    at_ms: row.atMs,
    model: row.model,
    executor: row.executor ?? null,
    skipped: row.skipped,
    prompt_tokens: row.promptTokens,
    output_tokens: row.outputTokens,
    price_utail: row.price.toString(),
    state: row.state,
    error_code: row.errorCode ?? null,
    batched: row.batched === undefined ? null : { id: row.batched.id.toString(), tx_hash: row.batched.txHash },
    check: row.check ?? null,
  }
}
