/**
 * The screen's end of the contract: one connection that keeps itself alive. Invariant: at most one socket at a time, and what
 * the listener hears is the present truth: a state, and the newest snapshot of the socket in use. Values from the host are
 * decoded against the contract here as well, because a page may be older than the host it reconnects to.
 */
import { createORPCClient } from '@orpc/client'
import type { LinkWebsocketClientOptions } from '@orpc/client/websocket'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { ResponseValidationPlugin } from '@orpc/contract/plugins'
import { CodedError, codedErrorFromJson, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock } from '../lib/runtime.ts'
import type { ScreenContract } from './contract.ts'
import { screenContract } from './contract.ts'
import type { ScreenSnapshot } from './snapshot.ts'

export type ScreenClient = ContractRouterClient<ScreenContract>

/** The part of a browser's WebSocket that is used. */
export type ClientSocket = LinkWebsocketClientOptions['websocket'] & { close(): void }

/**
 * `refused`: the host does not know this session (any more). `outdated`: this page cannot read what the host sends. In both,
 * trying again cannot help.
 */
export type LinkState = 'connecting' | 'connected' | 'lost' | 'refused' | 'outdated' | 'stopped'

export interface ScreenLinkListener {
  onState(state: LinkState): void
  onSnapshot(snapshot: ScreenSnapshot): void
  /** A fresh client for each socket; `signal` ends with the socket. */
  onClient?(client: ScreenClient, signal: AbortSignal): void
}

export interface ScreenLinkOptions {
  /** Wait before the n-th attempt: first · 2^n, at most `mostDelayMs`. */
  readonly firstDelayMs: number
  readonly mostDelayMs: number
  /** A socket that has not opened by then counts as failed. */
  readonly openTimeoutMs: number
}

const DEFAULT_OPTIONS: ScreenLinkOptions = { firstDelayMs: 250, mostDelayMs: 5_000, openTimeoutMs: 5_000 }

export interface ScreenLinkComponents {
  readonly clock: Clock
  readonly openSocket: () => ClientSocket
  readonly listener: ScreenLinkListener
  /** Asked after a socket that never opened: does the host still know this session? */
  readonly isSessionAlive?: () => Promise<boolean>
}

const SOCKET_CONNECTING = 0
const SOCKET_OPEN = 1
/** How a frame that takes a request back ends. */
const ABORT_FRAME = /"t":4\}$/

/** A typed client over an open (or opening) socket. */
export function createScreenClient(socket: LinkWebsocketClientOptions['websocket']): ScreenClient {
  // Taking a request back on a closed socket is no failure; the library would let it become an unhandled rejection.
  const websocket: LinkWebsocketClientOptions['websocket'] = {
    addEventListener: socket.addEventListener.bind(socket),
    removeEventListener: socket.removeEventListener.bind(socket),
    get readyState() {
      return socket.readyState === SOCKET_CONNECTING ? SOCKET_CONNECTING : SOCKET_OPEN
    },
    send(data) {
      if (socket.readyState === SOCKET_OPEN) {
        socket.send(data)
      } else if (typeof data !== 'string' || !ABORT_FRAME.test(data)) {
        throw new CodedError('connection_lost', 'the socket is closed')
      }
    },
  }
  return createORPCClient(new RPCLink({ websocket, plugins: [new ResponseValidationPlugin(screenContract)] }))
}

/** Whatever a call of the client throws, as a coded error: the host's own, `aborted`, or `connection_lost`. */
export function screenErrorOf(error: unknown): CodedError {
  if (typeof error === 'object' && error !== null && 'data' in error && errorCode(error) === 'CODED') {
    return codedErrorFromJson(error.data)
  }
  const code = errorCode(error)
  if (code === 'aborted') {
    return new CodedError('aborted', 'aborted', { cause: error })
  }
  const isForeign = code === 'EVENT_ITERATOR_VALIDATION_FAILED' || code === 'NOT_FOUND'
  return new CodedError(isForeign ? 'contract_mismatch' : 'connection_lost', errorMessage(error), { cause: error })
}

type SocketEnd = 'never_opened' | 'closed' | 'outdated'

export class ScreenLink {
  readonly #components: ScreenLinkComponents
  readonly #options: ScreenLinkOptions
  #stopped: AbortController | undefined

  constructor(components: ScreenLinkComponents, options: Partial<ScreenLinkOptions> = {}) {
    this.#components = components
    this.#options = { ...DEFAULT_OPTIONS, ...options }
  }

  start(): void {
    if (this.#stopped === undefined) {
      this.#stopped = new AbortController()
      void this.#run(this.#stopped.signal)
    }
  }

  stop(): void {
    this.#stopped?.abort()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, listener, isSessionAlive } = this.#components
    let failures = 0
    listener.onState('connecting')
    while (!signal.aborted) {
      const end = await this.#serveOneSocket(signal)
      if (signal.aborted) {
        break
      }
      if (end === 'outdated' || (end === 'never_opened' && (await isSessionAlive?.()) === false)) {
        listener.onState(end === 'outdated' ? 'outdated' : 'refused')
        return
      }
      failures = end === 'closed' ? 0 : failures + 1
      listener.onState('lost')
      const delayMs = Math.min(this.#options.mostDelayMs, this.#options.firstDelayMs * 2 ** Math.min(failures, 16))
      await clock.sleep(delayMs, signal).catch(() => undefined)
    }
    listener.onState('stopped')
  }

  /** Resolves when the socket is gone. */
  async #serveOneSocket(stopped: AbortSignal): Promise<SocketEnd> {
    const socket = this.#components.openSocket()
    const over = new AbortController()
    const end = () => over.abort()
    stopped.addEventListener('abort', end, { once: true })
    socket.addEventListener('close', end)
    try {
      if (!(await this.#opened(socket, over.signal))) {
        return 'never_opened'
      }
      const client = createScreenClient(socket)
      this.#components.listener.onState('connected')
      this.#components.listener.onClient?.(client, over.signal)
      return await this.#watch(client, over.signal)
    } finally {
      over.abort()
      stopped.removeEventListener('abort', end)
      socket.close()
    }
  }

  #opened(socket: ClientSocket, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const timeout = new AbortController()
      const settle = (isOpen: boolean) => () => {
        timeout.abort()
        resolve(isOpen)
      }
      socket.addEventListener('open', settle(true), { once: true })
      signal.addEventListener('abort', settle(false), { once: true })
      this.#components.clock.sleep(this.#options.openTimeoutMs, timeout.signal).then(settle(false), settle(false))
    })
  }

  /** Passes snapshots on until the stream ends, which ends the socket too. */
  async #watch(client: ScreenClient, signal: AbortSignal): Promise<SocketEnd> {
    try {
      for await (const snapshot of await client.screen.watch(undefined, { signal })) {
        this.#components.listener.onSnapshot(snapshot)
      }
    } catch (error) {
      return screenErrorOf(error).code === 'contract_mismatch' ? 'outdated' : 'closed'
    }
    return 'closed'
  }
}
