/**
 * The contract over a message port: what the desktop's windows speak with the core process. Invariant: the same frames and the same bounds
 * as over a WebSocket (screen-socket.ts), so neither end knows which carrier it is on. A port has no back pressure of its own; the reader
 * therefore says how much it has taken, and what is left counts as waiting. Read next: screen-socket.ts, screen-client.ts.
 */
import { z } from 'zod'
import { CodedError } from '../lib/coded-error.ts'
import type { Logger } from '../lib/runtime.ts'
import { schemaVerdict } from '../lib/schema-verdict.ts'
import type { ClientSocket } from './screen-client.ts'
import type { ScreenRouter } from './screen-router.ts'
import type { ScreenSocketLimits, ServerSocket } from './screen-socket.ts'
import { SCREEN_SOCKET_LIMITS, serveScreenSocket } from './screen-socket.ts'

/** One end of a message channel, of whichever platform. */
export interface PortEnd {
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** The other end closed, or its process ended. */
  onClose(listener: () => void): void
  /** Begins to deliver what has arrived. */
  start(): void
  close(): void
}

/** The part of a page's, or of Node's, MessagePort that is used. */
export interface EventTargetPort {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: () => void): void
  start(): void
  close(): void
}

/** The part of Electron's MessagePortMain that is used. */
export interface EmitterPort {
  postMessage(message: unknown): void
  on(type: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(type: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

export function endOfPort(port: EventTargetPort): PortEnd {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => port.addEventListener('message', ({ data }) => listener(data)),
    onClose: (listener) => port.addEventListener('close', () => listener()),
    start: () => port.start(),
    close: () => port.close(),
  }
}

export function endOfMainPort(port: EmitterPort): PortEnd {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', ({ data }) => listener(data)),
    onClose: (listener) => port.on('close', () => listener()),
    start: () => port.start(),
    close: () => port.close(),
  }
}

const MAX_TAKEN = 2 ** 32
// The length of a frame is bounded by screen-socket.ts, with the reason that a WebSocket would give.
const frameSchema = z.object({ type: z.literal('frame'), text: z.string() })
const takenSchema = z.object({ type: z.literal('taken'), characters: z.number().int().min(0).max(MAX_TAKEN) })
const fromScreenSchema = z.discriminatedUnion('type', [frameSchema, takenSchema])
const fromHostSchema = z.discriminatedUnion('type', [
  frameSchema,
  z.object({ type: z.literal('open') }),
  z.object({ type: z.literal('close'), code: z.number().int(), reason: z.string().max(128) }),
])

/** Serves the contract on a port until either end closes it. */
export function serveScreenPort(
  router: ScreenRouter,
  end: PortEnd,
  components: { readonly logger: Logger },
  limits: ScreenSocketLimits = SCREEN_SOCKET_LIMITS,
): void {
  serveScreenSocket(router, serverSocketOf(end), components, limits)
  end.start()
  end.post({ type: 'open' })
}

function serverSocketOf(end: PortEnd): ServerSocket {
  let waiting = 0
  const onMessage: ((event: { data: unknown }) => void)[] = []
  end.onMessage((message) => {
    const parsed = schemaVerdict(fromScreenSchema, message)
    if (parsed.success && parsed.data.type === 'taken') {
      waiting = Math.max(0, waiting - parsed.data.characters)
      return
    }
    // What is no frame is passed on as nothing: the socket's bounds refuse it with their own reason.
    const data = parsed.success && parsed.data.type === 'frame' ? parsed.data.text : undefined
    for (const listener of onMessage) {
      listener({ data })
    }
  })
  return {
    get bufferedAmount() {
      return waiting
    },
    send(data) {
      const text = textOf(data)
      waiting += text.length
      end.post({ type: 'frame', text })
    },
    close(code, reason) {
      end.post({ type: 'close', code, reason })
      end.close()
    },
    addEventListener(type: 'message' | 'close' | 'error', listener: (event: { data: unknown }) => void) {
      if (type === 'message') {
        onMessage.push(listener)
      } else if (type === 'close') {
        end.onClose(() => listener({ data: undefined }))
      }
    },
  }
}

const CONNECTING = 0
const OPEN = 1
const CLOSED = 3

/**
 * A socket for the screen's client over a port that is still on its way. It opens when the host serves the port, and closes when either
 * end does, or where no port comes.
 */
export function openPortSocket(arriving: Promise<PortEnd>): ClientSocket {
  return new PortSocket(arriving)
}

class PortSocket extends EventTarget implements ClientSocket {
  readyState: 0 | 1 | 3 = CONNECTING
  #end: PortEnd | undefined

  constructor(arriving: Promise<PortEnd>) {
    super()
    arriving.then(
      (end) => this.#attach(end),
      () => this.#closed(),
    )
  }

  send(data: Parameters<ClientSocket['send']>[0]): void {
    if (this.readyState !== OPEN) {
      throw new CodedError('connection_lost', 'the port is closed')
    }
    this.#end?.post({ type: 'frame', text: textOf(data) })
  }

  close(): void {
    this.#end?.close()
    this.#closed()
  }

  #attach(end: PortEnd): void {
    if (this.readyState === CLOSED) {
      end.close()
      return
    }
    this.#end = end
    end.onMessage((message) => this.#receive(end, message))
    end.onClose(() => this.#closed())
    end.start()
  }

  #receive(end: PortEnd, message: unknown): void {
    const parsed = schemaVerdict(fromHostSchema, message)
    if (this.readyState === CLOSED) {
      return
    }
    if (!parsed.success || parsed.data.type === 'close') {
      this.close()
    } else if (parsed.data.type === 'open') {
      this.readyState = OPEN
      this.dispatchEvent(new Event('open'))
    } else {
      const { text } = parsed.data
      end.post({ type: 'taken', characters: text.length })
      this.dispatchEvent(new MessageEvent('message', { data: text }))
    }
  }

  #closed(): void {
    if (this.readyState !== CLOSED) {
      this.readyState = CLOSED
      this.dispatchEvent(new Event('close'))
    }
  }
}

function textOf(data: unknown): string {
  if (typeof data !== 'string') {
    // The contract has JSON values alone, so the library never makes another frame.
    throw new CodedError('malformed_message', 'only text travels over a port')
  }
  return data
}
