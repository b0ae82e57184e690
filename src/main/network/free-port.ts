/** Loopback ports: whether one is free, and one that is. */
import { createServer } from 'node:net'
import { CodedError } from '../../lib/coded-error.ts'
import type { Rng } from '../../lib/runtime.ts'

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

/** Below what systems hand out to connections that go out (from 32,768 on Linux): a port from there may be taken while its owner restarts. */
const SERVER_PORTS = { first: 15_000, count: 16_000 } as const

/**
 * Different free ports on 127.0.0.1 for servers that come and go and keep their addresses.
 * @throws CodedError `no_free_port`
 */
export async function findServerPorts(count: number, rng: Rng): Promise<number[]> {
  const ports: number[] = []
  const [high = 0, low = 0] = rng.bytes(2)
  const start = (high * 256 + low) % SERVER_PORTS.count
  for (let offset = 0; ports.length < count && offset < SERVER_PORTS.count; offset++) {
    const port = SERVER_PORTS.first + ((start + offset) % SERVER_PORTS.count)
    if ((await tryPort(port)) !== undefined) {
      ports.push(port)
    }
  }
  if (ports.length < count) {
    throw new CodedError('no_free_port', `there are no ${count} free ports on this machine`)
  }
  return ports
}
