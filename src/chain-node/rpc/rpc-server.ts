/**
 * The RPC door: JSON-RPC over POST, methods as paths over GET, and a WebSocket at /websocket, on one port. It listens on
 * loopback unless told otherwise. Invariant: each client costs bounded memory: body, batch, connections, subscriptions,
 * unread answers (limits.ts). Read next: dispatcher.ts, websocket-session.ts, methods.ts.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { RPC_LIMITS } from '../limits.ts'
import type { RpcDispatcher } from './dispatcher.ts'
import type { EventFeed } from './event-feed.ts'
import { RPC_METHODS } from './methods.ts'
import type { OriginPolicy } from './origins.ts'
import { isHostAllowed, isLoopbackName, isOriginAllowed } from './origins.ts'
import { WebSocketSession } from './websocket-session.ts'

export interface RpcServerComponents {
  readonly dispatcher: RpcDispatcher
  readonly feed: EventFeed
  readonly clock: Clock
  readonly logger: Logger
}

export interface RpcServerOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: string
  /** Browser origins allowed beside those on loopback. */
  readonly allowedOrigins: readonly string[]
}

type Duplex = Parameters<WebSocketServer['handleUpgrade']>[1]

const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const

export class RpcServer {
  readonly #components: RpcServerComponents
  readonly #options: RpcServerOptions
  readonly #policy: OriginPolicy
  readonly #server: Server
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: RPC_LIMITS.bodyBytes,
    perMessageDeflate: false,
  })
  readonly #sessions = new Set<WebSocketSession>()
  /** All that are open: a refused upgrade belongs to the server no more, and its client may keep it half open for ever. */
  readonly #connections = new Set<Duplex>()
  readonly #stopping = new AbortController()

  constructor(components: RpcServerComponents, options: RpcServerOptions) {
    this.#components = components
    this.#options = options
    this.#policy = { allowedOrigins: options.allowedOrigins, loopbackOnly: isLoopbackName(options.host) }
    this.#server = createServer({
      requestTimeout: RPC_LIMITS.requestTimeoutMs,
      headersTimeout: RPC_LIMITS.requestTimeoutMs,
      maxHeaderSize: RPC_LIMITS.uriCharacters,
    })
    this.#server.maxConnections = RPC_LIMITS.connections
    this.#server.on('request', (request, response) => void this.#respond(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('clientError', (_error, socket) => socket.destroy())
    this.#server.on('connection', (connection) => {
      this.#connections.add(connection)
      connection.once('close', () => this.#connections.delete(connection))
    })
  }

  /** @returns the port. @throws CodedError `port_taken`, `cannot_listen` */
  async start(): Promise<number> {
    const { port, host } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const code = errorCode(cause) === 'EADDRINUSE' ? 'port_taken' : 'cannot_listen'
        reject(new CodedError(code, `the RPC cannot listen on ${host}:${port}`, { fields: { host, port }, cause }))
      })
      this.#server.listen(port, host, resolve)
    })
    void this.#probeSessions()
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const session of this.#sessions) {
      session.close()
    }
    if (!this.#server.listening) {
      return
    }
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) {
      connection.destroy()
    }
    await closed
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const origin = request.headers.origin
      if (!isHostAllowed(request.headers.host, this.#policy) || !isOriginAllowed(origin, this.#policy)) {
        respond(response, 403, '{"error":"this origin or host may not use the RPC"}')
        return
      }
      if (origin !== undefined) {
        response.setHeader('access-control-allow-origin', origin)
        response.setHeader('vary', 'origin')
      }
      await this.#route(request, response)
    } catch (error) {
      this.#components.logger.log('debug', 'an RPC request broke', { error: errorMessage(error) })
      response.destroy()
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { dispatcher } = this.#components
    const url = parseTarget(request.url)
    const name = url?.pathname.slice(1)
    if (url === undefined || name === undefined) {
      respond(response, 400, '{"error":"bad request target"}')
    } else if (request.method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
      response.setHeader('access-control-allow-headers', 'content-type')
      response.setHeader('access-control-max-age', '600')
      respond(response, 204, '')
    } else if (request.method === 'POST' && name === '') {
      const body = await readBody(request)
      if (body === undefined) {
        response.setHeader('connection', 'close')
        respond(response, 413, `{"error":"at most ${RPC_LIMITS.bodyBytes} bytes"}`)
        return
      }
      respond(response, 200, await dispatcher.answerBody(body, this.#stopping.signal))
    } else if (request.method === 'GET' && name === '') {
      respond(response, 200, JSON.stringify({ methods: Object.keys(RPC_METHODS), websocket: '/websocket' }))
    } else if (request.method === 'GET' && name === 'websocket') {
      respond(response, 426, '{"error":"/websocket speaks WebSocket only"}')
    } else if (request.method === 'GET') {
      const answer = await dispatcher.answerUri(name, url.searchParams, this.#stopping.signal)
      respond(response, 'error' in answer ? statusOf(answer.error.code) : 200, JSON.stringify(answer))
    } else {
      respond(response, 405, '{"error":"GET, POST on / or OPTIONS"}')
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const isAllowed =
      isHostAllowed(request.headers.host, this.#policy) && isOriginAllowed(request.headers.origin, this.#policy)
    // node:http has taken its own listener off: a reset would end the node.
    socket.on('error', () => socket.destroy())
    if (!isAllowed || parseTarget(request.url)?.pathname !== '/websocket') {
      socket.end(`HTTP/1.1 ${isAllowed ? '404 Not Found' : '403 Forbidden'}\r\nconnection: close\r\n\r\n`)
      return
    }
    const { dispatcher, feed } = this.#components
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const session = new WebSocketSession(webSocket, { dispatcher, feed, signal: this.#stopping.signal })
      this.#sessions.add(session)
      webSocket.on('close', () => this.#sessions.delete(session))
    })
  }

  async #probeSessions(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#components.clock.sleep(RPC_LIMITS.pingIntervalMs, signal).catch(() => {
        // Stopping: the loop's condition ends it.
      })
      for (const session of signal.aborted ? [] : this.#sessions) {
        session.probe()
      }
    }
  }
}

function respond(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, JSON_HEADERS)
  response.end(body)
}

function parseTarget(target: string | undefined): URL | undefined {
  if (target === undefined || !target.startsWith('/') || target.length > RPC_LIMITS.uriCharacters) {
    return undefined
  }
  return URL.canParse(target, 'http://rpc') ? new URL(target, 'http://rpc') : undefined
}

/** Undefined where the body is longer than allowed. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Not destroyed on an early return: the refusal must still reach the client.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > RPC_LIMITS.bodyBytes) {
      return undefined
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** HTTP status of a failed GET; a POST always answers 200, because clients read the error from the body. */
function statusOf(code: number): number {
  switch (code) {
    case -32601:
      return 404
    case -32602:
      return 400
    default:
      return 500
  }
}
