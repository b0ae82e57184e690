/**
 * Serves the contract over one WebSocket that the handshake has accepted. Invariant: a peer cannot make the host hold more
 * than the bounds here; whoever breaks one loses the socket with a code that says which. Closing 1008/4xxx is final for this
 * socket alone: the page may connect again.
 */
import { RPCHandler } from '@orpc/server/ws'
import { z } from 'zod'
import type { Logger } from '../lib/runtime.ts'
import { schemaVerdict } from '../lib/schema-verdict.ts'
import type { ScreenRouter } from './screen-router.ts'
import { MAX_MESSAGE_BYTES } from './wire.ts'

type SocketData = string | ArrayBufferLike | ArrayBufferView

/** The part of a `ws` socket that is used. */
export interface ServerSocket {
  readonly bufferedAmount: number
  send(data: SocketData): void
  close(code: number, reason: string): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
}

export interface ScreenSocketLimits {
  readonly maxMessageBytes: number
  /** Bytes that may wait for a screen that does not read. */
  readonly maxBufferedBytes: number
  /** Requests in flight on one socket, iterators included. */
  readonly maxRequests: number
}

export const SCREEN_SOCKET_LIMITS: ScreenSocketLimits = {
  maxMessageBytes: MAX_MESSAGE_BYTES,
  maxBufferedBytes: 8 * MAX_MESSAGE_BYTES,
  maxRequests: 64,
}

/** Close codes with their reasons. */
export const SOCKET_CLOSES = {
  malformed_message: 4400,
  message_too_large: 4413,
  too_many_requests: 4429,
  reader_too_slow: 4408,
} as const
export type SocketCloseReason = keyof typeof SOCKET_CLOSES

/** One frame of the RPC library: request (no type), event of an iterator (3) or abort (4). */
const frameSchema = z.object({
  i: z.union([z.string().max(64), z.number().int()]),
  t: z.union([z.literal(1), z.literal(4)]).optional(),
  p: z
    .object({
      u: z.string().max(256).startsWith('/'),
      m: z.literal('POST').optional(),
      h: z.record(z.string().max(64), z.unknown()).optional(),
    })
    .loose()
    .optional(),
})

/** Lower-cased types the page may not send: files and form data are no part of the contract. */
const HEADERS_REFUSED = /content-(type|disposition)/i

export function serveScreenSocket(
  router: ScreenRouter,
  socket: ServerSocket,
  components: { readonly logger: Logger },
  limits: ScreenSocketLimits = SCREEN_SOCKET_LIMITS,
): void {
  const bounded = new BoundedSocket(socket, components.logger, limits)
  // The library sees a socket that only ever carries well-formed frames within bounds.
  void new RPCHandler(router).upgrade(bounded.peer as never)
  socket.addEventListener('message', ({ data }) => bounded.receive(data))
  socket.addEventListener('close', () => bounded.end())
  socket.addEventListener('error', () => bounded.end())
}

class BoundedSocket {
  readonly #socket: ServerSocket
  readonly #logger: Logger
  readonly #limits: ScreenSocketLimits
  /** Requests that are not answered and iterators that are not over. */
  readonly #open = new Set<string>()
  readonly #onClose: (() => void)[] = []
  #onMessage: ((event: { data: string }) => void) | undefined
  #isClosed = false

  constructor(socket: ServerSocket, logger: Logger, limits: ScreenSocketLimits) {
    this.#socket = socket
    this.#logger = logger
    this.#limits = limits
  }

  /** What the library gets. */
  readonly peer = {
    send: (data: SocketData) => this.#send(data),
    addEventListener: (type: string, listener: (event: never) => void) => {
      if (type === 'message') {
        this.#onMessage = listener as (event: { data: string }) => void
      } else if (type === 'close') {
        this.#onClose.push(listener as () => void)
      }
    },
  }

  receive(data: unknown): void {
    if (this.#isClosed) {
      return
    }
    const frame = readFrame(data, this.#limits)
    if (frame.type === 'refused') {
      this.#refuse(frame.reason)
      return
    }
    if (frame.isRequest) {
      this.#open.add(frame.id)
    } else {
      this.#open.delete(frame.id)
    }
    if (this.#open.size > this.#limits.maxRequests) {
      this.#refuse('too_many_requests')
      return
    }
    this.#onMessage?.({ data: frame.text })
  }

  end(): void {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#closePeer()
      // The library decodes asynchronously: a request that was on its way would open after the close and live for ever.
      setTimeout(() => this.#closePeer(), 0)
    }
  }

  #send(data: SocketData): void {
    if (this.#isClosed) {
      return
    }
    if (this.#socket.bufferedAmount > this.#limits.maxBufferedBytes) {
      this.#refuse('reader_too_slow')
      return
    }
    const over = idOfFinishedRequest(data)
    if (over !== undefined) {
      this.#open.delete(over)
    }
    this.#socket.send(data)
  }

  #refuse(reason: SocketCloseReason): void {
    this.#logger.log('warn', 'screen socket closed', { reason })
    this.end()
    this.#socket.close(SOCKET_CLOSES[reason], reason)
  }

  #closePeer(): void {
    for (const listener of this.#onClose) {
      listener()
    }
  }
}

type Frame =
  | { readonly type: 'frame'; readonly id: string; readonly isRequest: boolean; readonly text: string }
  | { readonly type: 'refused'; readonly reason: SocketCloseReason }

function readFrame(data: unknown, limits: ScreenSocketLimits): Frame {
  if (typeof data !== 'string') {
    return { type: 'refused', reason: 'malformed_message' }
  }
  if (data.length > limits.maxMessageBytes) {
    return { type: 'refused', reason: 'message_too_large' }
  }
  const parsed = schemaVerdict(frameSchema, parseJson(data))
  if (!parsed.success) {
    return { type: 'refused', reason: 'malformed_message' }
  }
  const { i, t, p } = parsed.data
  const isRequest = t !== 4
  if (isRequest && (p === undefined || Object.keys(p.h ?? {}).some((name) => HEADERS_REFUSED.test(name)))) {
    return { type: 'refused', reason: 'malformed_message' }
  }
  return { type: 'frame', id: String(i), isRequest, text: data }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the schema refuses undefined like any other wrong value.
    return undefined
  }
}

/** Frames carry their head first ({i, t, p: {e | s, h, …}}), so a prefix tells and a snapshot is not parsed again. */
const HEAD_LENGTH = 256
const HEAD = /^\{"i":"?([^",]{1,64})"?,(?:"t":(\d),)?"p":\{(?:"e":"(\w+)")?/

/** The id of a request that this frame ends: a response that opens no iterator, or the last event of one. */
function idOfFinishedRequest(data: SocketData): string | undefined {
  const head = typeof data === 'string' ? data.slice(0, HEAD_LENGTH) : ''
  const [, id, type, event] = HEAD.exec(head) ?? []
  const isOver = type === '3' ? event !== 'message' : !head.includes('"content-type":"text/event-stream"')
  return isOver ? id : undefined
}
