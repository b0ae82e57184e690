/**
 * The three doors that listen on a port (the chain's RPC, the screen, the gateway) against connections that go wrong in the middle:
 * none may end the process, and each answers the next good request. An exception that nobody caught fails the whole run.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { serveGateway } from '../../src/main/gateway/http-gateway.ts'
import { startScreenServer } from '../../src/main/screen/screen-server.ts'
import { SYSTEM_RNG } from '../../src/main/system.ts'
import { createTestGateway } from '../support/gateway/test-gateway.ts'
import { attackHttp } from '../support/malformed/raw-http.ts'
import { createScreenHost } from '../support/screen/screen-host.ts'
import { runNode } from './rpc/running-node.ts'

const CONNECTIONS = 300
const CONTROL = 'ab'.repeat(32)

test('the RPC of the chain', async () => {
  const node = await runNode({ params: { blockTimeMs: 1_000 } })
  const port = Number(new URL(node.url).port)
  await attackHttp(port, ['/', '/status', '/websocket', '/abci_query?path="/x"'], CONNECTIONS, 1)
  expect((await node.call('status')).result.node_info.network).toBe('tailrace-local-1')
})

test('the screen', async () => {
  const { router } = createScreenHost()
  let stops = 0
  const actions = { stop: () => (stops += 1) }
  const options = { modelsFolder: '', port: 0, control: CONTROL, actions }
  const server = await startScreenServer({ logger: SILENT_LOGGER, rng: SYSTEM_RNG, router }, options)
  onTestFinished(() => server.stop())
  await attackHttp(server.port, ['/', '/screen', '/session', '/control'], CONNECTIONS, 2)
  const body = JSON.stringify({ control: CONTROL, ask: 'link' })
  const answer = await fetch(`http://127.0.0.1:${server.port}/control`, { method: 'POST', body })
  expect(await answer.json()).toMatchObject({ pid: process.pid })
  expect(stops).toBe(0)
})

test('a refused upgrade that its client keeps half open does not keep the screen from stopping', async () => {
  const { router } = createScreenHost()
  const options = { modelsFolder: '', port: 0, control: CONTROL, actions: { stop: () => undefined } }
  const server = await startScreenServer({ logger: SILENT_LOGGER, rng: SYSTEM_RNG, router }, options)
  const client = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void client.destroy())
  client.write('GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
  const [answer] = (await once(client, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 4/)
  await server.stop()
})

test('the gateway', async () => {
  const gateway = createTestGateway()
  const server = await serveGateway(gateway.handle, { port: 0, host: '127.0.0.1', logger: SILENT_LOGGER })
  onTestFinished(() => server.stop())
  await attackHttp(server.port, ['/v1/chat/completions', '/v1/models', '/healthz', '/metrics'], CONNECTIONS, 3)
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200)
  expect(gateway.faults).toEqual([])
})
