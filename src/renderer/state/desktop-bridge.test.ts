import { afterEach, expect, test } from 'vitest'
import { createScreenHost } from '../../../test/support/screen/screen-host.ts'
import { endOfPort, serveScreenPort } from '../../ipc/port-transport.ts'
import type { ClientSocket } from '../../ipc/screen-client.ts'
import { createScreenClient } from '../../ipc/screen-client.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { BRIDGE_NAME, desktopSockets, PORT_MESSAGE } from './desktop-bridge.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) {
    close()
  }
})

/** A page whose preload gives it a port of the host at each `connect`, unless told to wait. */
function openPage() {
  const host = createScreenHost()
  const listeners: ((event: { data: unknown; source: unknown; ports: readonly MessagePort[] }) => void)[] = []
  let connects = 0
  const page = {
    addEventListener: (_type: 'message', listener: (typeof listeners)[number]) => listeners.push(listener),
    [BRIDGE_NAME]: {
      connect: () => {
        connects += 1
      },
    },
  }
  const give = (change: { data?: unknown; source?: unknown } = {}): MessagePort => {
    const { port1, port2 } = new MessageChannel()
    closers.push(() => port1.close())
    serveScreenPort(host.router, endOfPort(port1), { logger: SILENT_LOGGER })
    for (const listener of listeners) {
      listener({ data: PORT_MESSAGE, source: page, ...change, ports: [port2] })
    }
    return port2
  }
  return { page, host, give, connects: () => connects }
}

const whenOpen = (socket: ClientSocket): Promise<void> =>
  new Promise((resolve) => socket.addEventListener('open', () => resolve()))

test('a browser tab has no bridge', () => {
  expect(desktopSockets({ addEventListener: () => undefined })).toBeUndefined()
})

test('each socket asks for a port of its own and speaks over it', async () => {
  const { page, host, give, connects } = openPage()
  const open = desktopSockets(page)
  for (const count of [1, 2]) {
    const socket = open?.() as ClientSocket
    expect(connects()).toBe(count)
    give()
    await whenOpen(socket)
    expect(await createScreenClient(socket).host.join()).toEqual({ outcome: 'accepted' })
    socket.close()
  }
  expect(host.backend.commands).toEqual(['join', 'join'])
})

test('a port from elsewhere, or under another name, is not taken', async () => {
  const { page, give } = openPage()
  const socket = desktopSockets(page)?.() as ClientSocket
  const opened = whenOpen(socket)
  give({ source: {} })
  give({ data: 'another message' })
  expect(socket.readyState).toBe(0)
  give()
  await opened
})

test('a port that comes for nobody is closed', async () => {
  const { page, give } = openPage()
  desktopSockets(page)
  const port = give()
  await new Promise<void>((resolve) => port.addEventListener('close', () => resolve()))
})
