/** Paid work between real nodes: each protocol there and back, refusals, loss, cancellation, backpressure. */
import { afterEach, describe, expect, it } from 'vitest'
import {
  anyOpeningHeader,
  anyOpeningItem,
  anyOrderOpen,
  anyProbeRequest,
  anySignedReceipt,
  anySignedVoucher,
  anyWorkData,
  anyWorkRequest,
  sampleOf,
} from '../../../test/support/peer-frame-arbitraries.ts'
import type { TestNodes, TestPeer } from '../../../test/support/peer-network.ts'
import { createTestDirectory, createTestNodes, createTestPeer } from '../../../test/support/peer-network.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { OpeningHeader, OpeningItem } from '../../protocol/gen/tailrace/v1/peer.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import type { OrderFrameBody, OrderStream } from '../../protocol/work/streams.ts'
import type { PeerNode } from '../create-peer-node.ts'

const NEVER = new AbortController().signal
const OPEN: OrderFrameBody = { $case: 'open', value: sampleOf(anyOrderOpen) }
const ACCEPTED: OrderFrameBody = { $case: 'accepted', value: { queue: 0, lane: 5n } }
const RECEIPT: OrderFrameBody = { $case: 'receipt', value: sampleOf(anySignedReceipt) }
const VOUCHER: OrderFrameBody = { $case: 'voucher', value: sampleOf(anySignedVoucher) }
const CANCEL: OrderFrameBody = { $case: 'cancel', value: {} }

function tokensFrame(first: number, count = 1): OrderFrameBody {
  const tokens = Array.from({ length: count }, (_unused, index) => first + index)
  return { $case: 'tokens', value: { tokens, scores: new Uint8Array(count * SCORE_BYTES).fill(first & 255) } }
}

async function collect(stream: OrderStream): Promise<string[]> {
  const kinds: string[] = []
  for await (const frame of stream.frames()) {
    kinds.push(frame.$case)
  }
  return kinds
}

let nodes: TestNodes | undefined

afterEach(async () => {
  await nodes?.stopAll()
  nodes = undefined
})

interface Pair {
  readonly executor: PeerNode
  readonly gateway: PeerNode
}

/** An executor that is a registered host, and a gateway that is nobody on the chain. */
async function pair(kind: 'tcp' | 'memory' = 'tcp'): Promise<Pair> {
  const [host, stranger] = (await Promise.all([createTestPeer(), createTestPeer()])) as [TestPeer, TestPeer]
  nodes = createTestNodes(kind, createTestDirectory([host]))
  const executor = await nodes.start(host)
  const gateway = await nodes.start(stranger, { bootstrap: executor.addresses() })
  await waitFor('connected', () => gateway.counts().connected === 1 && executor.counts().connected === 1)
  return { executor, gateway }
}

async function allStreamsEnd(...all: readonly PeerNode[]): Promise<void> {
  await waitFor('no stream is left', () => all.every((node) => node.counts().streams === 0))
}

describe.each(['tcp', 'memory'] as const)('over %s', (kind) => {
  it('an order goes its whole way', async () => {
    const { executor, gateway } = await pair(kind)
    const heard: OrderFrameBody[] = []
    executor.onOrder(async (stream) => {
      expect(stream.peerId).toBe(gateway.peerId)
      const frames = stream.frames()[Symbol.asyncIterator]()
      heard.push((await frames.next()).value)
      await stream.send({ $case: 'heartbeat', value: { queue: 1 } })
      await stream.send(ACCEPTED)
      for (let token = 0; token < 20; token++) {
        await stream.send(tokensFrame(token))
      }
      await stream.send(RECEIPT)
      heard.push((await frames.next()).value)
      await stream.close()
    })
    const order = await gateway.openOrder(executor.peerId, NEVER)
    expect(order.peerId).toBe(executor.peerId)
    await order.send(OPEN)
    const answers: OrderFrameBody[] = []
    for await (const frame of order.frames()) {
      answers.push(frame)
      if (frame.$case === 'receipt') {
        await order.send(VOUCHER)
      }
    }
    await order.close()
    expect(answers.map((frame) => frame.$case)).toEqual([
      'heartbeat',
      'accepted',
      ...new Array(20).fill('tokens'),
      'receipt',
    ])
    expect(answers[5]).toEqual(tokensFrame(3))
    expect(answers.at(-1)).toEqual(RECEIPT)
    expect(heard).toEqual([OPEN, VOUCHER])
    expect(order.signal.aborted).toBe(true)
    await allStreamsEnd(executor, gateway)
  })

  it('a question gets its answer: probe, voucher, work', async () => {
    const { executor, gateway } = await pair(kind)
    const [receipt, voucher, data] = [sampleOf(anySignedReceipt), sampleOf(anySignedVoucher), sampleOf(anyWorkData)]
    const [probe, work] = [sampleOf(anyProbeRequest), sampleOf(anyWorkRequest)]
    const asked: unknown[] = []
    let knows = true
    const answer =
      <T>(value: T) =>
      (from: string, request: unknown) => {
        asked.push([from, request])
        return Promise.resolve(knows ? value : undefined)
      }
    executor.onProbe(async (from, request) => (await answer(true)(from, request)) ?? false)
    executor.onVoucherRequest(answer(voucher))
    executor.onWorkRequest(answer(data))
    expect(await gateway.probe(executor.peerId, probe, NEVER)).toBe(true)
    expect(await gateway.requestVoucher(executor.peerId, receipt, NEVER)).toEqual(voucher)
    expect(await gateway.requestWork(executor.peerId, work, NEVER)).toEqual(data)
    expect(asked).toEqual([
      [gateway.peerId, probe],
      [gateway.peerId, receipt],
      [gateway.peerId, work],
    ])
    knows = false
    expect(await gateway.probe(executor.peerId, probe, NEVER)).toBe(false)
    expect(await gateway.requestVoucher(executor.peerId, receipt, NEVER)).toBeUndefined()
    expect(await gateway.requestWork(executor.peerId, work, NEVER)).toBeUndefined()
    await allStreamsEnd(executor, gateway)
  })

  it('openings are pushed, and the receiver says how many it kept', async () => {
    const { executor, gateway } = await pair(kind)
    const header: OpeningHeader = { ...sampleOf(anyOpeningHeader), leaves: 40 }
    const items = Array.from({ length: 40 }, (_unused, seed) => sampleOf(anyOpeningItem, seed))
    const kept: OpeningItem[] = []
    gateway.onOpening(async (from, got, incoming) => {
      expect([from, got]).toEqual([executor.peerId, header])
      for await (const item of incoming) {
        kept.push(item)
      }
      return kept.length - 1
    })
    expect(await executor.pushOpenings(gateway.peerId, header, items, NEVER)).toBe(39)
    expect(kept).toEqual(items)
    await allStreamsEnd(executor, gateway)
  })
})

describe('an order stream', () => {
  it('brings a cancel at any time, and takes a receipt after it', async () => {
    const { executor, gateway } = await pair()
    executor.onOrder(async (stream) => {
      const frames = stream.frames()[Symbol.asyncIterator]()
      await frames.next()
      await stream.send(ACCEPTED)
      let isCancelled = false
      const cancelled = frames.next().then(({ value }) => {
        isCancelled = value.$case === 'cancel'
      })
      for (let token = 0; !isCancelled; token++) {
        await stream.send(tokensFrame(token))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await cancelled
      await stream.send(RECEIPT)
      expect((await frames.next()).value).toEqual(VOUCHER)
      await stream.close()
    })
    const order = await gateway.openOrder(executor.peerId, NEVER)
    await order.send(OPEN)
    let tokens = 0
    for await (const frame of order.frames()) {
      tokens += frame.$case === 'tokens' ? 1 : 0
      if (tokens === 3 && frame.$case === 'tokens') {
        await order.send(CANCEL)
      }
      if (frame.$case === 'receipt') {
        await order.send(VOUCHER)
      }
    }
    await order.close()
    await allStreamsEnd(executor, gateway)
  })

  it('holds its writer back while nobody reads, and loses nothing', async () => {
    const { executor, gateway } = await pair()
    let sent = 0
    const frames = 2_000
    executor.onOrder(async (stream) => {
      await stream.frames()[Symbol.asyncIterator]().next()
      await stream.send(ACCEPTED)
      for (; sent < frames; sent++) {
        await stream.send(tokensFrame(sent, 60))
      }
      await stream.send(RECEIPT)
    })
    const order = await gateway.openOrder(executor.peerId, NEVER)
    await order.send(OPEN)
    // 2,000 frames of 3 KB are 6 MB; at most the window and what one write holds may be on their way.
    await waitFor('the writer has begun', () => sent > 0)
    let before = -1
    await waitFor(
      'the writer stands still',
      () => {
        const isStill = sent === before
        before = sent
        return isStill
      },
      { everyMs: 300 },
    )
    expect(sent).toBeLessThan(600)
    let next = 0
    for await (const frame of order.frames()) {
      if (frame.$case === 'tokens') {
        expect(frame.value.tokens[0]).toBe(next)
        next += 1
      }
    }
    expect(next).toBe(frames)
    await order.close()
    await allStreamsEnd(executor, gateway)
  })

  it('ends with stream_closed, and its signal aborts, when the other node dies', async () => {
    const { executor, gateway } = await pair()
    let served: OrderStream | undefined
    const ended = Promise.withResolvers<unknown>()
    executor.onOrder(async (stream) => {
      served = stream
      await stream.send(ACCEPTED)
      const kinds: string[] = []
      for await (const frame of stream.frames()) {
        kinds.push(frame.$case)
      }
      ended.resolve(kinds)
    })
    const order = await gateway.openOrder(executor.peerId, NEVER)
    await order.send(OPEN)
    await waitFor('served', () => served !== undefined)
    const reading = collect(order)
    reading.catch(() => undefined)
    await executor.stop()
    await expect(reading).rejects.toMatchObject({ code: 'stream_closed' })
    expect(order.signal.aborted).toBe(true)
    await expect(order.send(CANCEL)).rejects.toMatchObject({ code: 'stream_closed' })
    await order.close()
    await allStreamsEnd(gateway)
  })

  it('tells the executor that its gateway went away', async () => {
    const { executor, gateway } = await pair()
    const ended = Promise.withResolvers<unknown>()
    executor.onOrder(async (stream) => {
      try {
        for await (const _frame of stream.frames()) {
          await stream.send(ACCEPTED)
        }
        ended.resolve('closed')
      } catch (error) {
        ended.resolve(error)
      }
      await waitFor('the signal', () => stream.signal.aborted)
    })
    const order = await gateway.openOrder(executor.peerId, NEVER)
    await order.send(OPEN)
    await order.frames()[Symbol.asyncIterator]().next()
    await gateway.stop()
    expect(await ended.promise).toMatchObject({ code: 'stream_closed' })
    await allStreamsEnd(executor)
  })

  it('is reset where its handler fails', async () => {
    const { executor, gateway } = await pair()
    executor.onOrder(() => Promise.reject(new Error('the handler broke')))
    const order = await gateway.openOrder(executor.peerId, NEVER)
    await expect(collect(order)).rejects.toMatchObject({ code: 'stream_closed', fields: { loss: 'reset' } })
    await allStreamsEnd(executor, gateway)
  })

  it('takes no frame out of turn', async () => {
    const { executor, gateway } = await pair()
    executor.onOrder(async (stream) => {
      await stream.send(tokensFrame(1))
      await waitFor('reset', () => stream.signal.aborted)
    })
    const order = await gateway.openOrder(executor.peerId, NEVER)
    await expect(collect(order)).rejects.toMatchObject({
      code: 'malformed_frame',
      fields: { reason: 'unexpected tokens' },
    })
    await allStreamsEnd(executor, gateway)
  })
})

describe('who is not there or does not want', () => {
  it('a peer without a handler refuses, and takes orders again when it has one', async () => {
    const { executor, gateway } = await pair()
    const refused = { code: 'peer_refused' }
    await expect(gateway.openOrder(executor.peerId, NEVER)).rejects.toMatchObject(refused)
    await expect(gateway.probe(executor.peerId, sampleOf(anyProbeRequest), NEVER)).rejects.toMatchObject(refused)
    const off = executor.onProbe(() => Promise.resolve(true))
    expect(() => executor.onProbe(() => Promise.resolve(true))).toThrow('has a handler')
    expect(await gateway.probe(executor.peerId, sampleOf(anyProbeRequest), NEVER)).toBe(true)
    off()
    off()
    await expect(gateway.probe(executor.peerId, sampleOf(anyProbeRequest), NEVER)).rejects.toMatchObject(refused)
    executor.onProbe(() => Promise.resolve(false))
    expect(await gateway.probe(executor.peerId, sampleOf(anyProbeRequest), NEVER)).toBe(false)
  })

  it('a handler that fails is a refusal', async () => {
    const { executor, gateway } = await pair()
    executor.onWorkRequest(() => Promise.reject(new Error('no disk')))
    const asking = gateway.requestWork(executor.peerId, sampleOf(anyWorkRequest), NEVER)
    await expect(asking).rejects.toMatchObject({ code: 'peer_refused' })
    await allStreamsEnd(executor, gateway)
  })

  it('a receiver that fails half-way refuses the openings, one that is full says so early', async () => {
    const { executor, gateway } = await pair()
    const header: OpeningHeader = { ...sampleOf(anyOpeningHeader), leaves: 4_096 }
    const item = sampleOf(anyOpeningItem)
    let pulled = 0
    function* many(): Iterable<OpeningItem> {
      for (; pulled < 4_096; pulled++) {
        yield item
      }
    }
    const off = gateway.onOpening(async (_from, _header, items) => {
      await items[Symbol.asyncIterator]().next()
      throw new Error('disk full')
    })
    await expect(executor.pushOpenings(gateway.peerId, header, many(), NEVER)).rejects.toMatchObject({
      code: 'peer_refused',
    })
    off()
    pulled = 0
    gateway.onOpening(async (_from, _header, items) => {
      await items[Symbol.asyncIterator]().next()
      return 1
    })
    expect(await executor.pushOpenings(gateway.peerId, header, many(), NEVER)).toBe(1)
    expect(pulled).toBeLessThan(4_096)
    await allStreamsEnd(executor, gateway)
  })

  it.each([
    ['nobody knows', '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'],
    ['is no peer id', 'somebody'],
  ])('a peer that %s is unreachable', async (_name, peerId) => {
    const { gateway } = await pair()
    await expect(gateway.openOrder(peerId, NEVER)).rejects.toMatchObject({ code: 'peer_unreachable' })
  })

  it('a caller that gives up hears of it, and its stream goes', async () => {
    const { executor, gateway } = await pair()
    const late = Promise.withResolvers<boolean>()
    executor.onProbe(() => late.promise)
    const abort = new AbortController()
    const asking = gateway.probe(executor.peerId, sampleOf(anyProbeRequest), abort.signal)
    await waitFor('asked', () => executor.counts().streams === 1)
    abort.abort()
    await expect(asking).rejects.toMatchObject({ code: 'aborted' })
    await expect(gateway.openOrder(executor.peerId, abort.signal)).rejects.toMatchObject({ code: 'aborted' })
    await allStreamsEnd(executor, gateway)
    late.resolve(true)
  })
})
