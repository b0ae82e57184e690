import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createScreenHost, listenForScreens } from '../../test/support/screen/screen-host.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import type { LinkState } from './screen-client.ts'
import { ScreenLink, screenErrorOf } from './screen-client.ts'
import type { ScreenSnapshot } from './snapshot.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close()
  }
})

async function startLink(isSessionAlive?: () => Promise<boolean>) {
  const host = createScreenHost()
  const server = await listenForScreens(host)
  closers.push(() => server.stop())
  const clock = new VirtualClock()
  const states: LinkState[] = []
  const snapshots: ScreenSnapshot[] = []
  let url = server.url
  const link = new ScreenLink({
    clock,
    openSocket: () => new WebSocket(url),
    listener: { onState: (state) => states.push(state), onSnapshot: (snapshot) => snapshots.push(snapshot) },
    ...(isSessionAlive === undefined ? {} : { isSessionAlive }),
  })
  closers.push(() => link.stop())
  link.start()
  await waitFor('the first snapshot arrives', () => snapshots.length > 0)
  const goTo = (next: string) => {
    url = next
  }
  return { host, server, clock, states, snapshots, link, goTo }
}

describe('the link', () => {
  it('comes back by itself and shows the present', async () => {
    const { host, server, clock, states, snapshots } = await startLink()
    server.cut()
    await waitFor('the loss is told', () => states.at(-1) === 'lost')
    host.backend.set({ phase: 'racing' })
    await waitFor('it waits before it tries again', () => clock.pending === 1)
    await clock.advance(250)
    await waitFor('the new snapshot arrives', () => snapshots.at(-1)?.phase === 'racing')
    expect(states).toEqual(['connecting', 'connected', 'lost', 'connected'])
  })

  it('waits longer each time, and stops when the session is over', async () => {
    let isAlive = true
    const { server, clock, states, goTo } = await startLink(async () => isAlive)
    goTo('ws://127.0.0.1:1')
    await server.stop()
    await waitFor('the loss is told', () => states.at(-1) === 'lost' && clock.pending === 1)
    for (const [round, delayMs] of [250, 500, 1_000, 2_000, 4_000, 5_000].entries()) {
      await clock.advance(delayMs - 1)
      expect(clock.pending).toBe(1)
      const told = states.length
      await clock.advance(1)
      await waitFor(`round ${round} fails`, () => states.length > told && clock.pending === 1)
    }
    isAlive = false
    await clock.advance(5_000)
    await waitFor('it gives up', () => states.at(-1) === 'refused')
    expect(clock.pending).toBe(0)
  })

  it('gives up where it cannot read what the host sends', async () => {
    const { server, clock, states, goTo } = await startLink()
    const newer = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    closers.push(() => newer.close())
    await once(newer, 'listening')
    newer.on('connection', (socket) => {
      socket.on('message', (data) => {
        const { i } = JSON.parse(String(data))
        socket.send(JSON.stringify({ i, p: { h: { 'content-type': 'text/event-stream' } } }))
        socket.send(JSON.stringify({ i, t: 3, p: { e: 'message', d: { json: { another: 'snapshot' } } } }))
      })
    })
    goTo(`ws://127.0.0.1:${(newer.address() as AddressInfo).port}`)
    server.cut()
    await waitFor('the loss is told', () => clock.pending === 1)
    await clock.advance(250)
    await waitFor('it gives up', () => states.at(-1) === 'outdated')
    expect(states).toEqual(['connecting', 'connected', 'lost', 'connected', 'outdated'])
  })

  it('stops', async () => {
    const { host, server, link, states } = await startLink()
    link.stop()
    await waitFor('it has stopped', () => states.at(-1) === 'stopped')
    await waitFor('the socket is gone', () => server.clients() === 0 && host.backend.listeners === 0)
  })
})

describe('errors', () => {
  it('become coded errors', () => {
    expect(screenErrorOf({ code: 'CODED', data: { code: 'busy', message: 'm' } }).code).toBe('busy')
    expect(screenErrorOf(new DOMException('x', 'AbortError')).code).toBe('aborted')
    expect(screenErrorOf(new Error('socket closed')).code).toBe('connection_lost')
    expect(screenErrorOf({ code: 'NOT_FOUND' }).code).toBe('contract_mismatch')
    expect(screenErrorOf(undefined).code).toBe('connection_lost')
  })
})
