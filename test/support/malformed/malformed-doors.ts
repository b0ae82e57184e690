/** What listens on a port, over real sockets and with many malformed messages: each is refused in words, and the next good one is served. */
import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createScreenClient } from '../../../src/ipc/screen-client.ts'
import { SOCKET_CLOSES } from '../../../src/ipc/screen-socket.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { serveGateway } from '../../../src/main/gateway/http-gateway.ts'
import { runNode } from '../../conformance/rpc/running-node.ts'
import { malformedBodies } from '../gateway/malformed-bodies.ts'
import { ERROR_BODY, postAll } from '../gateway/raw-client.ts'
import { createTestGateway } from '../gateway/test-gateway.ts'
import { createRandom } from '../sampling-logits.ts'
import { createScreenHost, listenForScreens } from '../screen/screen-host.ts'
import { bentText } from './bend-values.ts'
import { heapBytes } from './decode-many.ts'
import { bentFrame, validFrames } from './screen-frames.ts'

const MOST_KEPT_BYTES = 64 * 2 ** 20
const TIMEOUT_MS = 600_000
const AT_ONCE = 16
/** A block costs as much as hundreds of these messages. */
const SLOW_BLOCKS = { params: { blockTimeMs: 1_000 } }

const RPC_REQUESTS = [
  ['abci_query', { path: '/tailrace.v1.Query/Host', data: '0a00', height: '0', prove: true }],
  ['abci_query', { path: '/cosmos.bank.v1beta1.Query/Balance', data: '0a0378' }],
  ['block', { height: '1' }],
  ['block_results', { height: '1' }],
  ['blockchain', { minHeight: '1', maxHeight: '3' }],
  ['tx', { hash: 'AAAA', prove: false }],
  ['tx_search', { query: "tx.height>0 AND transfer.sender='x'", page: '1', per_page: '30', order_by: 'desc' }],
  ['broadcast_tx_sync', { tx: 'AAAA' }],
  ['broadcast_tx_async', { tx: 'AAAA' }],
  ['validators', { height: '1', page: '1', per_page: '1' }],
  ['commit', { height: '1' }],
  ['status', {}],
].map(([method, params]) => ({ jsonrpc: '2.0', id: 1, method, params }))

/** Over POST and over the WebSocket, where subscriptions are to be had as well. */
export function testRpcBodies(count: number): void {
  test(`the chain's RPC: ${count} bodies`, { timeout: TIMEOUT_MS }, async () => {
    const node = await runNode(SLOW_BLOCKS)
    const random = createRandom(count)
    const before = heapBytes()
    let left = count
    const post = async (): Promise<void> => {
      for (; left > 0; left -= 1) {
        const { status, text } = await postOnce(node.url, bentText(random, [...RPC_REQUESTS, RPC_REQUESTS]))
        // What is too long is refused before it is read.
        expect([200, 413]).toContain(status)
        checkRpcAnswer(status === 200 ? text : '')
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, post))
    expect(heapBytes() - before).toBeLessThan(MOST_KEPT_BYTES)
    expect((await node.call('health')).error).toBeUndefined()
  })

  test(`the chain's RPC: ${count} messages of a WebSocket`, { timeout: TIMEOUT_MS }, async () => {
    const node = await runNode(SLOW_BLOCKS)
    const random = createRandom(count + 1)
    const query = "tm.event='NewBlock'"
    const subscriptions = ['subscribe', 'unsubscribe'].map((method) => ({
      jsonrpc: '2.0',
      id: 2,
      method,
      params: { query },
    }))
    const valid = [...RPC_REQUESTS, ...subscriptions]
    let socket = await openSocket(`${node.webSocketUrl}/websocket`)
    for (let sent = 0; sent < count; sent++) {
      if (socket.readyState !== WebSocket.OPEN) {
        socket = await openSocket(`${node.webSocketUrl}/websocket`)
      }
      socket.send(bentText(random, valid))
      // Its answers have their turn: a client that never reads is another test.
      await new Promise((resolve) => setImmediate(resolve))
    }
    const good = await openSocket(`${node.webSocketUrl}/websocket`)
    const answered = nextMessage(good)
    good.send(JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'health', params: {} }))
    expect(JSON.parse(await answered)).toMatchObject({ id: 9, result: {} })
  })
}

/** On a connection of its own: one that is kept may be closed for idleness just when it is used again. */
function postOnce(url: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false })
    sent.once('error', reject)
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.once('error', reject)
    })
    sent.end(body)
  })
}

/** Nothing that comes from outside may look like a defect of ours. */
function checkRpcAnswer(text: string): void {
  for (const entry of text === '' ? [] : [JSON.parse(text)].flat()) {
    expect(entry.jsonrpc).toBe('2.0')
    expect('result' in entry).not.toBe('error' in entry)
    expect(entry.error?.data).not.toBe('internal error')
  }
}

export function testScreenFrames(count: number): void {
  test(`the screen's socket: ${count} frames`, { timeout: TIMEOUT_MS }, async () => {
    const host = createScreenHost()
    const server = await listenForScreens(host)
    onTestFinished(server.stop)
    const random = createRandom(count)
    const valid = await validFrames()
    expect(valid.length).toBeGreaterThan(10)
    const closes = new Map<string, number>()
    const before = heapBytes()
    let socket = await openScreen(server.url, closes)
    for (let sent = 0; sent < count; sent++) {
      if (socket.readyState !== WebSocket.OPEN) {
        socket = await openScreen(server.url, closes)
      }
      socket.send(bentFrame(random, valid, sent))
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.close()
    // A socket is ended only for a reason that it names.
    const reasons = Object.keys(SOCKET_CLOSES)
    expect([...closes.keys()].filter((reason) => reason !== '' && !reasons.includes(reason))).toEqual([])
    expect(host.logged.filter((line) => line === 'screen procedure failed')).toEqual([])
    expect(heapBytes() - before).toBeLessThan(MOST_KEPT_BYTES)
    const good = createScreenClient(await openSocket(server.url))
    expect(await good.host.join()).toEqual({ outcome: 'accepted' })
  })
}

export function testGatewayBodies(count: number): void {
  test(`the gateway: ${count} bodies`, { timeout: TIMEOUT_MS }, async () => {
    const gateway = createTestGateway()
    const server = await serveGateway(gateway.handle, { port: 0, host: '127.0.0.1', logger: SILENT_LOGGER })
    onTestFinished(() => server.stop())
    const url = `http://127.0.0.1:${server.port}/v1/chat/completions`
    const before = heapBytes()
    // In parts: what is sent lies in this process as well.
    for (let part = 0; part < count; part += 500) {
      const bodies = malformedBodies(Math.min(500, count - part), 90 + part, 'bytes')
      const { answers } = await postAll(url, 'tk_test', bodies, 120_000)
      const wrong = answers.filter(
        ({ status, text }) => status < 400 || status >= 500 || !ERROR_BODY.safeParse(JSON.parse(text)).success,
      )
      expect(wrong.map(({ what, status, text }) => `${what}: ${status} ${text.slice(0, 200)}`)).toEqual([])
    }
    expect(gateway.faults).toEqual([])
    expect(gateway.desk.orders).toEqual([])
    expect(heapBytes() - before).toBeLessThan(MOST_KEPT_BYTES)
    expect((await gateway.chat({})).status).toBe(200)
  })
}

function openScreen(url: string, closes: Map<string, number>): Promise<WebSocket> {
  return openSocket(url, (reason) => closes.set(reason, (closes.get(reason) ?? 0) + 1))
}

async function openSocket(url: string, onClose: (reason: string) => void = () => undefined): Promise<WebSocket> {
  const socket = new WebSocket(url)
  socket.addEventListener('close', ({ reason }) => onClose(reason))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  return socket
}

function nextMessage(socket: WebSocket): Promise<string> {
  return new Promise((resolve) =>
    socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true }),
  )
}
