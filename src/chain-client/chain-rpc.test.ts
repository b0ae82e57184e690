import { expect, onTestFinished, test } from 'vitest'
import { ScriptedNode } from '../../test/conformance/rpc/scripted-node.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { errorCode } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { SocketLike } from './block-watcher.ts'
import { CLIENT_LIMITS } from './client-limits.ts'
import { connectChainClient } from './create-chain-client.ts'

const never = new AbortController().signal

interface Options {
  readonly fetch: typeof fetch
  readonly openSocket?: (url: string) => SocketLike
}

async function connect(clock: VirtualClock, options: Options) {
  const client = await connectChainClient(
    { clock, logger: SILENT_LOGGER, ...options },
    { rpcUrl: 'http://scripted/' },
    never,
  )
  onTestFinished(() => client.close())
  return client
}

/** A node whose answer to every call after the first status is this. */
function answering(node: ScriptedNode, answer: (id: unknown) => Response): typeof fetch {
  let calls = 0
  return async (url, init) => {
    calls += 1
    const { id } = JSON.parse(String(init?.body))
    return calls === 1 ? node.fetch(url, init) : answer(id)
  }
}

const json = (value: unknown) => new Response(JSON.stringify(value))

test.each<[string, (id: unknown) => Response, string]>([
  ['no JSON', () => new Response('<html>'), 'malformed_answer'],
  ['a list', () => json([]), 'malformed_answer'],
  ['the answer to another call', () => json({ jsonrpc: '2.0', id: -1, result: {} }), 'malformed_answer'],
  ['neither result nor error', (id) => json({ jsonrpc: '2.0', id }), 'malformed_answer'],
  ['a result of another shape', (id) => json({ jsonrpc: '2.0', id, result: { response: 7 } }), 'malformed_answer'],
  ['more than is read', () => new Response(new Uint8Array(CLIENT_LIMITS.answerBytes + 1)), 'malformed_answer'],
  ['an error', (id) => json({ jsonrpc: '2.0', id, error: { code: -32603, message: 'Internal error' } }), 'rpc_error'],
  [
    'a refused query',
    (id) => json({ jsonrpc: '2.0', id, result: { response: { code: 6, log: 'no', height: '1' } } }),
    'query_refused',
  ],
  [
    'bytes that are no message',
    (id) => json({ jsonrpc: '2.0', id, result: { response: { code: 0, log: '', value: '////', height: '1' } } }),
    'malformed_answer',
  ],
])('an answer that is %s', async (_name, answer, code) => {
  const client = await connect(new VirtualClock(), { fetch: answering(new ScriptedNode(), answer) })
  expect(errorCode(await client.epoch(never).catch((error: unknown) => error))).toBe(code)
})

test('an unreachable node is tried again with growing pauses, its state is told, then the call fails', async () => {
  const clock = new VirtualClock()
  const node = new ScriptedNode()
  const triedMs: number[] = []
  let isDown = false
  const client = await connect(clock, {
    fetch: async (url, init) => {
      triedMs.push(clock.nowMs())
      return isDown ? new Response('starting', { status: 503 }) : node.fetch(url, init)
    },
  })
  const states: string[] = []
  client.onConnection((state) => states.push(state))
  isDown = true
  triedMs.length = 0
  const failing = expect(client.status(never)).rejects.toMatchObject({ code: 'chain_unreachable' })
  await clock.advance(60_000)
  await failing
  const pauses = triedMs.slice(1).map((at, index) => at - (triedMs[index] as number))
  expect(pauses.slice(0, 5)).toEqual([100, 200, 400, 800, 1_600])
  expect(Math.max(...pauses)).toBe(3_000)
  const recovering = client.status(never)
  await clock.advance(500)
  isDown = false
  await clock.advance(2_000)
  expect((await recovering).chainId).toBe('tailrace-local-1')
  expect(states).toEqual(['connected', 'disconnected', 'connected'])
})

test('another network behind the same address, after an interruption, is refused for good', async () => {
  const clock = new VirtualClock()
  const node = new ScriptedNode()
  const client = await connect(clock, { fetch: node.fetch })
  node.faults.push('down')
  node.chainId = 'tailrace-1'
  const refused = expect(client.status(never)).rejects.toMatchObject({
    code: 'wrong_chain',
    fields: { expected: 'tailrace-local-1', found: 'tailrace-1' },
  })
  await clock.advance(1_000)
  await refused
  await expect(client.epoch(never)).rejects.toMatchObject({ code: 'wrong_chain' })
  expect(client.chainId).toBe('tailrace-local-1')
})

class FakeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  readonly sent: string[] = []
  isClosed = false

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.isClosed = true
  }

  tell(height: number): void {
    const header = { height: String(height), time: new Date(1_000 * height).toISOString() }
    const result = { query: 'q', data: { type: 'tendermint/event/NewBlockHeader', value: { header } }, events: {} }
    this.onmessage?.({ data: JSON.stringify({ jsonrpc: '2.0', id: 1, result }) })
  }
}

test('block news: in order, over sockets that break and lie, and by asking when they are silent', async () => {
  const clock = new VirtualClock()
  const node = new ScriptedNode()
  const sockets: FakeSocket[] = []
  const openSocket = (url: string) => {
    expect(url).toBe('ws://scripted/websocket')
    const socket = new FakeSocket()
    sockets.push(socket)
    return socket
  }
  const client = await connect(clock, { fetch: node.fetch, openSocket })
  expect(sockets).toEqual([])
  const heights: number[] = []
  const stop = client.onBlock((block) => heights.push(block.height))
  await clock.advance(0)
  // The first height comes from asking; then the subscription speaks.
  expect(heights).toEqual([1])
  sockets[0]?.onopen?.({})
  expect(sockets[0]?.sent[0]).toContain('NewBlockHeader')
  sockets[0]?.onmessage?.({ data: '{"jsonrpc":"2.0","id":1,"result":{}}' })
  for (const height of [5, 6, 6, 4, 9]) {
    sockets[0]?.tell(height)
  }
  expect(heights).toEqual([1, 5, 6, 9])
  // Broken: closed, opened again after a pause.
  sockets[0]?.onclose?.({})
  await clock.advance(1_000)
  expect(sockets).toHaveLength(2)
  // A node that sends rubbish is left.
  for (const data of ['rubbish', new Uint8Array(3), '{"error":{}}', `"${'x'.repeat(300_000)}"`]) {
    const socket = sockets.at(-1)
    socket?.onmessage?.({ data })
    expect(socket?.isClosed).toBe(true)
    await clock.advance(6_000)
  }
  expect(sockets).toHaveLength(6)
  sockets.at(-1)?.tell(10)
  // Silence: the height is asked for.
  for (let count = 0; count < 20; count++) {
    node.makeBlock()
  }
  await clock.advance(3_000)
  expect(heights).toEqual([1, 5, 6, 9, 10, 21])
  stop()
  expect(sockets.at(-1)?.isClosed).toBe(true)
  const calls = node.calls.length
  await clock.advance(60_000)
  expect(node.calls.length).toBe(calls)
})
