/** JSON-RPC 2.0 as CometBFT speaks it: envelopes decoded with bounds, error objects with the standard codes. */
import { z } from 'zod'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { RPC_LIMITS } from '../limits.ts'

export const RPC_ERRORS = {
  parse: { code: -32700, message: 'Parse error' },
  request: { code: -32600, message: 'Invalid Request' },
  method: { code: -32601, message: 'Method not found' },
  params: { code: -32602, message: 'Invalid params' },
  internal: { code: -32603, message: 'Internal error' },
} as const

export type RpcErrorKind = keyof typeof RPC_ERRORS

/** An expected failure of a call; `detail` becomes the error object's `data`, as CometBFT does. */
export class RpcError extends Error {
  readonly kind: RpcErrorKind
  readonly detail: string

  constructor(kind: RpcErrorKind, detail: string) {
    super(detail)
    this.name = 'RpcError'
    this.kind = kind
    this.detail = detail
  }
}

export type RpcId = string | number | null

export interface RpcRequest {
  /** Undefined for a notification, which gets no answer. */
  readonly id: RpcId | undefined
  readonly method: string
  readonly params: Readonly<Record<string, unknown>> | readonly unknown[]
}

export type RpcResponse =
  | { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly result: unknown }
  | {
      readonly jsonrpc: '2.0'
      readonly id: RpcId
      readonly error: { readonly code: number; readonly message: string; readonly data: string }
    }

const requestSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string().max(128), z.number(), z.null()]).optional(),
  method: z.string().min(1).max(64),
  params: z
    .union([z.record(z.string().max(64), z.unknown()), z.array(z.unknown()).max(16)])
    .nullish()
    .transform((params) => params ?? {}),
})

/** One request or one error per entry of the body; `isBatch` says how to answer. */
export interface DecodedBody {
  readonly isBatch: boolean
  readonly entries: readonly (RpcRequest | RpcResponse)[]
}

export function decodeBody(text: string): DecodedBody {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return single(errorResponse(null, 'parse', 'the body is not JSON'))
  }
  if (!Array.isArray(value)) {
    return single(decodeRequest(value))
  }
  if (value.length === 0 || value.length > RPC_LIMITS.batch) {
    return single(errorResponse(null, 'request', `a batch has 1 to ${RPC_LIMITS.batch} requests`))
  }
  return { isBatch: true, entries: value.map(decodeRequest) }
}

export function isRequest(entry: RpcRequest | RpcResponse): entry is RpcRequest {
  return 'method' in entry
}

export function resultResponse(id: RpcId, result: unknown): RpcResponse {
  return { jsonrpc: '2.0', id, result }
}

export function errorResponse(id: RpcId, kind: RpcErrorKind, detail: string): RpcResponse {
  return { jsonrpc: '2.0', id, error: { ...RPC_ERRORS[kind], data: detail } }
}

function decodeRequest(value: unknown): RpcRequest | RpcResponse {
  const decoded = schemaVerdict(requestSchema, value)
  if (!decoded.success) {
    const [issue] = decoded.error.issues
    return errorResponse(idOf(value), 'request', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
  }
  const { id, method, params } = decoded.data
  return { id, method, params }
}

/** The id of a broken request, where it has a usable one, so that the client finds its call. */
function idOf(value: unknown): RpcId {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : undefined
  return (typeof id === 'string' && id.length <= 128) || typeof id === 'number' ? id : null
}

function single(entry: RpcRequest | RpcResponse): DecodedBody {
  return { isBatch: false, entries: [entry] }
}
