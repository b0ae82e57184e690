/** Peers in one process: streams with backpressure that a test can break, requests, gossip. */
import type { WorkPeersPort } from '../../../src/host/work/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { BatchAnnouncement, CheckRequest } from '../../../src/protocol/gen/tailrace/v1/gossip.ts'
import type { OpeningItem, ProbeRequest, WorkRequest } from '../../../src/protocol/gen/tailrace/v1/peer.ts'
import type { SignedReceipt, SignedVoucher, WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { ORDER_FRAMES } from '../../../src/protocol/peer-frames.ts'
import type { OpeningHandler, OrderFrameBody, OrderStream } from '../../../src/protocol/work/streams.ts'

/** Frames that wait for their reader: then the writer waits. */
const CAPACITY = 2

interface Handlers {
  order?: (stream: OrderStream) => Promise<void>
  probe?: (from: string, request: ProbeRequest) => Promise<boolean>
  opening?: OpeningHandler
  work?: (from: string, request: WorkRequest) => Promise<WorkData | undefined>
  voucher?: (from: string, receipt: SignedReceipt) => Promise<SignedVoucher | undefined>
}

export interface TestStream extends OrderStream {
  /** As when the line is cut: both sides see it at once. */
  cut(): void
}

export class WorkPeers {
  readonly batches: BatchAnnouncement[] = []
  readonly #onActivity: () => void
  readonly #peers = new Map<string, Handlers>()
  readonly #gone = new Set<string>()
  readonly #streams = new Map<string, Set<TestStream>>()

  constructor(onActivity: () => void) {
    this.#onActivity = onActivity
  }

  /** A peer that is gone answers nothing, and its streams are cut. */
  setGone(peerId: string, isGone: boolean): void {
    if (isGone) {
      this.#gone.add(peerId)
      for (const stream of this.#streams.get(peerId) ?? []) {
        stream.cut()
      }
      this.#streams.delete(peerId)
    } else {
      this.#gone.delete(peerId)
    }
  }

  /** A process that starts anew has set no handlers yet. */
  forget(peerId: string): void {
    this.#peers.delete(peerId)
  }

  async openOrder(from: string, peerId: string): Promise<TestStream> {
    const { order } = this.#reach(from, peerId)
    if (order === undefined) {
      throw new CodedError('peer_refused', `${peerId} speaks no such protocol`)
    }
    const [own, other] = streamPair(from, peerId, this.#onActivity)
    for (const name of [from, peerId]) {
      const streams = this.#streams.get(name) ?? new Set()
      streams.add(own)
      this.#streams.set(name, streams)
    }
    void order(other).catch(() => other.cut())
    return own
  }

  port(peerId: string): WorkPeersPort {
    const set = <Name extends keyof Handlers>(name: Name, handler: NonNullable<Handlers[Name]>) => {
      const handlers = this.#peers.get(peerId) ?? {}
      this.#peers.set(peerId, handlers)
      if (handlers[name] !== undefined) {
        throw new CodedError('handler_set', `${name} is handled already`)
      }
      handlers[name] = handler
      return () => {
        if (handlers[name] === handler) {
          delete handlers[name]
        }
      }
    }
    return {
      peerId,
      onOrder: (handler) => set('order', handler),
      onProbe: (handler) => set('probe', handler),
      onOpening: (handler) => set('opening', handler),
      onWorkRequest: (handler) => set('work', handler),
      onVoucherRequest: (handler) => set('voucher', handler),
      openOrder: (other) => this.openOrder(peerId, other),
      probe: async (other, request) => (await this.#reach(peerId, other).probe?.(peerId, request)) ?? false,
      pushOpenings: async (other, header, items) => {
        const handler = this.#reach(peerId, other).opening
        if (handler === undefined) {
          throw new CodedError('peer_refused', `${other} keeps nothing`)
        }
        return handler(peerId, header, streamOf(items))
      },
      requestWork: async (other, request) => this.#reach(peerId, other).work?.(peerId, request),
      requestVoucher: async (other, receipt) => this.#reach(peerId, other).voucher?.(peerId, receipt),
      publishBatch: async (message) => {
        this.batches.push(message)
        return { recipients: 0 }
      },
      onBatch: () => () => undefined,
      publishCheckRequest: async (_message: CheckRequest) => ({ recipients: 0 }),
      onCheckRequest: () => () => undefined,
    }
  }

  #reach(from: string, peerId: string): Handlers {
    this.#onActivity()
    const handlers = this.#peers.get(peerId)
    if (handlers === undefined || this.#gone.has(peerId) || this.#gone.has(from)) {
      throw new CodedError('peer_unreachable', `${peerId} does not answer`)
    }
    return handlers
  }
}

async function* streamOf(items: Iterable<OpeningItem>): AsyncGenerator<OpeningItem> {
  yield* items
}

class Pipe {
  readonly #frames: OrderFrameBody[] = []
  readonly #onActivity: () => void
  #wake: (() => void)[] = []
  #state: 'open' | 'closed' | 'cut' = 'open'

  constructor(onActivity: () => void) {
    this.#onActivity = onActivity
  }

  async write(frame: OrderFrameBody): Promise<void> {
    this.#onActivity()
    // As over a wire: what is out of bounds never arrives.
    const bytes = ORDER_FRAMES.encode(frame)
    while (this.#state === 'open' && this.#frames.length >= CAPACITY) {
      await this.#change()
    }
    if (this.#state !== 'open') {
      throw new CodedError('stream_closed', 'the stream is gone')
    }
    this.#frames.push(ORDER_FRAMES.decode(bytes))
    this.#changed()
  }

  async *read(): AsyncGenerator<OrderFrameBody> {
    for (;;) {
      const frame = this.#state === 'cut' ? undefined : this.#frames.shift()
      if (frame !== undefined) {
        this.#changed()
        yield frame
      } else if (this.#state === 'cut') {
        throw new CodedError('stream_closed', 'the stream is gone')
      } else if (this.#state === 'closed') {
        return
      } else {
        await this.#change()
      }
    }
  }

  end(state: 'closed' | 'cut'): void {
    if (this.#state !== 'cut') {
      this.#state = state
      this.#changed()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #changed(): void {
    this.#onActivity()
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) {
      wake()
    }
  }
}

function streamPair(from: string, to: string, onActivity: () => void): [TestStream, TestStream] {
  const there = new Pipe(onActivity)
  const back = new Pipe(onActivity)
  const gone = new AbortController()
  const cut = (): void => {
    there.end('cut')
    back.end('cut')
    gone.abort()
  }
  const side = (peerId: string, out: Pipe, into: Pipe): TestStream => ({
    peerId,
    send: (frame) => out.write(frame),
    frames: () => into.read(),
    signal: gone.signal,
    close: async () => out.end('closed'),
    cut,
  })
  return [side(to, there, back), side(from, back, there)]
}
