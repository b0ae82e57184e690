/**
 * A loopback HTTP server laid out like a hub: /<owner>/<name>/resolve/<revision>/<path>, small files directly, the graph by a redirect to
 * another path, ranges and all. A test can put fates before it: each applies to one answer with bytes (redirects not counted).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hubBaseUrl } from '../../src/models/hub-source.ts'

export type HubFate =
  | { readonly kind: 'fine' | 'ignore-range' | 'silent' | 'hide-range' | 'wrong-range' | 'wrong-total' }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Promises everything, sends `bytes` and breaks off. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Says that the shorter body is all there is. */
  | { readonly kind: 'short'; readonly bytes: number }

export interface HubRequest {
  readonly path: string
  readonly range: string | undefined
}

export interface HubServer {
  readonly baseUrl: string
  /** Requests for bytes in order, redirects not counted. */
  readonly requests: readonly HubRequest[]
  /** What happens to the next answers; then all is fine, or `always`. */
  readonly fates: HubFate[]
  always: HubFate
  /** Answers that the client left before their end. */
  readonly abandoned: () => number
  stop(): Promise<void>
}

const REPOSITORY = 'tailrace/whale-0.9m'
const REVISION = '0123456789abcdef0123456789abcdef01234567'
const REDIRECTED = /\.onnx$/

/** Serves `files` (path → bytes) until stopped. */
export async function startHubServer(files: ReadonlyMap<string, Uint8Array>): Promise<HubServer> {
  const requests: HubRequest[] = []
  const fates: HubFate[] = []
  let abandoned = 0
  const hub: { always: HubFate } = { always: { kind: 'fine' } }
  const folder = `/${REPOSITORY}/resolve/${REVISION}/`

  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] as string)
    const name = path.startsWith(folder) ? path.slice(folder.length) : path.replace(/^\/cdn\//, '')
    const bytes = files.get(name)
    if (bytes === undefined) {
      response.writeHead(404).end('no such file')
    } else if (path.startsWith(folder) && REDIRECTED.test(name)) {
      response.writeHead(302, { location: `/cdn/${name}?signature=x` }).end()
    } else {
      requests.push({ path: name, range: request.headers.range })
      response.on('close', () => {
        abandoned += response.writableFinished ? 0 : 1
      })
      answer(request, response, bytes, fates.shift() ?? hub.always)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(hub, {
    baseUrl: hubBaseUrl(`http://127.0.0.1:${port}/`, REPOSITORY, REVISION),
    requests,
    fates,
    abandoned: () => abandoned,
    stop: () => stopServer(server),
  })
}

function stopServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

function answer(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, fate: HubFate): void {
  if (fate.kind === 'silent') {
    return
  }
  if (fate.kind === 'status') {
    response.writeHead(fate.status, fate.headers ?? {}).end()
    return
  }
  const range = fate.kind === 'ignore-range' ? undefined : parseRange(request.headers.range, bytes.length)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const [first, last] = range ?? [0, bytes.length - 1]
  const body = bytes.subarray(first, last + 1)
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': fate.kind === 'short' ? Math.min(fate.bytes, body.length) : body.length,
    ...(range === undefined ? {} : contentRange(fate, first, last, bytes.length)),
  })
  if (fate.kind === 'short') {
    response.end(body.subarray(0, fate.bytes))
  } else if (fate.kind === 'truncate' && fate.bytes < body.length) {
    response.write(body.subarray(0, fate.bytes), () => response.destroy())
  } else {
    response.end(body)
  }
}

function contentRange(fate: HubFate, first: number, last: number, total: number): Record<string, string> {
  if (fate.kind === 'hide-range') {
    return {}
  }
  const shown = fate.kind === 'wrong-range' ? [first + 1, last + 1] : [first, last]
  return { 'content-range': `bytes ${shown[0]}-${shown[1]}/${fate.kind === 'wrong-total' ? total + 1 : total}` }
}

function parseRange(header: string | undefined, total: number): [number, number] | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined) {
    return undefined
  }
  return Number(first) < total ? [Number(first), Math.min(Number(last), total - 1)] : 'unsatisfiable'
}
