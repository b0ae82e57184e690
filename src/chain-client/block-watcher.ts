/**
 * News of blocks: a WebSocket subscription that is opened again when it breaks or says nothing while the chain goes on (a socket
 * may be dead for hours without a word: a computer that slept, a router that forgot), and asking for the height while it is
 * silent. Invariant: listeners hear rising heights only; what was missed is closed by the newest. It runs while somebody listens.
 */
import { errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { ChainRpc } from './chain-rpc.ts'
import type { ClientTimes } from './client-limits.ts'
import { CLIENT_LIMITS } from './client-limits.ts'
import { readNodeStatus } from './node-status.ts'

export interface BlockNotice {
  readonly height: number
  /** Unix milliseconds of the header. */
  readonly timeMs: number
}

/** The part of a WebSocket that is needed; the platform's fits. */
export interface SocketLike {
  onopen: ((event: unknown) => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: unknown) => void) | null
  onerror: ((event: unknown) => void) | null
  send(text: string): void
  close(): void
}

export type OpenSocket = (url: string) => SocketLike

interface Components {
  readonly rpc: ChainRpc
  readonly clock: Clock
  readonly logger: Logger
  readonly openSocket: OpenSocket
}

interface Options {
  /** Of the RPC: http or https. */
  readonly rpcUrl: string
  readonly times: ClientTimes
}

const SUBSCRIBE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'subscribe',
  params: { query: "tm.event='NewBlockHeader'" },
})

/** Heights that had to be asked for before a socket that brought none of them is taken for dead. */
const MISSED_BY_SOCKET = 5

export class BlockWatcher {
  readonly #components: Components
  readonly #options: Options
  readonly #listeners = new Set<(block: BlockNotice) => void>()
  #running: AbortController | undefined
  /** Ends what waits on the connection as it is. */
  #round = new AbortController()
  #last: BlockNotice = { height: 0, timeMs: 0 }
  #lastNewsMs = Number.NEGATIVE_INFINITY
  #missed = 0

  constructor(components: Components, options: Options) {
    this.#components = components
    this.#options = options
  }

  /** @returns unsubscribe */
  onBlock(listener: (block: BlockNotice) => void): () => void {
    this.#listeners.add(listener)
    this.#start()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) {
        this.stop()
      }
    }
  }

  stop(): void {
    this.#running?.abort()
    this.#running = undefined
  }

  /** Asks and subscribes anew at once: after a sleep nobody knows which connections still live. */
  reconnect(): void {
    const round = this.#round
    this.#round = new AbortController()
    this.#missed = 0
    round.abort()
  }

  #start(): void {
    if (this.#running !== undefined) {
      return
    }
    const running = new AbortController()
    this.#running = running
    for (const loop of [this.#subscribeForever(running.signal), this.#pollForever(running.signal)]) {
      loop.catch((error: unknown) => {
        if (!running.signal.aborted) {
          this.#components.logger.log('error', 'watching blocks failed', { error: errorMessage(error) })
        }
      })
    }
  }

  async #subscribeForever(signal: AbortSignal): Promise<void> {
    const { firstRetryMs, longestRetryMs } = this.#options.times
    let pauseMs = firstRetryMs
    while (!signal.aborted) {
      const end = AbortSignal.any([signal, this.#round.signal])
      const heardNews = await this.#subscribeOnce(end)
      pauseMs = heardNews || end.aborted ? firstRetryMs : Math.min(2 * pauseMs, longestRetryMs)
      await this.#rest(pauseMs, end)
    }
  }

  /** Never rejects. */
  async #rest(pauseMs: number, end: AbortSignal): Promise<void> {
    await this.#components.clock.sleep(pauseMs, end).catch(() => {
      // Stopped, or started anew: the caller's loop sees it.
    })
  }

  /** Resolves when the socket is over: whether it ever brought a block. */
  #subscribeOnce(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let heardNews = false
      let socket: SocketLike
      const end = (): void => {
        signal.removeEventListener('abort', end)
        socket.onclose = null
        socket.onmessage = null
        socket.close()
        resolve(heardNews)
      }
      try {
        socket = this.#components.openSocket(socketUrl(this.#options.rpcUrl))
      } catch (error) {
        this.#components.logger.log('debug', 'no subscription', { error: errorMessage(error) })
        resolve(false)
        return
      }
      if (signal.aborted) {
        end()
        return
      }
      signal.addEventListener('abort', end, { once: true })
      socket.onopen = () => socket.send(SUBSCRIBE)
      socket.onerror = end
      socket.onclose = end
      socket.onmessage = ({ data }) => {
        const notice = decodeNotice(data)
        if (notice === 'malformed') {
          end()
        } else if (notice !== undefined) {
          heardNews = true
          this.#missed = 0
          this.#tell(notice)
        }
      }
    })
  }

  async #pollForever(signal: AbortSignal): Promise<void> {
    const { clock } = this.#components
    const { blockPollMs } = this.#options.times
    while (!signal.aborted) {
      const end = AbortSignal.any([signal, this.#round.signal])
      if (clock.nowMs() - this.#lastNewsMs >= blockPollMs) {
        await this.#poll(end)
      }
      if (!this.#round.signal.aborted) {
        await this.#rest(blockPollMs, end)
      }
    }
  }

  async #poll(end: AbortSignal): Promise<void> {
    const { rpc, logger } = this.#components
    try {
      const { height, timeMs } = await rpc.attempt((_comet, transport) => readNodeStatus(transport), end)
      const before = this.#last.height
      this.#tell({ height, timeMs })
      this.#missed += this.#last.height > before ? 1 : 0
      if (this.#missed >= MISSED_BY_SOCKET) {
        this.reconnect()
      }
    } catch (error) {
      if (!end.aborted) {
        logger.log('debug', 'the height is not known', { error: errorMessage(error) })
      }
    }
  }

  #tell(notice: BlockNotice): void {
    this.#lastNewsMs = this.#components.clock.nowMs()
    if (notice.height <= this.#last.height) {
      return
    }
    this.#last = notice
    for (const listener of [...this.#listeners]) {
      try {
        listener(notice)
      } catch (error) {
        this.#components.logger.log('error', 'a block listener threw', { error: errorMessage(error) })
      }
    }
  }
}

function socketUrl(rpcUrl: string): string {
  return `${rpcUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/websocket`
}

/** Undefined for an answer that is no block, such as that to the subscription itself. */
function decodeNotice(data: unknown): BlockNotice | undefined | 'malformed' {
  if (typeof data !== 'string' || data.length > CLIENT_LIMITS.socketMessageCharacters) {
    return 'malformed'
  }
  let message: unknown
  try {
    message = JSON.parse(data)
  } catch {
    // A node that sends no JSON is left and tried again.
    return 'malformed'
  }
  if (field(message, 'error') !== undefined) {
    return 'malformed'
  }
  const header = field(field(field(field(message, 'result'), 'data'), 'value'), 'header')
  if (header === undefined) {
    return undefined
  }
  const height = field(header, 'height')
  const time = field(header, 'time')
  if (
    typeof height !== 'string' ||
    !/^[1-9][0-9]{0,14}$/.test(height) ||
    typeof time !== 'string' ||
    time.length > 64
  ) {
    return 'malformed'
  }
  const timeMs = Date.parse(time)
  return Number.isNaN(timeMs) ? 'malformed' : { height: Number(height), timeMs }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
