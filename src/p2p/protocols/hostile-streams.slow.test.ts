/** Strangers with a libp2p of their own that speak nonsense on the streams of paid work: every stream ends with a code, and none stays. */
import { randomBytes } from 'node:crypto'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  anyOpeningHeader,
  anyOpeningItem,
  anyOrderOpen,
  anyProbeRequest,
  anySignedReceipt,
  anySignedVoucher,
  anyWorkRequest,
  sampleOf,
} from '../../../test/support/peer-frame-arbitraries.ts'
import type { TestDirectory, TestNodes } from '../../../test/support/peer-network.ts'
import { createTestDirectory, createTestNodes, createTestPeer } from '../../../test/support/peer-network.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { concatBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { OPENING_FRAMES, ORDER_FRAMES, PROBE_REQUESTS, WORK_REQUESTS } from '../../protocol/peer-frames.ts'
import type { OrderFrameBody } from '../../protocol/work/streams.ts'
import type { PeerNode } from '../create-peer-node.ts'
import { ADDRESS, OPENING_STREAM, ORDER_STREAM, PROBE, VOUCHER, WORK } from './catalog.ts'
import { prefixed } from './frame-buffer.ts'

vi.setConfig({ testTimeout: 300_000 })

const NEVER = new AbortController().signal
const PROTOCOLS = [ORDER_STREAM, OPENING_STREAM, PROBE, VOUCHER, WORK, ADDRESS].map(({ name }) => name)
const order = (frame: OrderFrameBody): Uint8Array => prefixed(ORDER_FRAMES.encode(frame))
const OPEN = order({ $case: 'open', value: sampleOf(anyOrderOpen) })
const RECEIPT = order({ $case: 'receipt', value: sampleOf(anySignedReceipt) })
const VOUCHER_FRAME = order({ $case: 'voucher', value: sampleOf(anySignedVoucher) })
const CANCEL = order({ $case: 'cancel', value: {} })
const HEADER = prefixed(OPENING_FRAMES.encode({ $case: 'header', value: { ...sampleOf(anyOpeningHeader), leaves: 1 } }))
const ITEM = prefixed(OPENING_FRAMES.encode({ $case: 'item', value: sampleOf(anyOpeningItem) }))

let clock: VirtualClock
let codes: string[]
let directory: TestDirectory
let nodes: TestNodes
let victim: PeerNode
let attackers: Libp2p[]

const recordingLogger: Logger = {
  log: (_level, message, fields) => {
    if (message === 'stream ended by an error' || message === 'stream refused') {
      codes.push(String(fields?.code))
    }
  },
  child: () => recordingLogger,
}

async function startAttacker(): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
  })
}

beforeEach(async () => {
  codes = []
  clock = new VirtualClock()
  const host = await createTestPeer()
  directory = createTestDirectory([host])
  nodes = createTestNodes('tcp', directory, clock, recordingLogger)
  victim = await nodes.start(host)
  victim.onOrder(async (stream) => {
    const frames = stream.frames()[Symbol.asyncIterator]()
    const first = await frames.next()
    if (first.done === true) {
      throw new CodedError('cancelled', 'the gateway went away')
    }
    await stream.send({ $case: 'accepted', value: { queue: 0, lane: 0n } })
    for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
      if (next.value.$case === 'cancel') {
        await stream.send({ $case: 'receipt', value: sampleOf(anySignedReceipt) })
      } else if (next.value.$case === 'voucher') {
        await stream.close()
        return
      }
    }
    throw new CodedError('cancelled', 'the gateway went away')
  })
  victim.onOpening(async (_from, _header, items) => {
    let kept = 0
    for await (const _item of items) {
      kept += 1
    }
    return kept
  })
  victim.onProbe(() => Promise.resolve(true))
  victim.onWorkRequest(() => Promise.resolve(undefined))
  victim.onVoucherRequest(() => Promise.resolve(undefined))
  attackers = await Promise.all([startAttacker(), startAttacker(), startAttacker(), startAttacker()])
})

afterEach(async () => {
  await Promise.all(attackers.map((attacker) => attacker.stop()))
  await nodes.stopAll()
})

function connect(attacker: Libp2p): Promise<Connection> {
  return attacker.dial(multiaddr(victim.addresses()[0] as string))
}

interface Attack {
  readonly name: string
  readonly protocol: (turn: number) => string
  /** Bytes, written one after the other. */
  readonly bytes: (turn: number) => Uint8Array
  readonly end: 'close' | 'reset' | 'stay' | 'drip'
}

const anyOf =
  <T>(list: readonly T[]) =>
  (turn: number): T =>
    list[turn % list.length] as T
const always =
  <T>(value: T) =>
  () =>
    value
const noise1 = (turn: number): Uint8Array => Uint8Array.from(randomBytes(1 + ((turn * 37) % 600)))

const ATTACKS: readonly Attack[] = [
  { name: 'noise, then close', protocol: anyOf(PROTOCOLS), bytes: noise1, end: 'close' },
  { name: 'noise, then silence', protocol: anyOf(PROTOCOLS), bytes: noise1, end: 'stay' },
  {
    name: 'nothing, then close',
    protocol: anyOf([PROBE.name, VOUCHER.name, WORK.name, OPENING_STREAM.name]),
    bytes: always(new Uint8Array(0)),
    end: 'close',
  },
  { name: 'nothing, then silence', protocol: anyOf(PROTOCOLS), bytes: always(new Uint8Array(0)), end: 'stay' },
  {
    name: 'half a frame, then close',
    protocol: always(ORDER_STREAM.name),
    bytes: (turn) => OPEN.subarray(0, 1 + (turn % (OPEN.length - 1))),
    end: 'close',
  },
  {
    name: 'half a frame, then reset',
    protocol: always(ORDER_STREAM.name),
    bytes: (turn) => OPEN.subarray(0, 1 + (turn % (OPEN.length - 1))),
    end: 'reset',
  },
  {
    name: 'a length that no frame has',
    protocol: anyOf(PROTOCOLS),
    bytes: anyOf([
      Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
      new Uint8Array(64).fill(0xff),
      Uint8Array.of(0x80, 0x00),
    ]),
    end: 'stay',
  },
  {
    name: 'a length that is never filled',
    protocol: always(ORDER_STREAM.name),
    bytes: always(Uint8Array.of(0x80, 0x80, 0x40)),
    end: 'stay',
  },
  {
    name: 'frames out of turn',
    protocol: always(ORDER_STREAM.name),
    bytes: anyOf([
      RECEIPT,
      VOUCHER_FRAME,
      CANCEL,
      concatBytes(OPEN, OPEN),
      concatBytes(OPEN, RECEIPT),
      concatBytes(OPEN, VOUCHER_FRAME),
      concatBytes(OPEN, CANCEL, CANCEL),
      order({ $case: 'heartbeat', value: { queue: 1 } }),
      order({ $case: 'accepted', value: { queue: 1, lane: 0n } }),
    ]),
    end: 'stay',
  },
  {
    name: 'openings out of turn',
    protocol: always(OPENING_STREAM.name),
    bytes: anyOf([ITEM, concatBytes(HEADER, HEADER), concatBytes(HEADER, ITEM, ITEM), OPEN]),
    end: 'close',
  },
  { name: 'a good order, then reset', protocol: always(ORDER_STREAM.name), bytes: always(OPEN), end: 'reset' },
  { name: 'a good order, then close', protocol: always(ORDER_STREAM.name), bytes: always(OPEN), end: 'close' },
  { name: 'an order byte by byte', protocol: always(ORDER_STREAM.name), bytes: always(OPEN), end: 'drip' },
  {
    name: 'an opening byte by byte',
    protocol: always(OPENING_STREAM.name),
    bytes: always(concatBytes(HEADER, ITEM)),
    end: 'drip',
  },
]

async function attack(connection: Connection, { protocol, bytes, end }: Attack, turn: number): Promise<Stream> {
  const stream = await connection.newStream(protocol(turn), { maxOutboundStreams: 256 })
  const payload = bytes(turn)
  if (end === 'drip') {
    void drip(stream, payload)
    return stream
  }
  if (payload.length > 0) {
    stream.send(payload)
  }
  if (end === 'close') {
    // The victim may reset it first.
    stream.close().catch(() => undefined)
  } else if (end === 'reset') {
    stream.abort(new Error('bored'))
  }
  return stream
}

/** One byte a second, until the other side has had enough. */
async function drip(stream: Stream, payload: Uint8Array): Promise<void> {
  try {
    for (const byte of payload) {
      stream.send(Uint8Array.of(byte))
      await clock.sleep(1_000)
    }
  } catch {
    // Reset by the victim.
  }
}

const EXPECTED = ['malformed_frame', 'frame_timeout', 'stream_closed', 'cancelled']

describe('a thousand hostile streams', () => {
  it('end with a code each, leave nothing, and a good order goes through after them', async () => {
    // Registered hosts gone bad: they have more room than strangers.
    for (const attacker of attackers) {
      const { owner, devicePublicKey } = await createTestPeer()
      directory.registered.set(attacker.peerId.toString(), { owner, devicePublicKey })
    }
    const connections = await Promise.all(attackers.map(connect))
    const perName = new Map<string, Set<string>>()
    let streams = 0
    for (let turn = 0; streams < 1_000; turn++) {
      for (const one of ATTACKS) {
        const before = codes.length
        const opened = await Promise.all(
          connections.map((connection, index) => attack(connection, one, turn * connections.length + index)),
        )
        await waitFor(
          `${one.name}: all are over`,
          async () => {
            await clock.advance(500)
            return codes.length === before + opened.length && victim.counts().streams === 0
          },
          { everyMs: 5 },
        )
        streams += opened.length
        const seen = perName.get(one.name) ?? new Set()
        for (const code of codes.slice(before)) {
          seen.add(code)
        }
        perName.set(one.name, seen)
        for (const stream of opened) {
          stream.abort(new Error('next'))
        }
      }
    }
    expect(codes).toHaveLength(streams)
    expect(codes.filter((code) => !EXPECTED.includes(code))).toEqual([])
    const seen = (name: string) => [...(perName.get(name) ?? [])].sort()
    expect(seen('frames out of turn')).toEqual(['malformed_frame'])
    expect(seen('a length that no frame has')).toEqual(['malformed_frame'])
    expect(seen('a length that is never filled')).toEqual(['frame_timeout'])
    expect(seen('nothing, then silence')).toEqual(['frame_timeout'])
    expect(seen('an order byte by byte')).toEqual(['frame_timeout'])
    expect(seen('half a frame, then close')).toEqual(['malformed_frame'])
    expect(seen('a good order, then close')).toEqual(['cancelled'])
    for (const connection of connections) {
      await waitFor('the attacker has no stream left', () =>
        connection.streams.every((stream) => !stream.protocol.startsWith('/tailrace/')),
      )
    }
    await goodOrder()
  })

  it('cannot take the places of others, nor more than their own', async () => {
    const connections = await Promise.all(attackers.map(connect))
    const silent = ATTACKS.find(({ name }) => name === 'nothing, then silence') as Attack
    const flood = { ...silent, protocol: always(ORDER_STREAM.name) }
    for (const connection of connections.slice(0, 3)) {
      await Promise.all(
        Array.from({ length: 40 }, (_unused, turn) => attack(connection, flood, turn).catch(() => undefined)),
      )
    }
    await waitFor(
      'the strangers have what they may have',
      () => victim.counts().streams === ORDER_STREAM.inbound.strangers,
    )
    const host = await createTestPeer()
    directory.register(host)
    const other = await nodes.start(host, { bootstrap: victim.addresses() })
    await orderFrom(other)
    expect(await other.probe(victim.peerId, sampleOf(anyProbeRequest), NEVER)).toBe(true)
    await waitFor('all time out', async () => {
      await clock.advance(500)
      return victim.counts().streams === 0
    })
    await goodOrder()
  })
})

async function goodOrder(): Promise<void> {
  const gateway = await nodes.start(await createTestPeer(), { bootstrap: victim.addresses() })
  await orderFrom(gateway)
  await waitFor('no stream is left', () => victim.counts().streams === 0 && gateway.counts().streams === 0)
}

async function orderFrom(gateway: PeerNode): Promise<void> {
  await waitFor('connected', () => gateway.counts().connected === 1)
  const stream = await gateway.openOrder(victim.peerId, NEVER)
  await stream.send({ $case: 'open', value: sampleOf(anyOrderOpen) })
  const kinds: string[] = []
  for await (const frame of stream.frames()) {
    kinds.push(frame.$case)
    await stream.send(
      frame.$case === 'accepted'
        ? { $case: 'cancel', value: {} }
        : { $case: 'voucher', value: sampleOf(anySignedVoucher) },
    )
  }
  await stream.close()
  expect(kinds).toEqual(['accepted', 'receipt'])
}

describe('a hostile executor', () => {
  const tokens = order({
    $case: 'tokens',
    value: { tokens: new Array(256).fill(1), scores: new Uint8Array(256 * SCORE_BYTES) },
  })
  const accepted = order({ $case: 'accepted', value: { queue: 0, lane: 0n } })

  it.each<[string, (stream: Stream) => void, string]>([
    ['noise', (stream) => stream.send(Uint8Array.from(randomBytes(300)).fill(0xff, 0, 4)), 'malformed_frame'],
    ['a request of its own', (stream) => stream.send(OPEN), 'malformed_frame'],
    ['tokens without a yes', (stream) => stream.send(tokens), 'malformed_frame'],
    ['two endings', (stream) => stream.send(concatBytes(accepted, RECEIPT, RECEIPT)), 'malformed_frame'],
    [
      'more tokens than any order has',
      (stream) => void flood(stream, concatBytes(accepted, tokens), tokens),
      'malformed_frame',
    ],
    ['half a frame', (stream) => void half(stream, tokens), 'malformed_frame'],
    ['a reset', (stream) => stream.abort(new Error('no')), 'stream_closed'],
    ['nothing', () => undefined, 'frame_timeout'],
  ])('that sends %s', async (_name, answer, code) => {
    const [attacker] = attackers as [Libp2p]
    await attacker.handle(ORDER_STREAM.name, (stream) => answer(stream))
    await connect(attacker)
    await waitFor('connected', () => victim.counts().connected === 1)
    const stream = await victim.openOrder(attacker.peerId.toString(), NEVER)
    // It may have been reset already.
    await stream.send({ $case: 'open', value: sampleOf(anyOrderOpen) }).catch(() => undefined)
    let ended: unknown
    const reading = (async () => {
      for await (const _frame of stream.frames()) {
        // Only the end matters here.
      }
    })().catch((error: unknown) => {
      ended = error
    })
    await waitFor(
      'it ends',
      async () => {
        await clock.advance(100)
        return ended !== undefined
      },
      { everyMs: 5 },
    )
    await reading
    expect(ended).toMatchObject({ code })
    await stream.close()
    await waitFor('no stream is left', () => victim.counts().streams === 0)
  })

  it('that answers a question with nonsense, or with far too much', async () => {
    const [attacker] = attackers as [Libp2p]
    const answers = [
      prefixed(Uint8Array.from(randomBytes(200))),
      Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
      prefixed(new Uint8Array(8 * 1024 * 1024)),
      prefixed(ORDER_FRAMES.encode({ $case: 'cancel', value: {} })),
    ]
    let turn = 0
    await attacker.handle(WORK.name, (stream) => {
      stream.send(answers[turn++ % answers.length] as Uint8Array)
    })
    await connect(attacker)
    await waitFor('connected', () => victim.counts().connected === 1)
    for (const _answer of answers) {
      const asking = victim.requestWork(attacker.peerId.toString(), sampleOf(anyWorkRequest), NEVER)
      await expect(asking).rejects.toMatchObject({ code: 'malformed_frame' })
    }
    expect(WORK_REQUESTS.maxBytes).toBeLessThan(WORK.replies.maxBytes)
    expect(PROBE_REQUESTS.maxBytes).toBeLessThan(8_192)
    await waitFor('no stream is left', () => victim.counts().streams === 0)
  })
})

async function flood(stream: Stream, first: Uint8Array, again: Uint8Array): Promise<void> {
  try {
    stream.send(first)
    for (let frame = 0; frame < 1_000; frame++) {
      stream.send(again)
      await new Promise((resolve) => setImmediate(resolve))
    }
  } catch {
    // Reset by the victim.
  }
}

async function half(stream: Stream, frame: Uint8Array): Promise<void> {
  stream.send(frame.subarray(0, 500))
  // The victim may have reset it.
  await stream.close().catch(() => undefined)
}
