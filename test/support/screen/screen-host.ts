/** The host's half of the screen without a network: the real router, relay and socket limits over a real loopback WebSocket. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { ComputeRelay } from '../../../src/ipc/compute-relay.ts'
import type { ScreenRouter } from '../../../src/ipc/screen-router.ts'
import { createScreenRouter } from '../../../src/ipc/screen-router.ts'
import type { ScreenSocketLimits } from '../../../src/ipc/screen-socket.ts'
import { serveScreenSocket } from '../../../src/ipc/screen-socket.ts'
import type { Clock, Logger } from '../../../src/lib/runtime.ts'
import { FakeBackend } from './fake-backend.ts'

export const REAL_CLOCK: Clock = {
  nowMs: () => Date.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, delayMs)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      if (signal?.aborted === true) {
        onAbort()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}

export interface ScreenHost {
  readonly backend: FakeBackend
  readonly relay: ComputeRelay
  readonly router: ScreenRouter
  readonly logged: readonly string[]
}

export function createScreenHost(clock: Clock = REAL_CLOCK): ScreenHost {
  const backend = new FakeBackend()
  const relay = new ComputeRelay({ clock, rng: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) } })
  relay.onLease((lease) => backend.set({ lease }))
  const logged: string[] = []
  const logger: Logger = { log: (_level, message) => logged.push(message), child: () => logger }
  const router = createScreenRouter({ backend, compute: relay, clock, logger })
  return { backend, relay, router, logged }
}

export interface ScreenListener {
  readonly url: string
  clients(): number
  /** Cuts every connection, as a dying host would. */
  cut(): void
  stop(): Promise<void>
}

/** Serves the contract on a loopback socket without a handshake. */
export async function listenForScreens(host: ScreenHost, limits?: ScreenSocketLimits): Promise<ScreenListener> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const logger: Logger = { log: () => undefined, child: () => logger }
  server.on('connection', (socket) => serveScreenSocket(host.router, socket, { logger }, limits))
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    clients: () => server.clients.size,
    cut: () => {
      for (const client of server.clients) {
        client.terminate()
      }
    },
    stop: async () => {
      for (const client of server.clients) {
        client.terminate()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
