/**
 * JSON-RPC over HTTP for CosmJS, with what its own transport lacks: a bound on the answer, an abort signal, and errors that
 * are data. `chain_unreachable` is worth another try, `rpc_error` is the node's answer, `malformed_answer` is a broken node.
 */
import type { RpcClient } from '@cosmjs/tendermint-rpc'
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import { followSignal, throwIfAborted } from './abort-signal.ts'
import { CLIENT_LIMITS } from './client-limits.ts'

export type Fetch = typeof fetch
type Request = Parameters<RpcClient['execute']>[0]
type Response = Awaited<ReturnType<RpcClient['execute']>>

export interface RpcTransportOptions {
  readonly url: string
  readonly requestTimeoutMs: number
}

/** An RpcClient of CosmJS whose calls end with `signal`. */
export function createRpcTransport(request: Fetch, options: RpcTransportOptions, signal: AbortSignalLike): RpcClient {
  return {
    execute: (call) => execute(request, options, call, signal),
    disconnect: () => undefined,
  }
}

async function execute(
  request: Fetch,
  options: RpcTransportOptions,
  call: Request,
  outer: AbortSignalLike,
): Promise<Response> {
  throwIfAborted(outer)
  const followed = followSignal(outer)
  try {
    const text = await post(request, options, JSON.stringify(call), followed.signal)
    return decodeResponse(text, call.id)
  } catch (error) {
    throwIfAborted(outer)
    throw error
  } finally {
    followed.release()
  }
}

async function post(request: Fetch, options: RpcTransportOptions, body: string, signal: AbortSignal): Promise<string> {
  const { url, requestTimeoutMs } = options
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new CodedError('chain_unreachable', `the node answers HTTP ${response.status}`, {
        fields: { url, status: response.status },
      })
    }
    return await readBounded(response)
  } catch (cause) {
    if (cause instanceof CodedError) {
      throw cause
    }
    throw new CodedError('chain_unreachable', `the node does not answer: ${errorMessage(cause)}`, {
      fields: { url },
      cause,
    })
  }
}

async function readBounded(response: globalThis.Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > CLIENT_LIMITS.answerBytes) {
      throw new CodedError('malformed_answer', `an answer has at most ${CLIENT_LIMITS.answerBytes} bytes`)
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function decodeResponse(text: string, id: Request['id']): Response {
  const answer = parseObject(text)
  if (answer.jsonrpc !== '2.0' || answer.id !== id) {
    throw new CodedError('malformed_answer', 'not the answer to this call')
  }
  const error = answer.error
  if (typeof error === 'object' && error !== null) {
    const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown }
    const detail = typeof data === 'string' ? data : typeof message === 'string' ? message : ''
    throw new CodedError('rpc_error', `the node answers: ${detail.slice(0, 500)}`, {
      fields: { rpcCode: typeof code === 'number' ? code : 0 },
    })
  }
  if (!('result' in answer)) {
    throw new CodedError('malformed_answer', 'neither result nor error')
  }
  return { jsonrpc: '2.0', id, result: answer.result }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CodedError('malformed_answer', 'the answer is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CodedError('malformed_answer', 'the answer is no object')
  }
  return value as Record<string, unknown>
}
