import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createTestPeer } from '../../test/support/peer-network.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { createLibp2pNode, parseAddresses, redialTarget } from './libp2p-node.ts'
import { P2P_LIMITS } from './limits.ts'
import type { RedialTarget } from './redial.ts'
import { keepConnected } from './redial.ts'

interface Redialled {
  readonly clock: VirtualClock
  /** When it was dialled, in milliseconds since the start. */
  readonly dialsMs: number[]
  isConnected: boolean
  /** `up`: connects; `down`: refuses; `mute`: takes the connection and never answers. */
  peer: 'up' | 'down' | 'mute'
  stop(): Promise<void>
}

function redial(peer: Redialled['peer']): Redialled {
  const clock = new VirtualClock(0)
  const abort = new AbortController()
  const redialled: Redialled = {
    clock,
    dialsMs: [],
    isConnected: false,
    peer,
    async stop() {
      abort.abort()
      await running
    },
  }
  const target: RedialTarget = {
    address: '/memory/target',
    isConnected: () => redialled.isConnected,
    async dial(signal) {
      redialled.dialsMs.push(clock.nowMs())
      if (redialled.peer === 'mute') {
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }
      if (redialled.peer === 'down') {
        throw new Error('refused')
      }
      redialled.isConnected = true
    },
  }
  const running = keepConnected(target, { clock, logger: SILENT_LOGGER }, abort.signal)
  return redialled
}

describe('keepConnected', () => {
  it('waits longer after each failure, up to the bound', async () => {
    const redialled = redial('down')
    await redialled.clock.advance(130_000)
    expect(redialled.dialsMs).toEqual([0, 2_000, 6_000, 14_000, 30_000, 60_000, 90_000, 120_000])
    await redialled.stop()
  })

  it('notices within a second that a connection has gone, and starts over after a success', async () => {
    const redialled = redial('down')
    await redialled.clock.advance(3_000)
    redialled.peer = 'up'
    await redialled.clock.advance(10_000)
    expect(redialled.dialsMs).toEqual([0, 2_000, 6_000])
    redialled.peer = 'down'
    redialled.isConnected = false
    await redialled.clock.advance(4_000)
    expect(redialled.dialsMs.slice(3)).toEqual([14_000, 16_000])
    await redialled.stop()
  })

  it('gives a try up that takes too long, and tries again', async () => {
    const redialled = redial('mute')
    await redialled.clock.advance(P2P_LIMITS.dialTimeoutMs + 3_000)
    expect(redialled.dialsMs).toEqual([0, P2P_LIMITS.dialTimeoutMs + 2 * P2P_LIMITS.redialMinMs])
    redialled.peer = 'up'
    await redialled.clock.advance(P2P_LIMITS.dialTimeoutMs + 5_000)
    expect(redialled.isConnected).toBe(true)
    await redialled.stop()
    expect(redialled.clock.pending).toBe(0)
  })

  it.each(['down', 'mute', 'up'] as const)('ends with the signal while the peer is %s', async (peer) => {
    const redialled = redial(peer)
    await redialled.clock.advance(1_500)
    await redialled.stop()
    expect(redialled.clock.pending).toBe(0)
  })
})

describe('redialTarget', () => {
  it('lets go of an address that takes the connection and never says a word', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { peerKey } = await createTestPeer()
    const node = await createLibp2pNode({ peerKey, listen: [], isLoopback: true }, [])
    await node.start()
    const clock = new VirtualClock()
    const abort = new AbortController()
    const [address] = parseAddresses([`/ip4/127.0.0.1/tcp/${port}`], 1)
    const target = redialTarget(node, address as NonNullable<typeof address>)
    const running = keepConnected(target, { clock, logger: SILENT_LOGGER }, abort.signal)
    try {
      await waitFor('the first try', () => sockets.length === 1)
      await clock.advance(P2P_LIMITS.dialTimeoutMs)
      await waitFor('the first try is given up', () => sockets[0]?.readableEnded || sockets[0]?.destroyed)
      await waitFor('the pause', () => clock.pending === 1)
      await clock.advance(2 * P2P_LIMITS.redialMinMs)
      await waitFor('a second try', () => sockets.length === 2)
    } finally {
      abort.abort()
      await running
      await node.stop()
      sockets.forEach((socket) => void socket.destroy())
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
