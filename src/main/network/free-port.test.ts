import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { findServerPorts, tryPort } from './free-port.ts'

const FIRST_RNG = { bytes: (length: number) => new Uint8Array(length) }

test('ports for servers are different, free, and not those that the system gives to connections', async () => {
  const taken = createServer()
  const [first = 0] = await findServerPorts(1, FIRST_RNG)
  taken.listen({ port: first, host: '127.0.0.1' })
  await once(taken, 'listening')
  try {
    const ports = await findServerPorts(5, FIRST_RNG)
    expect(new Set(ports).size).toBe(5)
    expect(ports).not.toContain(first)
    expect(ports.every((port) => port >= 15_000 && port < 32_768)).toBe(true)
    for (const port of ports) {
      expect(await tryPort(port)).toBe(port)
    }
  } finally {
    taken.close()
  }
})
