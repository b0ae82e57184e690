/** Every channel of the contract answers the same in both shells: over the service shell's WebSocket and over the desktop's message port. */
import { afterEach, describe, expect, it } from 'vitest'
import type { PortEnd } from '../../src/ipc/port-transport.ts'
import { endOfMainPort, endOfPort, openPortSocket, serveScreenPort } from '../../src/ipc/port-transport.ts'
import type { ClientSocket, ScreenClient } from '../../src/ipc/screen-client.ts'
import { createScreenClient } from '../../src/ipc/screen-client.ts'
import type { ScreenSocketLimits } from '../../src/ipc/screen-socket.ts'
import { SCREEN_SOCKET_LIMITS } from '../../src/ipc/screen-socket.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { FakePortMain } from '../electron/fake-port.ts'
import type { ScreenHost } from '../support/screen/screen-host.ts'
import { createScreenHost, listenForScreens } from '../support/screen/screen-host.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Procedure } from './screen-contract.ts'
import { CONTRACT_CASES, CONTRACT_PROCEDURES } from './screen-contract.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close()
  }
})

interface OpenShell {
  readonly host: ScreenHost
  readonly client: ScreenClient
  readonly socket: ClientSocket
}

async function serviceShell(limits?: ScreenSocketLimits): Promise<OpenShell> {
  const host = createScreenHost()
  const server = await listenForScreens(host, limits)
  closers.push(server.stop)
  return opened(host, new WebSocket(server.url))
}

/** The core's end is what Electron gives a utility process, the page's what it gives a window. */
async function desktopShell(limits?: ScreenSocketLimits): Promise<OpenShell> {
  const host = createScreenHost()
  const { core, page } = desktopPorts()
  serveScreenPort(host.router, core, { logger: SILENT_LOGGER }, limits)
  return opened(host, openPortSocket(Promise.resolve(page)))
}

function desktopPorts(): { readonly core: PortEnd; readonly page: PortEnd } {
  const { port1, port2 } = new MessageChannel()
  closers.push(() => port2.close())
  return { core: endOfMainPort(new FakePortMain(port1 as never)), page: endOfPort(port2) }
}

async function opened(host: ScreenHost, socket: ClientSocket): Promise<OpenShell> {
  closers.push(() => socket.close())
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', () => reject(new Error('closed')))
  })
  return { host, client: createScreenClient(socket), socket }
}

const SHELLS = [
  ['service shell', serviceShell],
  ['desktop shell', desktopShell],
] as const

it('has a case for each procedure', () => {
  expect(Object.keys(CONTRACT_CASES).sort()).toEqual([...CONTRACT_PROCEDURES].sort())
})

describe.each(SHELLS)('the %s', (_name, open) => {
  it.each(CONTRACT_PROCEDURES)('answers %s', async (procedure) => {
    const { host, client } = await open()
    await CONTRACT_CASES[procedure as Procedure](client, host)
  })

  it('leaves the backend when the screen goes', async () => {
    const { host, client, socket } = await open()
    const snapshots = await client.screen.watch()
    await snapshots.next()
    expect(host.backend.listeners).toBeGreaterThan(0)
    socket.close()
    await waitFor('the backend is left', () => host.backend.listeners === 0)
  })

  it('frees the lease when the page that computes goes', async () => {
    const { host, client, socket } = await open()
    const events = await client.compute.lease({ clientId: '00'.repeat(16), force: false })
    await events.next()
    socket.close()
    await waitFor('the lease is free', () => host.relay.state().state === 'free')
  })

  it.each([
    ['too many requests', { ...SCREEN_SOCKET_LIMITS, maxRequests: 2 }],
    ['a message that is too large', { ...SCREEN_SOCKET_LIMITS, maxMessageBytes: 64 }],
  ])('closes on %s', async (_what, limits) => {
    const { client, socket } = await open(limits)
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()))
    const calls = [1, 2, 3].map(async () => {
      await client.playground.chat({
        model: 'm',
        messages: [{ role: 'user', content: 'Hi' }],
        temperature: 0,
        maxTokens: 8,
      })
    })
    await closed
    expect((await Promise.allSettled(calls)).some(({ status }) => status === 'rejected')).toBe(true)
  })
})

describe('the desktop port alone', () => {
  it('counts what a screen that does not read leaves waiting', async () => {
    const host = createScreenHost()
    const { port1, port2 } = new MessageChannel()
    closers.push(() => port2.close())
    const limits = { ...SCREEN_SOCKET_LIMITS, maxBufferedBytes: 30_000 }
    serveScreenPort(host.router, endOfMainPort(new FakePortMain(port1 as never)), { logger: SILENT_LOGGER }, limits)
    const received: { type?: string; reason?: string }[] = []
    port2.addEventListener('message', ({ data }) => received.push(data))
    port2.start()
    const frame = (id: number): string => JSON.stringify({ i: id, p: { u: '/logs/report', b: {} } })
    host.backend.logs.report = async () => ({ name: 'r', text: 'x'.repeat(20_000) })
    for (let id = 1; id <= 3; id++) {
      port2.postMessage({ type: 'frame', text: frame(id) })
      await waitFor('it is answered or closed', () => received.length > id)
    }
    expect(received.map(({ type }) => type)).toEqual(['open', 'frame', 'frame', 'close'])
    expect(received.at(-1)?.reason).toBe('reader_too_slow')
  })

  it.each([
    undefined,
    null,
    7,
    'text',
    { type: 'frame' },
    { type: 'taken', characters: -1 },
    { type: 'frame', text: '{' },
  ])('closes on %j', async (message) => {
    const host = createScreenHost()
    const { port1, port2 } = new MessageChannel()
    closers.push(() => port2.close())
    serveScreenPort(host.router, endOfMainPort(new FakePortMain(port1 as never)), { logger: SILENT_LOGGER })
    const closed = new Promise<unknown>((resolve) =>
      port2.addEventListener('message', ({ data }) => data.type === 'close' && resolve(data)),
    )
    port2.start()
    port2.postMessage(message)
    expect(await closed).toEqual({ type: 'close', code: 4400, reason: 'malformed_message' })
  })

  it('never opens where nobody serves the port, and closes with it', async () => {
    const { core, page } = desktopPorts()
    const socket = openPortSocket(Promise.resolve(page))
    const events: string[] = []
    socket.addEventListener('open', () => events.push('open'))
    socket.addEventListener('close', () => events.push('close'))
    await Promise.resolve()
    core.start()
    core.close()
    await waitFor('it closes', () => events.length > 0)
    expect(events).toEqual(['close'])
    expect(() => socket.send('x')).toThrow('the port is closed')
  })

  it('closes on a frame that no host sends, and gives back a port that comes too late', async () => {
    const { core, page } = desktopPorts()
    const socket = openPortSocket(Promise.resolve(page))
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()))
    core.start()
    core.post({ type: 'surprise' })
    await closed
    const late = desktopPorts()
    const arriving = Promise.withResolvers<PortEnd>()
    const given = openPortSocket(arriving.promise)
    given.close()
    const isClosed = new Promise<void>((resolve) => late.core.onClose(resolve))
    late.core.start()
    arriving.resolve(late.page)
    await isClosed
  })
})
