/**
 * Calls to one node: tried again with growing pauses while it is unreachable, its chain id checked after every interruption,
 * its state told to whoever listens. Invariant: no answer is used before the node at the other end proved to be of the
 * expected network; another network behind the same address is an error, never a silent change of chain.
 */
import type { RpcClient } from '@cosmjs/tendermint-rpc'
import { Comet38Client } from '@cosmjs/tendermint-rpc'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import { throwIfAborted } from './abort-signal.ts'
import type { ClientTimes } from './client-limits.ts'
import { readNodeStatus } from './node-status.ts'
import type { Fetch } from './rpc-transport.ts'
import { createRpcTransport } from './rpc-transport.ts'

export type ConnectionState = 'connecting' | 'connected' | 'disconnected'

export interface ChainRpcComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly fetch: Fetch
}

export interface ChainRpcOptions {
  readonly url: string
  /** Undefined takes the chain of the first answer. */
  readonly chainId: string | undefined
  readonly times: ClientTimes
}

/** `transport`: the same connection for what CosmJS does not decode. */
export type RpcCall<T> = (comet: Comet38Client, transport: RpcClient) => Promise<T>

export class ChainRpc {
  readonly #components: ChainRpcComponents
  readonly #options: ChainRpcOptions
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  #chainId: string | undefined
  #isVerified = false
  #state: ConnectionState = 'connecting'

  constructor(components: ChainRpcComponents, options: ChainRpcOptions) {
    this.#components = components
    this.#options = options
    this.#chainId = options.chainId
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** @throws CodedError `chain_unreachable` before the first answer */
  get chainId(): string {
    if (this.#chainId === undefined) {
      throw new CodedError('chain_unreachable', 'no node has answered yet', { fields: { url: this.#options.url } })
    }
    return this.#chainId
  }

  /** Called with each change, and at once with the state as it is. @returns unsubscribe */
  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener)
    listener(this.#state)
    return () => this.#listeners.delete(listener)
  }

  /**
   * One call, tried again while the node is unreachable, for at most `retryForMs`. Only for calls that may be repeated.
   * @throws CodedError `chain_unreachable`, `wrong_chain`, `rpc_error`, `malformed_answer`; the signal's reason
   */
  async request<T>(call: RpcCall<T>, signal: AbortSignalLike): Promise<T> {
    const { clock } = this.#components
    const { retryForMs, firstRetryMs, longestRetryMs } = this.#options.times
    const untilMs = clock.nowMs() + retryForMs
    for (let pauseMs = firstRetryMs; ; pauseMs = Math.min(2 * pauseMs, longestRetryMs)) {
      try {
        return await this.attempt(call, signal)
      } catch (error) {
        if (errorCode(error) !== 'chain_unreachable' || clock.nowMs() + pauseMs > untilMs) {
          throw error
        }
      }
      await clock.sleep(pauseMs, signal)
    }
  }

  /** One call, once. */
  async attempt<T>(call: RpcCall<T>, signal: AbortSignalLike): Promise<T> {
    const { fetch: request } = this.#components
    const { url, times } = this.#options
    const transport = createRpcTransport(request, { url, ...times }, signal)
    try {
      if (!this.#isVerified) {
        await this.#verify(transport)
      }
      const answer = await call(Comet38Client.create(transport), transport)
      this.#setState('connected')
      return answer
    } catch (error) {
      throwIfAborted(signal)
      throw this.#noteFailure(error)
    }
  }

  async #verify(transport: RpcClient): Promise<void> {
    const { chainId: found } = await readNodeStatus(transport)
    const expected = this.#chainId ?? found
    if (found !== expected) {
      throw new CodedError('wrong_chain', `the node serves ${found}, not ${expected}`, { fields: { expected, found } })
    }
    this.#chainId = expected
    this.#isVerified = true
  }

  /** What CosmJS throws on an answer that it cannot read has no code; it becomes `malformed_answer`. */
  #noteFailure(error: unknown): unknown {
    const coded =
      error instanceof CodedError
        ? error
        : new CodedError('malformed_answer', `the node's answer cannot be read: ${errorMessage(error)}`, {
            cause: error,
          })
    if (coded.code === 'chain_unreachable' || coded.code === 'wrong_chain') {
      this.#isVerified = false
      this.#setState('disconnected')
    }
    return coded
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) {
      return
    }
    this.#state = state
    const { logger } = this.#components
    logger.log(state === 'connected' ? 'info' : 'warn', 'chain connection', { state, url: this.#options.url })
    for (const listener of [...this.#listeners]) {
      try {
        listener(state)
      } catch (error) {
        logger.log('error', 'a connection listener threw', { error: errorMessage(error) })
      }
    }
  }
}
