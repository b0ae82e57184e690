import { expect, onTestFinished, test } from 'vitest'
import { ScriptedNode } from '../../test/conformance/rpc/scripted-node.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { SocketLike } from './block-watcher.ts'
import { DEFAULT_TIMES } from './client-limits.ts'
import { connectChainClient } from './create-chain-client.ts'

const never = new AbortController().signal

/** A socket that opens when the test says so and brings the heights that the test gives. */
class TestSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  isClosed = false

  send(): void {
    // Nobody listens at its other end.
  }

  close(): void {
    this.isClosed = true
  }

  bring(height: number): void {
    const header = { height: String(height), time: '2026-01-01T00:00:00Z' }
    this.onmessage?.({ data: JSON.stringify({ jsonrpc: '2.0', id: 1, result: { data: { value: { header } } } }) })
  }
}

async function scene() {
  const clock = new VirtualClock()
  const node = new ScriptedNode()
  const sockets: TestSocket[] = []
  /** Whether the node's answers arrive. */
  const line = { isDead: false }
  const request: typeof fetch = (url, init) =>
    line.isDead
      ? new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true })
        })
      : node.fetch(url, init)
  const openSocket = () => {
    const socket = new TestSocket()
    sockets.push(socket)
    return socket
  }
  const client = await connectChainClient(
    { clock, logger: SILENT_LOGGER, fetch: request, openSocket },
    { rpcUrl: 'http://scripted/' },
    never,
  )
  const heights: number[] = []
  client.onBlock(({ height }) => heights.push(height))
  onTestFinished(() => client.close())
  await clock.advance(0)
  return { clock, node, client, sockets, heights, line }
}

test('a socket that lives without a word while the chain goes on is replaced', async () => {
  const { clock, node, sockets, heights } = await scene()
  for (let i = 0; i < 8; i++) {
    node.makeBlock()
    await clock.advance(DEFAULT_TIMES.blockPollMs)
  }
  expect(heights.slice(-3)).toEqual([7, 8, 9])
  expect(sockets).toHaveLength(2)
  expect(sockets.map(({ isClosed }) => isClosed)).toEqual([true, false])
})

test('a socket that brings the blocks stays, however many there are', async () => {
  const { clock, sockets, heights } = await scene()
  for (let height = 2; height < 40; height++) {
    sockets[0]?.bring(height)
    await clock.advance(DEFAULT_TIMES.blockPollMs)
  }
  expect(heights.at(-1)).toBe(39)
  expect(sockets).toHaveLength(1)
})

test('a chain that makes no blocks is no reason for a new socket', async () => {
  const { clock, sockets } = await scene()
  await clock.advance(60_000)
  expect(sockets).toHaveLength(1)
})

test('reconnect leaves a question that hangs and hears of the newest block at once', async () => {
  const { clock, node, client, sockets, heights, line } = await scene()
  line.isDead = true
  await clock.advance(DEFAULT_TIMES.blockPollMs)
  for (let i = 0; i < 100; i++) {
    node.makeBlock()
  }
  line.isDead = false
  client.reconnect()
  await clock.advance(0)
  expect(heights).toEqual([1, 101])
  await clock.advance(DEFAULT_TIMES.firstRetryMs)
  expect(sockets).toHaveLength(2)
  expect(sockets[0]?.isClosed).toBe(true)
})

test('reconnect does not start what nobody listens to', async () => {
  const { clock, client, sockets, node } = await scene()
  client.close()
  const asked = node.calls.length
  client.reconnect()
  await clock.advance(10_000)
  expect(sockets).toHaveLength(1)
  expect(node.calls).toHaveLength(asked)
})
