/** Loopback ports: whether one is free, and one that is. */
import { createServer } from 'node:net'

/** The wanted port where it is free on 127.0.0.1, else undefined. Port 0 gives any free port. */
export function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address()
      const bound = typeof address === 'object' && address !== null ? address.port : undefined
      probe.close(() => resolve(bound))
    })
  })
}

/** The first free port at or after `wanted` (ten are tried), else any free one. */
export async function findPort(wanted: number): Promise<number> {
  for (let port = wanted; wanted > 0 && port < wanted + 10; port++) {
    if ((await tryPort(port)) !== undefined) {
      return port
    }
  }
  return (await tryPort(0)) ?? 0
}
