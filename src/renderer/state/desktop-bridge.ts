/**
 * How a page of the desktop application reaches the core: it asks for a port through what preload put into its world, and the port comes as
 * a message of this very window. Undefined in a browser tab, where the screen uses a WebSocket.
 */
import { endOfPort, openPortSocket } from '../../ipc/port-transport.ts'
import type { ClientSocket } from '../../ipc/screen-client.ts'

/** The names that preload uses (src/main/electron/windows/page-channel.ts); the conformance suite holds them together. */
export const BRIDGE_NAME = 'tailraceDesktop'
export const PORT_MESSAGE = 'tailrace:port'

/** The part of `window` that is used. */
export interface BridgeWindow {
  addEventListener(type: 'message', listener: (event: PortMessage) => void): void
}

interface PortMessage {
  readonly data: unknown
  readonly source: unknown
  readonly ports: readonly MessagePort[]
}

/** Opens a socket for the screen's client: a new port each time. */
export type OpenPortSocket = () => ClientSocket

export function desktopSockets(page: BridgeWindow): OpenPortSocket | undefined {
  const bridge: unknown = Reflect.get(page, BRIDGE_NAME)
  if (!isBridge(bridge)) {
    return undefined
  }
  // One socket at a time: whoever asked before has given up, and its port, should it still come, serves the newer one as well.
  let waiting: ((port: MessagePort) => void) | undefined
  page.addEventListener('message', ({ data, source, ports }) => {
    const [port] = ports
    if (source === page && data === PORT_MESSAGE && port !== undefined) {
      const take = waiting ?? closePort
      waiting = undefined
      take(port)
    }
  })
  return () => {
    const arriving = new Promise<MessagePort>((resolve) => {
      waiting = resolve
    })
    bridge.connect()
    return openPortSocket(arriving.then(endOfPort))
  }
}

interface Bridge {
  connect(): void
}

function isBridge(value: unknown): value is Bridge {
  return typeof value === 'object' && value !== null && 'connect' in value && typeof value.connect === 'function'
}

function closePort(port: MessagePort): void {
  port.close()
}
