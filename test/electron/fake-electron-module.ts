/**
 * What `import … from 'electron'` gives the packed main process in the end-to-end test: the fake, with forks that run, driven by the test
 * over the channel of this process. What a page does (asking for a port, speaking on it) the test does in its place.
 */
import type { FakeWindow } from './fake-electron.ts'
import { FakeElectron } from './fake-electron.ts'
import type { FakePortMain } from './fake-port.ts'
import { realFork } from './real-fork.ts'

const fake = new FakeElectron({ fork: realFork, onExit: (code) => process.exit(code) })
const ports = new Map<number, FakePortMain>()
let nextPort = 1

interface Order {
  readonly do: 'connect' | 'start' | 'post' | 'close' | 'tray' | 'windows' | 'get'
  readonly kind?: 'screen' | 'compute'
  readonly port?: number
  readonly message?: unknown
  readonly label?: string
  readonly url?: string
}

process.on('message', (order: Order) => void obey(order))

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'connect':
      connect(order.kind ?? 'screen')
      return
    // Only now: what arrived before the test listens would be lost on the way to it.
    case 'start':
      ports.get(order.port ?? 0)?.start()
      return
    case 'post':
      ports.get(order.port ?? 0)?.postMessage(order.message)
      return
    case 'close':
      ports.get(order.port ?? 0)?.close()
      return
    case 'tray':
      fake.clickTray(order.label ?? '')
      return
    case 'windows':
      process.send?.({
        event: 'windows',
        urls: fake.windows.map(({ webContents }) => webContents.url),
        tooltip: fake.tooltip,
      })
      return
    case 'get': {
      const response = await fake.handlers.get('app')?.(new Request(order.url ?? ''))
      process.send?.({ event: 'got', status: response?.status, headers: Object.fromEntries(response?.headers ?? []) })
    }
  }
}

function connect(kind: 'screen' | 'compute'): void {
  const window: FakeWindow | undefined = fake.window(kind)
  if (window === undefined) {
    process.send?.({ event: 'no_window' })
    return
  }
  window.webContents.once('fake-port', (port: FakePortMain) => {
    const id = nextPort++
    ports.set(id, port)
    port.on('message', ({ data }: { data: unknown }) => process.send?.({ event: 'message', port: id, message: data }))
    port.on('close', () => process.send?.({ event: 'closed', port: id }))
    process.send?.({ event: 'port', port: id })
  })
  fake.sendFrom(window, 'tailrace:connect')
}

export const {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  Notification,
  nativeImage,
  powerMonitor,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  Tray,
  utilityProcess,
} = fake.modules()
