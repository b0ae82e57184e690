/** The application's view of its gateway: orders and receipts by the control routes, chat by the public API. Answers are decoded with bounds. */
import { z } from 'zod'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'

const ORDER = z.object({
  orderHash: z.string().regex(/^[0-9a-f]{64}$/),
  atMs: z.number().int().nonnegative(),
  model: z.string().max(64),
  executor: z.string().max(64).default(''),
  skipped: z.array(z.object({ executor: z.string().max(64), reason: z.string().max(64) })).max(4),
  promptTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  price: z.string().regex(/^[0-9]{1,39}$/),
  state: z.enum(['drawing', 'streaming', 'done', 'failed']),
  errorCode: z.string().max(64).optional(),
  batch: z.string().max(39).nullable(),
  batchTx: z.string().max(64),
})
const ORDERS = z.object({ orders: z.array(ORDER).max(200) })
const RECEIPT = z.object({ state: z.enum(['unknown', 'pending', 'ready']), text: z.string().max(8 * 1024 * 1024) })
export type GatewayOrder = z.infer<typeof ORDER>

const TIMEOUT_MS = 5_000

export interface GatewayClient {
  readonly baseUrl: string
  /** @throws CodedError `gateway_unreachable`, `malformed_answer` */
  orders(limit: number): Promise<readonly GatewayOrder[]>
  receipt(orderHash: string): Promise<z.infer<typeof RECEIPT>>
}

export function createGatewayClient(baseUrl: string, controlToken: string): GatewayClient {
  const origin = new URL(baseUrl).origin
  async function ask<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    let value: unknown
    try {
      const response = await fetch(`${origin}/control/${path}`, {
        headers: { authorization: `Bearer ${controlToken}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      value = await response.json()
    } catch (cause) {
      throw new CodedError('gateway_unreachable', 'the gateway does not answer', {
        cause,
        fields: { cause: errorCode(cause) },
      })
    }
    const parsed = schemaVerdict(schema, value)
    if (!parsed.success) {
      throw new CodedError('malformed_answer', 'the answer of the gateway does not fit its schema')
    }
    return parsed.data
  }
  return {
    baseUrl,
    orders: async (limit) => (await ask(`orders?limit=${limit}`, ORDERS)).orders,
    receipt: (orderHash) => ask(`receipts/${orderHash}`, RECEIPT),
  }
}
