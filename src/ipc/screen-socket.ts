/**
 * Serves the contract over one WebSocket that the handshake has accepted. Invariant: a peer cannot make the host hold more
 * than the bounds here; whoever breaks one loses the socket with a code that says which. Closing 1008/4xxx is final for this
 * socket alone: the page may connect again.
 */
import { RPCHandler } from '@orpc/server/ws'
import { z } from 'zod'
import type { Logger } from '../lib/runtime.ts'
import type { ScreenRouter } from './screen-router.ts'
import { MAX_MESSAGE_BYTES } from './wire.ts'

/** The part of a `ws` socket that is used. */
export interface ServerSocket {
  readonly bufferedAmount: number
  send(data: string | ArrayBufferLike | ArrayBufferView): void
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
  const handler = new RPCHandler(router)
  const open = new Set<string>()
  let isClosed = false
  let onMessage: ((event: { data: string }) => void) | undefined
  const onClose: (() => void)[] = []

  const closePeer = () => {
    for (const listener of onClose) {
      listener()
    }
  }
  const end = () => {
    if (!isClosed) {
      isClosed = true
      closePeer()
      // The library decodes asynchronously: a request that was on its way would open after the close and live for ever.
      setTimeout(closePeer, 0)
    }
  }
  const refuse = (reason: SocketCloseReason) => {
    components.logger.log('warn', 'screen socket closed', { reason })
    end()
    socket.close(SOCKET_CLOSES[reason], reason)
  }
  const send = (data: string | ArrayBufferLike | ArrayBufferView) => {
    if (isClosed) {
      return
    }
    if (socket.bufferedAmount > limits.maxBufferedBytes) {
      refuse('reader_too_slow')
      return
    }
    const over = idOfFinishedRequest(data)
    if (over !== undefined) {
      open.delete(over)
    }
    socket.send(data)
  }

  // The library sees a socket that only ever carries well-formed frames within bounds.
  const peer = {
    send,
    addEventListener: (type: string, listener: (event: never) => void) => {
      if (type === 'message') {
        onMessage = listener as (event: { data: string }) => void
      } else if (type === 'close') {
        onClose.push(listener as () => void)
      }
    },
  }
  void handler.upgrade(peer as never)

  socket.addEventListener('message', ({ data }) => {
    if (isClosed) {
      return
    }
    const frame = readFrame(data, limits)
    if (frame.type === 'refused') {
      refuse(frame.reason)
      return
    }
    if (frame.isRequest) {
      open.add(frame.id)
    } else {
      open.delete(frame.id)
    }
    if (open.size > limits.maxRequests) {
      refuse('too_many_requests')
      return
    }
    onMessage?.({ data: frame.text })
  })
  socket.addEventListener('close', end)
  socket.addEventListener('error', end)
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
  const parsed = frameSchema.safeParse(parseJson(data))
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
function idOfFinishedRequest(data: string | ArrayBufferLike | ArrayBufferView): string | undefined {
  const head = typeof data === 'string' ? data.slice(0, HEAD_LENGTH) : ''
  const [, id, type, event] = HEAD.exec(head) ?? []
  const isOver = type === '3' ? event !== 'message' : !head.includes('"content-type":"text/event-stream"')
  return isOver ? id : undefined
}
