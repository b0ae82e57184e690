/** What only the application on the same computer may ask the gateway: every payer's orders, any receipt. Guarded by a token in a private file. */
import { timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { RunningDesk } from '../../gateway/desk/order-desk.ts'
import type { GatewayHandler } from '../../gateway/gateway.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Rng } from '../../lib/runtime.ts'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'

const CONTROL_FILE = z.strictObject({ version: z.literal(1), token: z.string().regex(/^[0-9a-f]{64}$/) })
const PREFIX = '/control/'
const LIMIT = z.coerce.number().int().min(1).max(200).default(30)
const ORDER_HASH = /^[0-9a-f]{64}$/

/** Created at first use. @throws CodedError `damaged_file` */
export function loadControlToken(home: string, rng: Rng): string {
  const file = join(home, 'control.json')
  const stored = readPrivateJson(file, CONTROL_FILE)
  if (stored !== undefined) {
    return stored.token
  }
  const token = toHex(rng.bytes(32))
  writePrivateJson(file, { version: 1, token })
  return token
}

/** The gateway's handler with the control routes before it. */
export function withControlRoutes(next: GatewayHandler, desk: RunningDesk, token: string): GatewayHandler {
  return async (request) => {
    const url = new URL(request.url)
    if (!url.pathname.startsWith(PREFIX)) {
      return next(request)
    }
    if (!isToken(request.headers.get('authorization'), token)) {
      return json({ error: 'unauthorized' }, 401)
    }
    const [kind, orderHash = ''] = url.pathname.slice(PREFIX.length).split('/')
    if (request.method === 'GET' && kind === 'orders') {
      const limit = LIMIT.safeParse(url.searchParams.get('limit') ?? undefined)
      return limit.success ? json(await ordersJson(desk, limit.data)) : json({ error: 'limit' }, 400)
    }
    if (request.method === 'GET' && kind === 'receipts' && ORDER_HASH.test(orderHash)) {
      const text = await desk.bundleText(orderHash)
      return json({ state: text === 'unknown' || text === 'pending' ? text : 'ready', text })
    }
    return json({ error: 'not_found' }, 404)
  }
}

async function ordersJson(desk: RunningDesk, limit: number): Promise<unknown> {
  const rows = await desk.recent(limit)
  return {
    orders: rows.map(({ price, batched, ...row }) => ({
      ...row,
      price: price.toString(),
      batch: batched === undefined ? null : batched.id.toString(),
      batchTx: batched?.txHash ?? '',
    })),
  }
}

function isToken(header: string | null, token: string): boolean {
  const given = Buffer.from(header ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
}
