/**
 * Serves the screen on loopback: its files, the exchange of the one-time token, and the contract over a WebSocket. Invariant:
 * nothing that changes anything is reachable without a session, and nothing at all under a foreign Host or Origin.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { HandshakePolicy } from '../../ipc/handshake.ts'
import {
  checkSender,
  checkUpgrade,
  exchangeRequestSchema,
  isAllowedHost,
  MAX_EXCHANGE_BYTES,
  SCREEN_SOCKET_PATH,
  SCREEN_SUBPROTOCOL,
  SESSION_PATH,
  screenUrl,
} from '../../ipc/handshake.ts'
import type { ScreenRouter } from '../../ipc/screen-router.ts'
import { SCREEN_SOCKET_LIMITS, serveScreenSocket } from '../../ipc/screen-socket.ts'
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { Logger, Rng } from '../../lib/runtime.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import type { ControlActions } from './control-endpoint.ts'
import { answerControl, CONTROL_PATH } from './control-endpoint.ts'
import { readBody } from './read-body.ts'
import type { ScreenFile } from './screen-files.ts'
import { loadScreenFiles } from './screen-files.ts'
import type { ScreenSessions } from './screen-session.ts'
import { createScreenSessions } from './screen-session.ts'

const MAX_SOCKETS = 16

export interface ScreenServerOptions {
  /** Folder of the built screen; absent where the screen is shown another way and only programs connect here. */
  readonly folder?: string
  /** Model files, served under /models/ to the tab that serves models. */
  readonly modelsFolder: string
  /** 0 = any free port. */
  readonly port: number
  /** Secret of the control endpoint. */
  readonly control: string
  /** What the control endpoint may do beside handing out links and sessions. */
  readonly actions: Pick<ControlActions, 'stop' | 'show'>
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
  const { folder, modelsFolder } = options
  const files = folder === undefined ? new Map<string, ScreenFile>() : loadScreenFiles(folder, modelsFolder)
  const sessions = createScreenSessions(components.rng)
  const policy: { hosts: string[] } = { hosts: [] }
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: SCREEN_SOCKET_LIMITS.maxMessageBytes,
    handleProtocols: () => SCREEN_SUBPROTOCOL,
  })
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: 10_000 }, (request, response) => {
    const actions = { ...options.actions, link, createSession: () => sessions.createSession() }
    answer(request, response, { files, sessions, policy, control: options.control, actions }).catch((error) => {
      components.logger.log('debug', 'a request of the screen broke', { error: errorMessage(error) })
      response.destroy()
    })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // node:http has taken its own listener off: a reset would end the process.
    socket.on('error', () => socket.destroy())
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
  const connections = connectionsOf(server)
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
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of connections) {
        connection.destroy()
      }
      await closed
    },
  }
}

/** All that are open: a refused upgrade belongs to the server no more, and its client may keep it half open for ever. */
function connectionsOf(server: Server): ReadonlySet<Duplex> {
  const connections = new Set<Duplex>()
  server.on('connection', (connection) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })
  return connections
}

interface AnswerParts {
  readonly files: ReadonlyMap<string, ScreenFile>
  readonly sessions: ScreenSessions
  readonly policy: HandshakePolicy
  readonly control: string
  readonly actions: ControlActions
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: AnswerParts): Promise<void> {
  const { host, origin } = request.headers
  const path = pathOf(request.url)
  if (path === undefined) {
    sendJson(response, 400, { code: 'bad_target' })
    return
  }
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
  if (path === CONTROL_PATH && request.method === 'POST') {
    const body = await readBody(request, MAX_EXCHANGE_BYTES)
    const given = { origin, body: body === undefined ? undefined : parseJson(body) }
    const answered = answerControl(given, parts.control, parts.actions)
    sendJson(response, answered.status, answered.body)
    return
  }
  const file = request.method === 'GET' || request.method === 'HEAD' ? parts.files.get(path) : undefined
  if (file === undefined) {
    sendJson(response, 404, { code: 'not_found' })
    return
  }
  sendFile(request, response, file)
}

/** Undefined for a target that is none, such as `//`. */
function pathOf(target: string | undefined): string | undefined {
  return target !== undefined && URL.canParse(target, 'http://screen')
    ? new URL(target, 'http://screen').pathname
    : undefined
}

async function exchange(request: IncomingMessage, response: ServerResponse, sessions: ScreenSessions): Promise<void> {
  const body = await readBody(request, MAX_EXCHANGE_BYTES)
  const parsed = body === undefined ? undefined : schemaVerdict(exchangeRequestSchema, parseJson(body))
  const session = parsed?.success === true ? sessions.redeem(parsed.data.token) : undefined
  if (session === undefined) {
    sendJson(response, 401, { code: 'token_unknown' })
    return
  }
  sendJson(response, 200, { session })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined.
    return undefined
  }
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: ScreenFile): void {
  let body: Buffer
  try {
    body = file.body
  } catch {
    // It was there at the start: somebody took it away.
    sendJson(response, 404, { code: 'not_found' })
    return
  }
  response.writeHead(200, { ...file.headers, 'content-length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
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
