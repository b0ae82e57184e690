import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { BYTE_TEXT } from '../../../test/support/gateway/byte-text.ts'
import { textScript } from '../../../test/support/gateway/scripted-orders.ts'
import { parseChunks, readEvents, textOf } from '../../../test/support/gateway/sse.ts'
import type { TestGateway, TestGatewayOptions } from '../../../test/support/gateway/test-gateway.ts'
import { BYTE_MODEL, createTestGateway } from '../../../test/support/gateway/test-gateway.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { GatewayHandler } from '../../gateway/gateway.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { HttpLimits } from './http-gateway.ts'
import { serveGateway } from './http-gateway.ts'

const HEADERS = { authorization: 'Bearer tk_test', 'content-type': 'application/json' }
const BODY = { model: 'bytes', messages: [{ role: 'user', content: 'Hi' }] }
const CHAT = '/v1/chat/completions'

async function serve(handler: GatewayHandler, limits: Partial<HttpLimits> = {}): Promise<number> {
  const server = await serveGateway(handler, { port: 0, host: '127.0.0.1', logger: SILENT_LOGGER, limits })
  onTestFinished(() => server.stop())
  return server.port
}

async function serveScripts(options: TestGatewayOptions = {}, limits: Partial<HttpLimits> = {}) {
  const gateway = createTestGateway(options)
  const port = await serve(gateway.handle, limits)
  const post = (body: object, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${CHAT}`, { method: 'POST', headers: HEADERS, body: JSON.stringify(body), ...init })
  return { gateway, port, post }
}

/** A raw connection that keeps what it was answered. */
async function dial(port: number): Promise<{ socket: Socket; received: () => string; closed: Promise<void> }> {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, received: () => text, closed }
}

test('JSON and streams over a real socket, several on one connection', async () => {
  const { port, post } = await serveScripts()
  const answer = await post(BODY)
  expect(answer.headers.get('x-tailrace-executor')).toBe('tail1executor0')
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'Call me Ishmael.' } }] })
  const stream = await post({ ...BODY, stream: true })
  const events = await readEvents(stream)
  expect(textOf(parseChunks(events))).toBe('Call me Ishmael.')
  expect(events.at(-1)).toBe('[DONE]')
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
})

test('each token goes out when it is there', async () => {
  const gate = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  const { post } = await serveScripts({
    script: () => ({ ...textScript('abc'), beforeChunk: (chunk) => gate[chunk]?.promise }),
  })
  const response = await post({ ...BODY, stream: true })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value)
  expect(await next()).toContain('"role":"assistant"')
  for (const [index, letter] of ['a', 'b', 'c'].entries()) {
    gate[index]?.resolve()
    expect(await next()).toContain(`"content":"${letter}"`)
  }
  await reader.cancel()
})

test('a client that disconnects ends its order', async () => {
  const { gateway, post } = await serveScripts({
    script: () => ({
      chunks: Array.from({ length: 100 }, () => [97]),
      beforeChunk: (chunk) => (chunk < 5 ? undefined : new Promise(() => undefined)),
    }),
  })
  const controller = new AbortController()
  await post({ ...BODY, stream: true }, { signal: controller.signal })
  await waitFor('five tokens', () => gateway.desk.orders[0]?.delivered === 5)
  controller.abort()
  const order = await waitFor('the order to end', () => gateway.desk.orders.find(({ isOver }) => isOver))
  expect(order.delivered).toBe(5)
  expect(order.wish.signal.aborted).toBe(true)
  await waitFor('the slots', () => gateway.metrics.render().includes('tailrace_gateway_active_orders 0'))
})

test('a client that disconnects before its answer ends its order', async () => {
  const { gateway, post } = await serveScripts({
    script: () => ({ chunks: [[97]], beforeChunk: () => new Promise(() => undefined) }),
  })
  const controller = new AbortController()
  const answer = post(BODY, { signal: controller.signal })
  await waitFor('the order', () => gateway.desk.orders.length === 1)
  controller.abort()
  await expect(answer).rejects.toThrow()
  await waitFor('the order to end', () => gateway.desk.orders[0]?.isOver)
})

test('stopping ends connections and orders', async () => {
  const gateway = createTestGateway({
    script: () => ({ chunks: [[97]], beforeChunk: () => new Promise(() => undefined) }),
  })
  const server = await serveGateway(gateway.handle, { port: 0, host: '127.0.0.1', logger: SILENT_LOGGER })
  const url = `http://127.0.0.1:${server.port}${CHAT}`
  const answer = fetch(url, { method: 'POST', headers: HEADERS, body: JSON.stringify(BODY) })
  answer.catch(() => undefined)
  await waitFor('the order', () => gateway.desk.orders.length === 1)
  await server.stop()
  await expect(answer).rejects.toThrow()
  await waitFor('the order to end', () => gateway.desk.orders[0]?.isOver)
})

function* endless(): Generator<readonly number[]> {
  for (;;) {
    yield [97]
  }
}

/** A stream without end, 100 kB a token, and a client that reads nothing of it. */
async function stall(limits: Partial<HttpLimits>): Promise<TestGateway> {
  const piece = 'a'.repeat(100_000)
  const text = { ...BYTE_TEXT, createStreamDecoder: () => ({ push: () => piece, flush: () => '' }) }
  const { gateway, port } = await serveScripts(
    {
      model: { ...BYTE_MODEL, text, contextTokens: 1_000_000, defaultMaxTokens: 900_000 },
      script: () => ({ chunks: endless() }),
    },
    limits,
  )
  const { socket } = await dial(port)
  socket.pause()
  const body = JSON.stringify({ ...BODY, stream: true })
  socket.write(
    `POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer tk_test\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  )
  return gateway
}

test('backpressure reaches the executor; a client that reads nothing is sent away', async () => {
  const gateway = await stall({ writeStallMs: 200 })
  const order = await waitFor('the order to end', () => gateway.desk.orders.find(({ isOver }) => isOver))
  expect(order.delivered).toBeGreaterThan(0)
  // What the system's socket buffers took, and not the 90 GB that were there.
  expect(order.delivered).toBeLessThan(1_000)
  expect(order.wish.signal.aborted).toBe(true)
})

test('a refusal reaches a client that is still sending', async () => {
  const { post, port } = await serveScripts()
  const large = await post({}, { body: new Uint8Array(11 * 1_048_576).fill(0x20) })
  expect(large.status).toBe(413)
  expect(await large.json()).toMatchObject({ error: { code: 'body_too_large' } })
  const { socket, received, closed } = await dial(port)
  // A length that is never sent: answered at once, waited for no longer than `lingerMs`.
  socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n`)
  await waitFor('the refusal', () => received().includes('invalid_api_key'))
  expect(received()).toContain('HTTP/1.1 401')
  socket.end()
  await closed
})

test('slow clients: headers and bodies that do not come', async () => {
  const { port } = await serveScripts({}, { headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 50 })
  const slow = await dial(port)
  slow.socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow:')
  await slow.closed
  expect(slow.received()).toContain('408')
  expect(slow.received()).toContain('"code":"request_timeout"')
  const half = await dial(port)
  half.socket.write(
    `POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer tk_test\r\ncontent-type: application/json\r\n` +
      'content-length: 100\r\n\r\n{"model"',
  )
  await half.closed
  expect(half.received()).toContain('408')
})

test('headers that are too long, and what is no HTTP', async () => {
  const { port } = await serveScripts()
  const long = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { 'x-long': 'x'.repeat(20_000) } })
  expect(long.status).toBe(431)
  expect(await long.json()).toMatchObject({ error: { code: 'headers_too_large', param: null } })
  const noise = await dial(port)
  noise.socket.write('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n')
  await noise.closed
  expect(noise.received()).toContain('400')
  expect(noise.received()).toMatch(/^x-request-id: req_[0-9a-f]{32}\r$/m)
})

test('only loopback names in Host; targets that are no path; methods that fetch does not know', async () => {
  const { port } = await serveScripts()
  const ask = async (head: string): Promise<string> => {
    const { socket, received, closed } = await dial(port)
    socket.write(`${head}\r\nconnection: close\r\n\r\n`)
    await closed
    expect(received()).toMatch(/^x-request-id: req_[0-9a-f]{32}\r$/m)
    return received().slice(9, 12)
  }
  expect(await ask('GET /healthz HTTP/1.1\r\nhost: localhost:1')).toBe('200')
  expect(await ask('GET /healthz HTTP/1.1\r\nhost: [::1]')).toBe('200')
  expect(await ask('GET /healthz HTTP/1.1\r\nhost: evil.example')).toBe('403')
  expect(await ask('GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost')).toBe('400')
  expect(await ask('TRACE /healthz HTTP/1.1\r\nhost: localhost')).toBe('400')
  expect(await ask('HEAD /healthz HTTP/1.1\r\nhost: localhost')).toBe('405')
  expect(await ask('GET /a\u00e9 HTTP/1.1\r\nhost: localhost')).toMatch('40')
})

test('a handler that breaks does not take the server down', async () => {
  let calls = 0
  const port = await serve(async () => {
    calls++
    if (calls === 1) {
      throw new Error('broken')
    }
    return new Response('ok')
  })
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('ok')
})

test('a port that is taken is an error with a code', async () => {
  const port = await serve(async () => new Response('ok'))
  const second = serveGateway(async () => new Response('ok'), { port, host: '127.0.0.1', logger: SILENT_LOGGER })
  await expect(second).rejects.toMatchObject({ code: 'port_taken' })
})
