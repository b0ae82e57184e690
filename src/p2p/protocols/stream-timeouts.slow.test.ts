/** Time on the streams of paid work, moved by the test: who is silent too long is left, who is slow but alive is not. */
import { afterEach, expect, it } from 'vitest'
import {
  anyOpeningHeader,
  anyOrderOpen,
  anyProbeRequest,
  anySignedReceipt,
  anyWorkRequest,
  sampleOf,
} from '../../../test/support/peer-frame-arbitraries.ts'
import type { TestNodes, TestPeer } from '../../../test/support/peer-network.ts'
import { createTestDirectory, createTestNodes, createTestPeer } from '../../../test/support/peer-network.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import type { OrderFrameBody } from '../../protocol/work/streams.ts'
import type { PeerNode } from '../create-peer-node.ts'
import { P2P_LIMITS } from '../limits.ts'
import { ORDER_STREAM, PROBE, WORK } from './catalog.ts'

const NEVER = new AbortController().signal
const OPEN: OrderFrameBody = { $case: 'open', value: sampleOf(anyOrderOpen) }
const ACCEPTED: OrderFrameBody = { $case: 'accepted', value: { queue: 0, lane: 5n } }
const RECEIPT: OrderFrameBody = { $case: 'receipt', value: sampleOf(anySignedReceipt) }
const BEAT: OrderFrameBody = { $case: 'heartbeat', value: { queue: 2 } }

let nodes: TestNodes | undefined

afterEach(async () => {
  await nodes?.stopAll()
  nodes = undefined
})

async function start(): Promise<{ executor: PeerNode; gateway: PeerNode; clock: VirtualClock }> {
  const [host, stranger] = (await Promise.all([createTestPeer(), createTestPeer()])) as [TestPeer, TestPeer]
  const clock = new VirtualClock()
  nodes = createTestNodes('tcp', createTestDirectory([host]), clock)
  const executor = await nodes.start(host)
  const gateway = await nodes.start(stranger, { bootstrap: executor.addresses() })
  await waitFor('connected', () => gateway.counts().connected === 1)
  return { executor, gateway, clock }
}

/** Moves time in small steps while real frames travel, until the promise settles. */
async function whileTimePasses<T>(clock: VirtualClock, promise: Promise<T>, stepMs = 500): Promise<T> {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  promise.then(settle, settle)
  await waitFor('it is settled', async () => {
    await clock.advance(stepMs)
    return isSettled
  })
  return promise
}

async function noStreams(...all: readonly PeerNode[]): Promise<void> {
  await waitFor('no stream is left', () => all.every((node) => node.counts().streams === 0))
}

it('an executor that says nothing for ten seconds is left with frame_timeout', async () => {
  const { executor, gateway, clock } = await start()
  const codes: unknown[] = []
  executor.onOrder(async (stream) => {
    await stream.frames()[Symbol.asyncIterator]().next()
    await stream.send(ACCEPTED)
    await waitFor('reset', () => stream.signal.aborted)
  })
  const order = await gateway.openOrder(executor.peerId, NEVER)
  await order.send(OPEN)
  const frames = order.frames()[Symbol.asyncIterator]()
  expect((await frames.next()).value).toEqual(ACCEPTED)
  const startMs = clock.nowMs()
  const next = frames.next()
  next.catch((error: unknown) => codes.push(error))
  await clock.advance(ORDER_STREAM.frameTimeoutMs - 1)
  expect(order.signal.aborted).toBe(false)
  await whileTimePasses(
    clock,
    next.catch(() => undefined),
    1,
  )
  expect(codes).toMatchObject([{ code: 'frame_timeout' }])
  expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(ORDER_STREAM.frameTimeoutMs)
  await noStreams(executor, gateway)
})

it('a slow step is bridged by heartbeats', async () => {
  const { executor, gateway, clock } = await start()
  executor.onOrder(async (stream) => {
    await stream.frames()[Symbol.asyncIterator]().next()
    await stream.send(ACCEPTED)
    for (let beat = 0; beat < 30; beat++) {
      await clock.sleep(2_000)
      await stream.send(BEAT)
    }
    await stream.send(RECEIPT)
  })
  const order = await gateway.openOrder(executor.peerId, NEVER)
  await order.send(OPEN)
  const kinds: string[] = []
  const reading = (async () => {
    for await (const frame of order.frames()) {
      kinds.push(frame.$case)
    }
    await order.close()
  })()
  await whileTimePasses(clock, reading)
  expect(kinds[0]).toBe('accepted')
  expect(kinds.at(-1)).toBe('receipt')
  expect(kinds.filter((kind) => kind === 'heartbeat').length).toBeGreaterThanOrEqual(20)
  await noStreams(executor, gateway)
})

it('a gateway may be silent while its order runs, not before it and not after the receipt', async () => {
  const { executor, gateway, clock } = await start()
  const codes: string[] = []
  let isRunning = false
  executor.onOrder(async (stream) => {
    const frames = stream.frames()[Symbol.asyncIterator]()
    try {
      await frames.next()
      isRunning = true
      const next = frames.next()
      next.catch(() => undefined)
      await clock.sleep(600_000)
      codes.push(stream.signal.aborted ? 'gone' : 'there')
      await stream.send(RECEIPT)
      await next
    } catch (error) {
      codes.push((error as { code: string }).code)
    }
  })
  const silent = await gateway.openOrder(executor.peerId, NEVER)
  await waitFor('served', () => executor.counts().streams === 1)
  await whileTimePasses(
    clock,
    waitFor('left', () => codes.length === 1),
  )
  expect(codes).toEqual(['frame_timeout'])
  await silent.close()

  const order = await gateway.openOrder(executor.peerId, NEVER)
  await order.send(OPEN)
  await waitFor('running', () => isRunning)
  await whileTimePasses(
    clock,
    waitFor('left', () => codes.length === 3),
    10_000,
  )
  expect(codes).toEqual(['frame_timeout', 'there', 'frame_timeout'])
  await order.close()
  await noStreams(executor, gateway)
})

it('a reader that takes nothing for half a minute loses the stream; its writer hears stream_closed', async () => {
  const { executor, gateway, clock } = await start()
  const failed = Promise.withResolvers<unknown>()
  executor.onOrder(async (stream) => {
    await stream.frames()[Symbol.asyncIterator]().next()
    const scores = new Uint8Array(200 * SCORE_BYTES)
    try {
      await stream.send(ACCEPTED)
      for (let frame = 0; frame < 500; frame++) {
        await stream.send({ $case: 'tokens', value: { tokens: new Array(200).fill(1), scores } })
      }
    } catch (error) {
      failed.resolve(error)
    }
  })
  const order = await gateway.openOrder(executor.peerId, NEVER)
  await order.send(OPEN)
  const error = await whileTimePasses(clock, failed.promise, 1_000)
  expect(error).toMatchObject({ code: 'stream_closed', fields: { code: 'frame_timeout' } })
  await waitFor('gone here too', () => order.signal.aborted)
  await noStreams(executor, gateway)
})

it('a question that is not answered in time ends with frame_timeout', async () => {
  const { executor, gateway, clock } = await start()
  const answers = Promise.withResolvers<undefined>()
  executor.onProbe(async () => {
    await answers.promise
    return true
  })
  executor.onWorkRequest(() => answers.promise)
  executor.onOpening(async () => {
    await answers.promise
    return 0
  })
  const startMs = clock.nowMs()
  const probing = gateway.probe(executor.peerId, sampleOf(anyProbeRequest), NEVER)
  await waitFor('asked', () => executor.counts().streams === 1)
  await expect(whileTimePasses(clock, probing)).rejects.toMatchObject({ code: 'frame_timeout' })
  expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(PROBE.frameTimeoutMs)
  const asking = gateway.requestWork(executor.peerId, sampleOf(anyWorkRequest), NEVER)
  await expect(whileTimePasses(clock, asking, WORK.frameTimeoutMs / 8)).rejects.toMatchObject({ code: 'frame_timeout' })
  const pushing = gateway.pushOpenings(executor.peerId, sampleOf(anyOpeningHeader), [], NEVER)
  await expect(whileTimePasses(clock, pushing, 5_000)).rejects.toMatchObject({ code: 'frame_timeout' })
  answers.resolve(undefined)
  await noStreams(executor, gateway)
})

it('who never closes after the last word is cut off', async () => {
  const { executor, gateway, clock } = await start()
  executor.onOrder(async (stream) => {
    await stream.send({ $case: 'failed', value: { code: 'cancelled' } })
  })
  const order = await gateway.openOrder(executor.peerId, NEVER)
  const frames = order.frames()[Symbol.asyncIterator]()
  expect((await frames.next()).value?.$case).toBe('failed')
  expect(await frames.next()).toEqual({ done: true, value: undefined })
  expect(executor.counts().streams).toBe(1)
  await clock.advance(P2P_LIMITS.lingerMs)
  await noStreams(executor, gateway)
})
