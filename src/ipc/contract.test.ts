import { createORPCClient } from '@orpc/client'
import { RPCLink as MessagePortLink } from '@orpc/client/message-port'
import { RPCHandler as MessagePortHandler } from '@orpc/server/message-port'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { idleSnapshot } from '../../test/support/screen/sample-snapshot.ts'
import type { ScreenHost } from '../../test/support/screen/screen-host.ts'
import { createScreenHost, listenForScreens } from '../../test/support/screen/screen-host.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { ScreenClient } from './screen-client.ts'
import { createScreenClient, screenErrorOf } from './screen-client.ts'
import type { ScreenSocketLimits } from './screen-socket.ts'
import { SCREEN_SOCKET_LIMITS, SOCKET_CLOSES } from './screen-socket.ts'
import { screenSnapshotSchema } from './snapshot.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close()
  }
})

async function openSocket(limits?: ScreenSocketLimits) {
  const host = createScreenHost()
  const server = await listenForScreens(host, limits)
  closers.push(server.stop)
  const socket = new WebSocket(server.url)
  closers.push(() => socket.close())
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  return { host, server, socket }
}

async function overWebSocket() {
  const { host, socket } = await openSocket()
  return { host, client: createScreenClient(socket) }
}

async function overMessagePort(): Promise<{ host: ScreenHost; client: ScreenClient }> {
  const host = createScreenHost()
  const { port1, port2 } = new MessageChannel()
  closers.push(() => port1.close())
  new MessagePortHandler(host.router).upgrade(port1)
  const client: ScreenClient = createORPCClient(new MessagePortLink({ port: port2 }))
  port1.start()
  port2.start()
  return { host, client }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => screenErrorOf(error).code,
  )

describe.each([
  ['WebSocket', overWebSocket],
  ['message port', overMessagePort],
])('the contract over a %s', (_name, open) => {
  it('streams the present snapshot and then the newest', async () => {
    const { host, client } = await open()
    const stop = new AbortController()
    const snapshots = await client.screen.watch(undefined, { signal: stop.signal })
    const first = await snapshots.next()
    expect(first.value).toEqual(idleSnapshot())
    host.backend.set({ phase: 'joining' })
    host.backend.set({ phase: 'racing', balance: '170141183460469231731687303715884105727' })
    const second = await snapshots.next()
    expect(second.value).toMatchObject({ phase: 'racing', balance: '170141183460469231731687303715884105727' })
    await snapshots.return?.()
    await waitFor('the backend is left', () => host.backend.listeners === 0)
  })

  it('passes commands on and brings coded errors back', async () => {
    const { host, client } = await open()
    expect(await client.host.join()).toEqual({ outcome: 'accepted' })
    expect(await client.host.leave()).toEqual({ outcome: 'accepted' })
    host.backend.nextError = new CodedError('chain_unreachable', 'no node', { fields: { tries: 3 } })
    const error = await client.host.join().then(
      () => undefined,
      (thrown: unknown) => screenErrorOf(thrown),
    )
    expect(error?.toJSON()).toEqual({ code: 'chain_unreachable', message: 'no node', fields: { tries: 3 } })
    expect(host.backend.commands).toEqual(['join', 'leave', 'join'])
  })

  it('keeps the text of unknown failures to itself and the log', async () => {
    const { host, client } = await open()
    host.backend.nextError = new Error('secret path')
    const error = await client.host.join().catch((thrown: unknown) => screenErrorOf(thrown))
    expect(JSON.stringify(error)).not.toContain('secret')
    expect(error).toMatchObject({ code: 'internal' })
    expect(host.logged).toEqual(['screen procedure failed'])
  })

  it('answers a message outside its schema with invalid_message', async () => {
    const { host, client } = await open()
    const loose = client.ledger.list as (input: unknown) => Promise<unknown>
    expect(await codeOf(loose({ fromSequence: '-1', limit: 5 }))).toBe('invalid_message')
    expect(await codeOf(loose({ fromSequence: '18446744073709551616', limit: 5 }))).toBe('invalid_message')
    expect(await codeOf(loose({ fromSequence: '18446744073709551615', limit: 5 }))).toBe('resolved')
    expect(await codeOf(loose({ fromSequence: '0', limit: 201 }))).toBe('invalid_message')
    const reply = client.compute.reply as (input: unknown) => Promise<unknown>
    expect(await codeOf(reply({ leaseId: 'x', requestId: 1, reply: { type: 'working' } }))).toBe('invalid_message')
    // A bound on a length compares it: this one cannot become a number.
    expect(await codeOf(loose({ fromSequence: { length: { toString: 1 } }, limit: 5 }))).toBe('invalid_message')
    expect(host.logged).toEqual([])
    expect(host.backend.commands).toEqual(['ledger 18446744073709551615 5'])
  })

  it('survives whatever a page may send to its procedures', async () => {
    const { client } = await open()
    const reply = client.compute.reply as (input: unknown) => Promise<unknown>
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({ leaseId: fc.string(), requestId: fc.integer(), reply: fc.jsonValue() }),
    )
    await fc.assert(
      fc.asyncProperty(anything, async (input) => {
        expect(['invalid_message', 'resolved']).toContain(await codeOf(reply(input)))
      }),
      { numRuns: 60 },
    )
    expect(await client.host.join()).toEqual({ outcome: 'accepted' })
  })
})

describe('the socket', () => {
  const closeOf = (socket: WebSocket) =>
    new Promise<{ code: number; reason: string }>((resolve) => {
      socket.onclose = ({ code, reason }) => resolve({ code, reason })
    })

  it('is closed with a reason for bytes that are no frame', async () => {
    const texts = ['', '{', 'null', '[]', '{"i":1}', '{"i":1,"t":3,"p":{"u":"/host/join"}}', '{"i":1,"p":{"u":"x"}}']
    const files = '{"i":1,"p":{"u":"/host/join","h":{"content-type":"multipart/form-data"}}}'
    for (const data of [...texts, files, new Uint8Array([1, 255, 2])]) {
      const { socket } = await openSocket()
      const closed = closeOf(socket)
      socket.send(data)
      expect(await closed).toEqual({ code: SOCKET_CLOSES.malformed_message, reason: 'malformed_message' })
    }
  })

  it('is never more than closed by arbitrary text, and an unknown procedure answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300 }), async (text) => {
        const { host, socket } = await openSocket()
        const closed = closeOf(socket)
        socket.send(text)
        expect((await closed).reason).toBe('malformed_message')
        expect(host.backend.commands).toEqual([])
      }),
      { numRuns: 15 },
    )
    const { socket } = await openSocket()
    const answered = new Promise<string>((resolve) => {
      socket.onmessage = ({ data }) => resolve(String(data))
    })
    socket.send('{"i":"7","p":{"u":"/no/such/thing"}}')
    expect(JSON.parse(await answered)).toMatchObject({ i: '7', p: { s: 404 } })
  })

  it('is closed for a message that is too large and for too many requests at once', async () => {
    const large = await openSocket({ ...SCREEN_SOCKET_LIMITS, maxMessageBytes: 100 })
    const closedLarge = closeOf(large.socket)
    large.socket.send(`{"i":1,"p":{"u":"/${'x'.repeat(100)}"}}`)
    expect((await closedLarge).code).toBe(SOCKET_CLOSES.message_too_large)

    const many = await openSocket({ ...SCREEN_SOCKET_LIMITS, maxRequests: 4 })
    const closedMany = closeOf(many.socket)
    for (let id = 0; id < 5; id++) {
      many.socket.send(`{"i":${id},"p":{"u":"/screen/watch"}}`)
    }
    expect((await closedMany).code).toBe(SOCKET_CLOSES.too_many_requests)
    await waitFor('every watcher is gone', () => many.host.backend.listeners === 0)
  })

  it('counts a request only until it is answered', async () => {
    const { socket } = await openSocket({ ...SCREEN_SOCKET_LIMITS, maxRequests: 2 })
    const client = createScreenClient(socket)
    for (let round = 0; round < 8; round++) {
      await client.host.join()
      const snapshots = await client.screen.watch()
      await snapshots.next()
      await snapshots.return?.()
    }
    expect(socket.readyState).toBe(WebSocket.OPEN)
  })
})

describe('the snapshot schema', () => {
  it('refuses what the screen could not show', () => {
    const snapshot = idleSnapshot()
    expect(screenSnapshotSchema.safeParse(snapshot).success).toBe(true)
    expect(screenSnapshotSchema.safeParse({ ...snapshot, balance: '01' }).success).toBe(false)
    expect(screenSnapshotSchema.safeParse({ ...snapshot, phase: 'mining' }).success).toBe(false)
    const hosts = Array.from({ length: 201 }, () => snapshot.hosts[0])
    expect(screenSnapshotSchema.safeParse({ ...snapshot, hosts }).success).toBe(false)
  })
})
