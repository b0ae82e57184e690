/**
 * Serves the screen on loopback: its files, the exchange of the one-time token, and the contract over a WebSocket. Invariant:
 * nothing that changes anything is reachable without a session, and nothing at all under a foreign Host or Origin.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import type { HandshakePolicy } from '../../ipc/handshake.ts'
import {
  checkSender,
  checkUpgrade,
  exchangeRequestSchema,
  isAllowedHost,
  MAX_EXCHANGE_BYTES,
  SCREEN_SOCKET_PATH,
  SCREEN_SUBPROTOCOL,
  SECRET_BYTES,
  SESSION_PATH,
  sameSecret,
  screenUrl,
} from '../../ipc/handshake.ts'
import type { ScreenRouter } from '../../ipc/screen-router.ts'
import { SCREEN_SOCKET_LIMITS, serveScreenSocket } from '../../ipc/screen-socket.ts'
import { hexSchema } from '../../ipc/wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Logger, Rng } from '../../lib/runtime.ts'
import { readBody } from './read-body.ts'
import type { ScreenFile } from './screen-files.ts'
import { loadScreenFiles } from './screen-files.ts'
import type { ScreenSessions } from './screen-session.ts'
import { createScreenSessions } from './screen-session.ts'

const MAX_SOCKETS = 16
/** POST {control}: a fresh link, for a second start on the same folder (running-instance.ts). */
export const LINK_PATH = '/link'
const linkRequestSchema = z.strictObject({ control: hexSchema(SECRET_BYTES) })

export interface ScreenServerOptions {
  /** Folder of the built screen. */
  readonly folder: string
  /** Model files, served under /models/ to the tab that serves models. */
  readonly modelsFolder: string
  /** 0 = any free port. */
  readonly port: number
  /** Secret with which a second start may ask for a link. */
  readonly control: string
}

export interface ScreenServer {
  readonly port: number
  /** A fresh link with a one-time token. */
  link(): string
  stop(): Promise<void>
}

/** @throws CodedError `screen_not_built`, `port_taken` */
export async function startScreenServer(
  components: { readonly logger: Logger; readonly rng: Rng; readonly router: ScreenRouter },
  options: ScreenServerOptions,
): Promise<ScreenServer> {
  const files = loadScreenFiles(options.folder, options.modelsFolder)
  const sessions = createScreenSessions(components.rng)
  const policy: { hosts: string[] } = { hosts: [] }
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: SCREEN_SOCKET_LIMITS.maxMessageBytes,
    handleProtocols: () => SCREEN_SUBPROTOCOL,
  })
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: 10_000 }, (request, response) => {
    void answer(request, response, { files, sessions, policy, link, control: options.control })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { host, origin } = request.headers
    const protocol = request.headers['sec-websocket-protocol']
    const verdict = checkUpgrade({ host, origin, protocol }, policy, sessions.isSession)
    const isAccepted = verdict.verdict === 'accept' && request.url === SCREEN_SOCKET_PATH
    if (!isAccepted || sockets.clients.size >= MAX_SOCKETS) {
      const status = verdict.verdict === 'reject' ? verdict.status : isAccepted ? 503 : 404
      socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      serveScreenSocket(components.router, webSocket, { logger: components.logger })
    })
  })
  const port = await listen(server, options.port)
  const link = (): string => screenUrl(`http://127.0.0.1:${port}`, sessions.createToken())
  policy.hosts.push(`127.0.0.1:${port}`, `localhost:${port}`)
  return {
    port,
    link,
    async stop() {
      for (const client of sockets.clients) {
        client.terminate()
      }
      sockets.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

interface AnswerParts {
  readonly files: ReadonlyMap<string, ScreenFile>
  readonly sessions: ScreenSessions
  readonly policy: HandshakePolicy
  readonly control: string
  readonly link: () => string
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: AnswerParts): Promise<void> {
  const { host, origin } = request.headers
  const path = new URL(request.url ?? '/', 'http://screen').pathname
  if (!isAllowedHost(host, parts.policy)) {
    sendJson(response, 403, { code: 'host_refused' })
    return
  }
  if (path === SESSION_PATH && request.method === 'POST') {
    const sender = checkSender({ host, origin }, parts.policy)
    if (sender.verdict === 'reject') {
      sendJson(response, sender.status, { code: sender.code })
      return
    }
    await exchange(request, response, parts.sessions)
    return
  }
  if (path === LINK_PATH && request.method === 'POST') {
    await answerLink(request, response, parts)
    return
  }
  const file = request.method === 'GET' || request.method === 'HEAD' ? parts.files.get(path) : undefined
  if (file === undefined) {
    sendJson(response, 404, { code: 'not_found' })
    return
  }
  response.writeHead(200, { ...file.headers, 'content-length': file.body.length })
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

async function exchange(request: IncomingMessage, response: ServerResponse, sessions: ScreenSessions): Promise<void> {
  const body = await readBody(request, MAX_EXCHANGE_BYTES)
  const parsed = body === undefined ? undefined : exchangeRequestSchema.safeParse(parseJson(body))
  const session = parsed?.success === true ? sessions.redeem(parsed.data.token) : undefined
  if (session === undefined) {
    sendJson(response, 401, { code: 'token_unknown' })
    return
  }
  sendJson(response, 200, { session })
}

async function answerLink(request: IncomingMessage, response: ServerResponse, parts: AnswerParts): Promise<void> {
  const body = await readBody(request, MAX_EXCHANGE_BYTES)
  const parsed = body === undefined ? undefined : linkRequestSchema.safeParse(parseJson(body))
  // A browser always names its origin here; only a program on this computer that can read the private file comes without.
  if (
    request.headers.origin !== undefined ||
    parsed?.success !== true ||
    !sameSecret(parsed.data.control, parts.control)
  ) {
    sendJson(response, 403, { code: 'control_refused' })
    return
  }
  sendJson(response, 200, { link: parts.link() })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined.
    return undefined
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'port_taken' : 'cannot_listen'
      reject(new CodedError(code, `cannot listen on 127.0.0.1:${port}`, { cause, fields: { port } }))
    })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
