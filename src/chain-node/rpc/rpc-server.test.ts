import { request } from 'node:http'
import type { Socket } from 'node:net'
import { createConnection } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { DEVELOPER, signedTransfer, testKey } from '../../../test/conformance/rpc/network-fixture.ts'
import type { RpcAnswer, RunningNode } from '../../../test/conformance/rpc/running-node.ts'
import { runNode } from '../../../test/conformance/rpc/running-node.ts'
import { openTransferApplication } from '../../../test/conformance/rpc/transfer-application.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { toBase64, toUpperHex } from '../base64.ts'
import { hashTx } from '../block.ts'
import { RPC_LIMITS } from '../limits.ts'
import { RPC_METHODS } from './methods.ts'

const other = testKey('other')

function start(): Promise<RunningNode> {
  return runNode({ openApplication: openTransferApplication })
}

function transfer(sequence: bigint): { tx: Uint8Array; base64: string; hash: string } {
  const tx = signedTransfer(DEVELOPER, other.address, 1n, sequence)
  return { tx, base64: toBase64(tx), hash: toUpperHex(hashTx(tx)) }
}

async function waitForHeight(node: RunningNode, height: number): Promise<void> {
  await waitFor(`height ${height}`, async () => {
    const { result } = await node.call('status')
    return Number(result.sync_info.latest_block_height) >= height
  })
}

test('each method answers; integers are strings, hashes upper-case hex', async () => {
  const node = await start()
  await waitForHeight(node, 3)
  const status = (await node.call('status')).result
  expect(status.node_info).toMatchObject({ network: 'tailrace-local-1', version: expect.stringMatching(/^0\.38\./) })
  expect(status.sync_info.latest_block_hash).toMatch(/^[0-9A-F]{64}$/)
  expect((await node.call('health')).result).toEqual({})
  expect((await node.call('net_info')).result.n_peers).toBe('0')
  expect((await node.call('abci_info')).result.response.last_block_height).toMatch(/^\d+$/)
  expect((await node.call('genesis')).result.genesis.chain_id).toBe('tailrace-local-1')
  expect((await node.call('validators')).result).toMatchObject({ count: '1', total: '1' })
  expect((await node.call('consensus_params')).result.consensus_params.block.max_gas).toBe('-1')
  const block = (await node.call('block', { height: '2' })).result
  expect(block.block.header.height).toBe('2')
  expect((await node.call('block', { height: 2 })).result).toEqual(block)
  expect((await node.call('block', ['2'])).result).toEqual(block)
  expect((await node.call('header', { height: '2' })).result.header).toEqual(block.block.header)
  expect((await node.call('commit', { height: '2' })).result.signed_header.commit.block_id).toEqual(block.block_id)
  expect((await node.call('block_results', { height: '2' })).result.txs_results).toHaveLength(1)
  const chain = (await node.call('blockchain', { minHeight: '1', maxHeight: '2' })).result
  expect(chain.block_metas.map((meta: { header: { height: string } }) => meta.header.height)).toEqual(['2', '1'])
  // The header of block 3 carries the app hash after block 2.
  const three = (await node.call('block', { height: '3' })).result.block.header
  const two = (await node.call('block_results', { height: '2' })).result
  expect(three.app_hash).toBe(toUpperHex(Buffer.from(two.app_hash, 'base64')))
  expect(three.last_block_id.hash).toBe(block.block_id.hash)
})

test('errors are JSON-RPC error objects with the standard codes', async () => {
  const node = await start()
  const codeOf = async (method: string, params?: unknown) => (await node.call(method, params)).error?.code
  expect(await codeOf('no_such_method')).toBe(-32601)
  expect(await codeOf('constructor')).toBe(-32601)
  expect(await codeOf('subscribe', { query: "tm.event='Tx'" })).toBe(-32601)
  expect(await codeOf('block', { height: 'high' })).toBe(-32602)
  expect(await codeOf('block', { height: '999999' })).toBe(-32603)
  expect(await codeOf('block', { height: '-1' })).toBe(-32603)
  expect(await codeOf('broadcast_tx_sync')).toBe(-32602)
  expect(await codeOf('broadcast_tx_sync', { tx: '***' })).toBe(-32602)
  expect(await codeOf('tx_search', { query: 'nonsense' })).toBe(-32602)
  expect(await codeOf('tx_search', { query: "tx.hash='00'" })).toBe(-32602)
  expect(await codeOf('tx', { hash: toBase64(new Uint8Array(32)) })).toBe(-32603)
  const bodies: [string, number][] = [
    ['{', -32700],
    ['[]', -32600],
    ['7', -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"health"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"health"}', -32600],
  ]
  for (const [body, code] of bodies) {
    const response = await fetch(node.url, { method: 'POST', body })
    expect(response.status).toBe(200)
    expect(((await response.json()) as RpcAnswer).error?.code).toBe(code)
  }
})

test('batches, notifications and their bounds', async () => {
  const node = await start()
  const post = async (body: unknown) => (await fetch(node.url, { method: 'POST', body: JSON.stringify(body) })).text()
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'health' })
  expect(JSON.parse(await post([call(1), { jsonrpc: '2.0', method: 'health' }, call(2)]))).toEqual([
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', id: 2, result: {} },
  ])
  expect(await post({ jsonrpc: '2.0', method: 'health' })).toBe('')
  expect(JSON.parse(await post(Array.from({ length: RPC_LIMITS.batch + 1 }, (_, id) => call(id)))).error.code).toBe(
    -32600,
  )
  const large = await fetch(node.url, { method: 'POST', body: 'x'.repeat(RPC_LIMITS.bodyBytes + 1) })
  expect(large.status).toBe(413)
  expect((await node.call('health')).result).toEqual({})
})

test('GET: the method is the path, parameters are quoted texts, hex and numbers', async () => {
  const node = await start()
  const { base64, hash, tx } = transfer(0n)
  await waitForHeight(node, 1)
  const get = async (path: string) => {
    const response = await fetch(`${node.url}${path}`)
    return { status: response.status, body: (await response.json()) as RpcAnswer }
  }
  expect((await get('/block?height=1')).body.result.block.header.height).toBe('1')
  const offered = await get(`/broadcast_tx_commit?tx=0x${Buffer.from(tx).toString('hex')}`)
  expect(offered.body.result.hash).toBe(hash)
  const found = await get(`/tx_search?query=${encodeURIComponent(`"tx.hash='${hash}'"`)}&per_page=5`)
  expect(found.body.result.txs[0].tx).toBe(base64)
  expect((await get(`/tx?hash=0x${hash}`)).body.result.hash).toBe(hash)
  expect((await get('/block?height=999999')).status).toBe(500)
  expect((await get('/block?height=x')).status).toBe(400)
  expect((await get('/nothing')).status).toBe(404)
  expect((await get('/')).body).toMatchObject({ methods: Object.keys(RPC_METHODS) })
  expect((await fetch(`${node.url}/status`, { method: 'DELETE' })).status).toBe(405)
})

test('a transaction: offered, in a block, found again; the duplicate is refused', async () => {
  const node = await start()
  const { base64, hash } = transfer(0n)
  const offered = await node.call('broadcast_tx_sync', { tx: base64 })
  expect(offered.result).toMatchObject({ code: 0, hash })
  const again = await node.call('broadcast_tx_sync', { tx: base64 })
  expect(again.error).toMatchObject({ code: -32603, data: 'tx already exists in cache' })
  const wrong = await node.call('broadcast_tx_sync', { tx: transfer(9n).base64 })
  expect(wrong.result).toMatchObject({ code: 32, codespace: 'sdk' })
  const search = (query: string) => node.call('tx_search', { query })
  const found = await waitFor('inclusion', async () => {
    const { result } = await search(`tx.hash='${hash}'`)
    return result.total_count === '1' && result
  })
  const height = Number(found.txs[0].height)
  expect((await search(`message.sender='${DEVELOPER.address}' AND tx.height>=${height}`)).result.total_count).toBe('1')
  expect((await search(`message.sender='${DEVELOPER.address}' AND tx.height<${height}`)).result.total_count).toBe('0')
  expect((await search(`message.sender='${other.address}'`)).result).toEqual({ txs: [], total_count: '0' })
  expect((await search('tx.height>5 AND tx.height<3')).result.total_count).toBe('0')
  const committed = await node.call('broadcast_tx_commit', { tx: transfer(1n).base64 })
  expect(committed.result).toMatchObject({ check_tx: { code: 0 }, tx_result: { code: 0 } })
  expect(Number(committed.result.height)).toBeGreaterThanOrEqual(height)
  const refused = await node.call('broadcast_tx_commit', { tx: transfer(9n).base64 })
  expect(refused.result).toMatchObject({ check_tx: { code: 32 }, height: '0' })
})

test('only loopback origins and hosts get in; OPTIONS tells a browser', async () => {
  const node = await start()
  const fetchFrom = (origin: string, method = 'GET') => fetch(`${node.url}/health`, { method, headers: { origin } })
  const allowed = await fetchFrom('http://localhost:5173')
  expect(allowed.status).toBe(200)
  expect(allowed.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
  const preflight = await fetchFrom('http://127.0.0.1:8080', 'OPTIONS')
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
  for (const origin of [
    'https://example.com',
    'null',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
  ]) {
    const refused = await fetchFrom(origin)
    expect(refused.status).toBe(403)
    expect(refused.headers.get('access-control-allow-origin')).toBeNull()
  }
  // A name that an attacker rebound to 127.0.0.1.
  expect(await statusWithHost(node.url, 'rebound.example.com')).toBe(403)
  expect(await statusWithHost(node.url, 'localhost:1')).toBe(200)
  const socket = new WebSocket(`${node.webSocketUrl}/websocket`, { origin: 'https://example.com' })
  await expect(opened(socket)).rejects.toThrow('403')
})

test('WebSocket: calls, subscriptions with conditions, unsubscribe, bounds', async () => {
  const node = await start()
  const client = await connect(node)
  expect((await client.call('health')).result).toEqual({})
  expect((await client.call('subscribe', { query: "tm.event='NewBlockHeader'" })).result).toEqual({})
  const mine = `tm.event='Tx' AND message.sender='${DEVELOPER.address}'`
  const subscribed = await client.call('subscribe', { query: mine })
  expect((await client.call('subscribe', { query: mine })).error?.data).toBe('already subscribed')
  await client.call('subscribe', { query: `tm.event='Tx' AND message.sender='${other.address}'` })
  const { base64, hash } = transfer(0n)
  await client.call('broadcast_tx_sync', { tx: base64 })
  const event = await waitFor('the transaction', () => client.events.find((entry) => entry.result.query === mine))
  expect(event.id).toBe(subscribed.id)
  expect(event.result.data.type).toBe('tendermint/event/Tx')
  expect(event.result.data.value.TxResult.tx).toBe(base64)
  expect(event.result.events['tx.hash']).toEqual([hash])
  const headers = () => client.events.filter((entry) => entry.result.data.type === 'tendermint/event/NewBlockHeader')
  await waitFor('headers', () => headers().length >= 3)
  const heights = headers().map((entry) => Number(entry.result.data.value.header.height))
  expect(heights).toEqual(heights.map((_, index) => (heights[0] as number) + index))
  expect((await client.call('unsubscribe', { query: mine })).result).toEqual({})
  expect((await client.call('unsubscribe', { query: mine })).error?.code).toBe(-32603)
  expect((await client.call('unsubscribe_all')).result).toEqual({})
  for (let index = 0; index < RPC_LIMITS.subscriptionsPerClient; index++) {
    expect((await client.call('subscribe', { query: `tx.height=${index}` })).result).toEqual({})
  }
  expect((await client.call('subscribe', { query: 'tx.height=999' })).error?.code).toBe(-32603)
  expect((await client.call('subscribe', { query: 'x' })).error?.code).toBe(-32602)
})

test('a WebSocket that does not read is dropped; others go on', async () => {
  const node = await runNode({ openApplication: openTransferApplication })
  await waitForHeight(node, 5)
  const slow = await connect(node)
  const quick = await connect(node)
  slow.pause()
  // Answers of some hundred kilobytes each, never read.
  const closed = slow.closed
  let asked = 0
  await waitFor('the drop', async () => {
    for (let index = 0; index < 40; index++) {
      slow.send('blockchain', asked)
      asked += 1
    }
    expect((await quick.call('health')).result).toEqual({})
    return closed.isDone
  })
})

test('connections are bounded, and a place that becomes free is given away', async () => {
  const node = await start()
  const { hostname, port } = new URL(node.url)
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) {
      socket.destroy()
    }
  })
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = createConnection(Number(port), hostname)
      socket.once('connect', () => resolve(socket))
      socket.once('error', reject)
      sockets.push(socket)
    })
  for (let count = 0; count < RPC_LIMITS.connections; count++) {
    await open()
  }
  const refused = await open()
  await waitFor('the refusal', () => refused.closed || refused.readableEnded || refused.destroyed)
  sockets[0]?.destroy()
  await waitFor('a free place', async () => (await node.call('health')).result !== undefined)
})

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
}

async function connect(node: RunningNode) {
  const socket = new WebSocket(`${node.webSocketUrl}/websocket`)
  const events: RpcAnswer[] = []
  const waiting = new Map<number, (answer: RpcAnswer) => void>()
  const closed = { isDone: false }
  let nextId = 0
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as RpcAnswer
    if (answer.result?.query !== undefined) {
      events.push(answer)
    } else {
      waiting.get(Number(answer.id))?.(answer)
    }
  })
  socket.on('close', () => {
    closed.isDone = true
  })
  onTestFinished(() => socket.terminate())
  await opened(socket)
  return {
    events,
    closed,
    pause: () => socket.pause(),
    send: (method: string, id: number) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, method })),
    call: (method: string, params?: unknown) => {
      nextId += 1
      const id = nextId
      return new Promise<RpcAnswer>((resolve) => {
        waiting.set(id, resolve)
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
      })
    },
  }
}

function statusWithHost(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const sent = request({ hostname, port, path: '/health', headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject)
    sent.end()
  })
}
