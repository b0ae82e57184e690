/**
 * The gateway's socket: node:http on one side, Request and Response on the other. Invariant: what one connection can cost is
 * bounded (HTTP_LIMITS): headers, time to send a request, time to take an answer, connections; and a client that goes away aborts
 * its Request's signal. On loopback only loopback names pass in Host, so that a name rebound to 127.0.0.1 gets nothing.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { OriginPolicy } from '../../chain-node/rpc/origins.ts'
import { isHostAllowed, isLoopbackName } from '../../chain-node/rpc/origins.ts'
import type { GatewayHandler } from '../../gateway/gateway.ts'
import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'

export interface HttpLimits {
  readonly connections: number
  readonly headerBytes: number
  /** From the first byte of a request to the end of its headers, and to the end of its body. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
  /** How long a client may leave an answer unread before it counts as gone. */
  readonly writeStallMs: number
  /** How long the rest of a request may still come that was answered before its end. */
  readonly lingerMs: number
  /** How often node:http looks for requests that are late. */
  readonly checkIntervalMs: number
}

const HTTP_LIMITS: HttpLimits = {
  connections: 1_024,
  headerBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveMs: 30_000,
  writeStallMs: 30_000,
  lingerMs: 5_000,
  checkIntervalMs: 2_000,
}

export interface ServeGatewayOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: string
  readonly logger: Logger
  readonly limits?: Partial<HttpLimits>
}

export interface GatewayServer {
  readonly port: number
  /** Ends all connections; orders in work are cancelled. */
  stop(): Promise<void>
}

/** @throws CodedError `port_taken`, `cannot_listen` */
export async function serveGateway(handler: GatewayHandler, options: ServeGatewayOptions): Promise<GatewayServer> {
  const { port, host, logger } = options
  const limits = { ...HTTP_LIMITS, ...options.limits }
  const policy = { allowedOrigins: [], loopbackOnly: isLoopbackName(host) || host === '::1' }
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  })
  server.maxConnections = limits.connections
  const responses = new WeakMap<Duplex, ServerResponse>()
  server.on('clientError', (error, socket) => {
    refuseRaw(errorCode(error), socket, responses.get(socket)?.headersSent === true)
  })
  server.on('request', (request, response) => {
    const { socket } = request
    responses.set(socket, response)
    response.once('close', () => responses.delete(socket))
    answer(request, response, { handler, limits, policy }).catch((error: unknown) => {
      logger.log('debug', 'a gateway connection broke', { error: errorMessage(error) })
      response.destroy()
    })
  })
  await listen(server, port, host)
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const code = errorCode(cause) === 'EADDRINUSE' ? 'port_taken' : 'cannot_listen'
      reject(new CodedError(code, `the gateway cannot listen on ${host}:${port}`, { fields: { host, port }, cause }))
    })
    server.listen(port, host, resolve)
  })
}

interface Answering {
  readonly handler: GatewayHandler
  readonly limits: HttpLimits
  readonly policy: OriginPolicy
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Answering): Promise<void> {
  const { handler, limits, policy } = context
  if (!isHostAllowed(request.headers.host, policy)) {
    refuse(response, 403, 'host_not_allowed', 'This gateway answers to loopback names only.')
    return
  }
  const leaving = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) {
      leaving.abort(new CodedError('aborted', 'the client went away'))
    }
  })
  const incoming = toRequest(request, leaving.signal)
  if (incoming === undefined) {
    refuse(response, 400, 'invalid_request', 'This is no request that can be answered.')
    return
  }
  const outgoing = await handler(incoming)
  if (!request.complete) {
    // An answer before the end of the question: what comes is thrown away, and nothing may follow on this connection.
    response.setHeader('connection', 'close')
    discard(request)
  }
  await send(outgoing, response, leaving.signal, limits)
  if (!request.complete) {
    // A socket that is closed with unread bytes is reset, and a reset may overtake the answer.
    await completed(request, leaving.signal, limits)
  }
  response.end()
}

/** Undefined for what the Fetch API does not know: a target that is no path, forbidden methods, headers that are none. */
function toRequest(request: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = 'GET', url = '' } = request
  if (!url.startsWith('/')) {
    return undefined
  }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  try {
    const headers = new Headers()
    for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
      headers.append(request.rawHeaders[index] as string, request.rawHeaders[index + 1] as string)
    }
    const body = hasBody ? { body: bodyOf(request), duplex: 'half' as const } : {}
    return new Request(`http://gateway${url}`, { method, headers, signal, ...body })
  } catch {
    // What the Fetch API refuses has no form in which the gateway could see it.
    return undefined
  }
}

/** The body as the handler pulls it. Cancelling leaves the connection alone: the answer must still go out on it. */
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done === true) {
          controller.close()
        } else {
          controller.enqueue(value)
        }
      },
      cancel() {
        // Not awaited: it answers after the chunk that is on its way.
        chunks.return?.().catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

function discard(request: IncomingMessage): void {
  request.on('error', () => {
    // The connection broke while nobody wanted the rest: nothing to do.
  })
  request.on('data', () => {
    // Read, so that the end can come.
  })
}

/** Resolves when all of the request has come, its sender is gone, or its time is used up. */
function completed(request: IncomingMessage, leaving: AbortSignal, limits: HttpLimits): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(finish, limits.lingerMs)
    request.once('end', finish)
    leaving.addEventListener('abort', finish, { once: true })
    if (leaving.aborted || request.complete) {
      finish()
    }
  })
}

async function send(
  outgoing: Response,
  response: ServerResponse,
  leaving: AbortSignal,
  limits: HttpLimits,
): Promise<void> {
  if (leaving.aborted) {
    await outgoing.body?.cancel()
    return
  }
  response.statusCode = outgoing.status
  for (const [name, value] of outgoing.headers) {
    response.setHeader(name, value)
  }
  if (outgoing.body === null) {
    return
  }
  if (outgoing.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    response.flushHeaders()
  }
  const reader = outgoing.body.getReader()
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  leaving.addEventListener('abort', cancel, { once: true })
  for (;;) {
    const { done, value } = await reader.read()
    if (leaving.aborted || done) {
      return
    }
    if (!response.write(value)) {
      await drained(response, leaving, limits)
    }
  }
}

/** Resolves when the client has read on or is gone; one that reads nothing for `writeStallMs` is sent away. */
function drained(response: ServerResponse, leaving: AbortSignal, limits: HttpLimits): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      response.off('drain', finish)
      leaving.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(() => response.destroy(), limits.writeStallMs)
    response.once('drain', finish)
    leaving.addEventListener('abort', finish, { once: true })
    if (leaving.aborted) {
      finish()
    }
  })
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  const body = refusalBody(code, message)
  response.writeHead(status, { ...refusalHeaders(body), connection: 'close' })
  response.end(body)
}

/** What node:http could not read as a request: its code says why. An answer that is under way is not mixed with another. */
function refuseRaw(why: string, socket: Duplex, isAnswering: boolean): void {
  if (!socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const { status, code, message } = UNREADABLE[why] ?? NO_REQUEST
  const body = refusalBody(code, message)
  const headers = Object.entries({ ...refusalHeaders(body), connection: 'close' })
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n${body}`)
}

const NO_REQUEST = {
  status: '400 Bad Request',
  code: 'invalid_request',
  message: 'This is no request that can be answered.',
}
const UNREADABLE: Readonly<Record<string, typeof NO_REQUEST>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'headers_too_large',
    message: 'The headers of the request are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'request_timeout',
    message: 'The request did not come in time.',
  },
}

function refusalHeaders(body: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': `req_${randomBytes(16).toString('hex')}`,
  }
}

function refusalBody(code: string, message: string): string {
  return JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } })
}
