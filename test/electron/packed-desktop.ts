/** The packed main process under Node, and a screen that speaks the contract with it as a page would. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { PortEnd } from '../../src/ipc/port-transport.ts'
import { openPortSocket } from '../../src/ipc/port-transport.ts'
import type { ScreenClient } from '../../src/ipc/screen-client.ts'
import { createScreenClient } from '../../src/ipc/screen-client.ts'
import { waitFor } from '../support/wait-for.ts'

/** A whole network starts before the first one opens. */
const OPEN_MS = 150_000

interface DesktopEvent {
  readonly event: string
  readonly port?: number
  readonly message?: unknown
  readonly [field: string]: unknown
}

export interface PackedDesktop {
  /** Opens the contract as the page of that kind. */
  open(kind: 'screen' | 'compute'): Promise<ScreenClient>
  windows(): Promise<DesktopEvent>
  /** Status and headers of a file of app://. */
  get(url: string): Promise<DesktopEvent>
  clickTray(label: string): void
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
  readonly lines: readonly string[]
  kill(): void
}

export function startPackedDesktop(appFolder: string, home: string): PackedDesktop {
  const hook = new URL('./register-fake.mjs', import.meta.url).href
  const main = join(appFolder, 'dist', 'node', 'desktop-main.js')
  const child = spawn(process.execPath, ['--import', hook, main, '--home', home], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => lines.push(...data.toString('utf8').split('\n').filter(Boolean)))
  }
  const listeners = new Set<(event: DesktopEvent) => void>()
  child.on('message', (event) => {
    for (const listener of [...listeners]) {
      listener(event as DesktopEvent)
    }
  })
  const next = (isIt: (event: DesktopEvent) => boolean): Promise<DesktopEvent> =>
    new Promise((resolve) => {
      const listener = (event: DesktopEvent): void => {
        if (isIt(event)) {
          listeners.delete(listener)
          resolve(event)
        }
      }
      listeners.add(listener)
    })
  const ask = (order: Record<string, unknown>, answer: string): Promise<DesktopEvent> => {
    const answered = next(({ event }) => event === answer)
    child.send(order)
    return answered
  }
  return {
    // As a page does: a port that closes before it opens is asked for again.
    open: (kind) =>
      waitFor(
        `a port of the ${kind} page that opens; said so far: ${lines.slice(-20).join('\n')}`,
        async () => {
          const { port } = await ask({ do: 'connect', kind }, 'port')
          const socket = openPortSocket(Promise.resolve(pageEnd(child, port ?? 0, listeners)))
          const isOpen = await new Promise<boolean>((resolve) => {
            socket.addEventListener('open', () => resolve(true))
            socket.addEventListener('close', () => resolve(false))
          })
          return isOpen && createScreenClient(socket)
        },
        { deadlineMs: OPEN_MS, everyMs: 250 },
      ),
    windows: () => ask({ do: 'windows' }, 'windows'),
    get: (url) => ask({ do: 'get', url }, 'got'),
    clickTray: (label) => void child.send({ do: 'tray', label }),
    ended: once(child, 'exit').then(([code]) => code as number | null),
    lines,
    kill: () => void child.kill('SIGKILL'),
  }
}

/** The page's end of a port that lives in the other process. */
function pageEnd(child: ChildProcess, port: number, listeners: Set<(event: DesktopEvent) => void>): PortEnd {
  return {
    post: (message) => void (child.connected && child.send({ do: 'post', port, message })),
    onMessage: (listener) =>
      void listeners.add((event) => {
        if (event.event === 'message' && event.port === port) {
          listener(event.message)
        }
      }),
    onClose: (listener) =>
      void listeners.add((event) => {
        if (event.event === 'closed' && event.port === port) {
          listener()
        }
      }),
    start: () => void (child.connected && child.send({ do: 'start', port })),
    close: () => void (child.connected && child.send({ do: 'close', port })),
  }
}
