/** A TCP relay in this process that can be cut: what stands between two nodes of a test network. */
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** `reset`: connections break at once and new ones are refused. `silent`: nothing passes and nobody is told, as on a pulled cable. */
export type CutStyle = 'reset' | 'silent'

export interface Relay {
  /** On 127.0.0.1. */
  readonly port: number
  cut(style?: CutStyle): void
  heal(): void
  stop(): Promise<void>
}

/** Listens on `port` (0: any free one) and passes what comes on to `target` on 127.0.0.1. */
export async function startRelay(port: number, target: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let cutAs: CutStyle | undefined

  function accept(inner: Socket): void {
    if (cutAs === 'reset') {
      inner.destroy()
      return
    }
    const outer = connect({ port: target, host: '127.0.0.1' })
    const pair = [inner, outer] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [outer, inner] as const]) {
      from.on('error', () => to.destroy())
      from.on('close', () => {
        pairs.delete(pair)
        to.destroy()
      })
      from.pipe(to)
    }
    if (cutAs === 'silent') {
      hold(pair)
    }
  }

  const server = createServer(accept)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1' }, resolve)
  })
  return {
    port: portOf(server),
    cut(style = 'reset') {
      cutAs = style
      for (const pair of [...pairs]) {
        if (style === 'silent') {
          hold(pair)
        } else {
          pair.map((socket) => socket.destroy())
        }
      }
    },
    heal() {
      cutAs = undefined
      for (const [inner, outer] of pairs) {
        inner.pipe(outer)
        outer.pipe(inner)
      }
    },
    stop() {
      for (const pair of [...pairs]) {
        pair.map((socket) => socket.destroy())
      }
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Both stay open; their bytes wait in the system's buffers. */
function hold([inner, outer]: readonly [Socket, Socket]): void {
  for (const socket of [inner, outer]) {
    socket.unpipe()
    socket.pause()
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) {
    throw new Error('the relay does not listen')
  }
  return address.port
}
