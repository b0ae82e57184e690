/**
 * What Prometheus reads: `GET /metrics` on a loopback port, off unless a port is given. Nothing else is answered. Who scrapes
 * from another machine runs an agent on this one: the page has no password.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isHostAllowed } from '../../chain-node/rpc/origins.ts'
import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { MetricsRegistry } from '../../lib/metrics.ts'
import type { Logger } from '../../lib/runtime.ts'

export interface MetricsServer {
  /** As bound. */
  readonly port: number
  stop(): Promise<void>
}

export interface MetricsServerOptions {
  readonly registry: MetricsRegistry
  readonly logger: Logger
  /** 0 takes any free port. */
  readonly port: number
}

const LOOPBACK = '127.0.0.1'
const LIMITS = { connections: 16, headerBytes: 8_192, requestTimeoutMs: 10_000 } as const
const LOOPBACK_ONLY = { allowedOrigins: [], loopbackOnly: true } as const

/** @throws CodedError `port_taken`, `cannot_listen` */
export async function startMetricsServer({ registry, logger, port }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer({
    maxHeaderSize: LIMITS.headerBytes,
    headersTimeout: LIMITS.requestTimeoutMs,
    requestTimeout: LIMITS.requestTimeoutMs,
  })
  server.maxConnections = LIMITS.connections
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('request', (request, response) => answer(request, response, registry, logger))
  await listen(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const code = errorCode(cause) === 'EADDRINUSE' ? 'port_taken' : 'cannot_listen'
      const fields = { host: LOOPBACK, port }
      reject(new CodedError(code, `metrics cannot be served on ${LOOPBACK}:${port}`, { fields, cause }))
    })
    server.listen(port, LOOPBACK, resolve)
  })
}

function answer(request: IncomingMessage, response: ServerResponse, registry: MetricsRegistry, logger: Logger): void {
  if (!isHostAllowed(request.headers.host, LOOPBACK_ONLY)) {
    send(response, 403, 'loopback names only\n')
  } else if (request.url !== '/metrics') {
    send(response, 404, 'GET /metrics\n')
  } else if (request.method !== 'GET') {
    send(response, 405, 'GET /metrics\n')
  } else {
    try {
      send(response, 200, registry.render())
    } catch (error) {
      // A fact that cannot be read (a database that is being closed) must not end the process.
      logger.log('warn', 'metrics cannot be read', { error: errorMessage(error) })
      send(response, 503, 'not now\n')
    }
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': status === 200 ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
