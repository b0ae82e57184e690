import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { utf8 } from '../../lib/bytes.ts'
import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import { SECRET_MODE } from '../private-file.ts'
import type { ConnectionComponents } from './abci-connection.ts'
import { AbciConnection } from './abci-connection.ts'
import { ABCI_LIMITS } from './abci-limits.ts'

/** Where the server listens, as CometBFT's `proxy_app` names it. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** `tcp://127.0.0.1:26658`, `tcp://[::1]:0` or `unix:///path`. @throws CodedError `invalid_address` */
export function parseAddress(address: string): ListenAddress {
  const unix = /^unix:\/\/(.+)$/.exec(address)?.[1]
  if (unix !== undefined) {
    if (utf8(unix).length > ABCI_LIMITS.pathBytes) {
      throw new CodedError('invalid_address', `the path of a unix socket has at most ${ABCI_LIMITS.pathBytes} bytes`, {
        fields: { address: address.slice(0, 200) },
      })
    }
    return { kind: 'unix', path: unix }
  }
  const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(address)
  const host = tcp?.[1] ?? tcp?.[2]
  const port = Number(tcp?.[3])
  if (host === undefined || port > 65_535) {
    const shown = address.slice(0, 200)
    throw new CodedError('invalid_address', `${shown} is neither tcp://host:port nor unix:///path`, {
      fields: { address: shown },
    })
  }
  return { kind: 'tcp', host, port }
}

/** Accepts CometBFT's connections. Whoever may connect decides what is executed: loopback, or a socket of the owner alone. */
export class AbciServer {
  readonly #components: ConnectionComponents
  readonly #server: Server
  readonly #open = new Set<AbciConnection>()
  #path: string | undefined

  constructor(components: ConnectionComponents) {
    this.#components = components
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** @returns the address as bound. @throws CodedError `invalid_address`, `address_in_use`, `listen_failed` */
  async listen(text: string): Promise<string> {
    const address = parseAddress(text)
    if (address.kind === 'tcp') {
      await listenOn(this.#server, { host: address.host, port: address.port }, text)
      const { port } = this.#server.address() as AddressInfo
      return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`
    }
    await removeDeadSocket(address.path, text)
    await listenOn(this.#server, { path: address.path }, text)
    this.#path = address.path
    chmodSync(address.path, SECRET_MODE)
    return text
  }

  /** Ends all connections; an unanswered request stays unanswered. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#open) {
      connection.close()
    }
    await closed
    this.#path = undefined
  }

  #accept(socket: Socket): void {
    const { logger } = this.#components
    if (this.#open.size >= ABCI_LIMITS.connections) {
      logger.log('warn', 'too many connections, one refused', { connections: this.#open.size })
      socket.destroy()
      return
    }
    const connection = new AbciConnection(socket, this.#components)
    this.#open.add(connection)
    socket.on('close', () => this.#open.delete(connection))
  }
}

async function listenOn(server: Server, options: ListenOptions, address: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    const code = errorCode(cause) === 'EADDRINUSE' ? 'address_in_use' : 'listen_failed'
    throw new CodedError(code, `cannot listen on ${address}: ${errorMessage(cause)}`, { fields: { address }, cause })
  }
}

/** A killed process leaves its socket behind; one that somebody answers on is never taken away. */
async function removeDeadSocket(path: string, address: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    return
  }
  if (!found.isSocket()) {
    throw new CodedError('listen_failed', `${path} is there and is no socket`, { fields: { address } })
  }
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (isAlive) {
    throw new CodedError('address_in_use', `another process answers on ${path}`, { fields: { address } })
  }
  unlinkSync(path)
}
