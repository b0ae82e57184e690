/**
 * From a request to its answer. Invariant: whatever the bytes, an answer comes back (or none for a notification) and nothing
 * is thrown; a defect of ours is logged and answered as `Internal error` without its text.
 */
import { errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import type { RpcRequest, RpcResponse } from './json-rpc.ts'
import { decodeBody, errorResponse, isRequest, RpcError, resultResponse } from './json-rpc.ts'
import { RPC_METHODS } from './methods.ts'
import { paramsFromUri } from './parameters.ts'
import type { RpcBackend, RpcMethod } from './rpc-method.ts'

export class RpcDispatcher {
  readonly #backend: RpcBackend
  readonly #logger: Logger

  constructor(backend: RpcBackend, logger: Logger) {
    this.#backend = backend
    this.#logger = logger
  }

  /** The text to answer a POST with; empty where only notifications came. */
  async answerBody(text: string, signal: AbortSignal): Promise<string> {
    const { isBatch, entries } = decodeBody(text)
    const responses: RpcResponse[] = []
    for (const entry of entries) {
      const response = isRequest(entry) ? await this.answer(entry, signal) : entry
      if (response !== undefined) {
        responses.push(response)
      }
      if (isBatch) {
        // Queries and searches run to their end: without a pause a batch of slow ones would hold up the next block.
        await nextTurn()
      }
    }
    if (responses.length === 0) {
      return ''
    }
    // One answer is no list, also where the question was a list of one: so CometBFT does, and CosmJS reads.
    return JSON.stringify(isBatch && responses.length > 1 ? responses : responses[0])
  }

  /** A GET as CometBFT offers it: the method is the path, parameters are the query. */
  async answerUri(name: string, query: URLSearchParams, signal: AbortSignal): Promise<RpcResponse> {
    const method = methodOf(name)
    if (method === undefined) {
      return errorResponse(-1, 'method', `no method ${name.slice(0, 64)}`)
    }
    return this.#guard(-1, () => method.call(this.#backend, paramsFromUri(method.shape, query), signal))
  }

  async answer(request: RpcRequest, signal: AbortSignal): Promise<RpcResponse | undefined> {
    const method = methodOf(request.method)
    const id = request.id ?? null
    const response =
      method === undefined
        ? errorResponse(id, 'method', `no method ${request.method}`)
        : await this.#guard(id, () => method.call(this.#backend, request.params, signal))
    return request.id === undefined ? undefined : response
  }

  async #guard(id: string | number | null, call: () => unknown): Promise<RpcResponse> {
    try {
      return resultResponse(id, await call())
    } catch (error) {
      if (error instanceof RpcError) {
        return errorResponse(id, error.kind, error.detail)
      }
      this.#logger.log('error', 'an RPC method failed', { error: errorMessage(error) })
      return errorResponse(id, 'internal', 'internal error')
    }
  }
}

/** Lets timers and sockets have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function methodOf(name: string): RpcMethod | undefined {
  return Object.hasOwn(RPC_METHODS, name) ? RPC_METHODS[name] : undefined
}
