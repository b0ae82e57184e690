/** Work peers whose every message takes the form of its frame, and gossip that reaches everybody who listens. */
import type { WorkPeersPort } from '../../../src/host/work/ports.ts'
import type { BatchAnnouncement, CheckRequest } from '../../../src/protocol/gen/tailrace/v1/gossip.ts'
import type { OpeningHeader, OpeningItem } from '../../../src/protocol/gen/tailrace/v1/peer.ts'
import type { FrameCodec } from '../../../src/protocol/peer-frames.ts'
import {
  OPENING_FRAMES,
  OPENING_REPLIES,
  PROBE_REPLIES,
  PROBE_REQUESTS,
  VOUCHER_REPLIES,
  VOUCHER_REQUESTS,
  WORK_REPLIES,
  WORK_REQUESTS,
} from '../../../src/protocol/peer-frames.ts'
import type { WorkPeers } from './work-peers.ts'

interface Bus {
  readonly batches: Map<(message: BatchAnnouncement) => void, string>
  readonly checks: Map<(message: CheckRequest) => void, string>
}

/** One for each network. */
const buses = new WeakMap<WorkPeers, Bus>()

export function createNetworkPeers(peers: WorkPeers, peerId: string): WorkPeersPort {
  const bus = buses.get(peers) ?? { batches: new Map(), checks: new Map() }
  buses.set(peers, bus)
  const port = peers.port(peerId)
  return {
    ...port,
    async probe(to, request, signal) {
      const ready = await port.probe(to, onWire(PROBE_REQUESTS, request), signal)
      return onWire(PROBE_REPLIES, { ready }).ready
    },
    async pushOpenings(to, header, items, signal) {
      const kept = await port.pushOpenings(to, headerOnWire(header), itemsOnWire(items), signal)
      return onWire(OPENING_REPLIES, { kept }).kept
    },
    async requestWork(to, request, signal) {
      const data = await port.requestWork(to, onWire(WORK_REQUESTS, request), signal)
      return onWire(WORK_REPLIES, { data }).data
    },
    async requestVoucher(to, receipt, signal) {
      const { receipt: asked = receipt } = onWire(VOUCHER_REQUESTS, { receipt })
      return onWire(VOUCHER_REPLIES, { voucher: await port.requestVoucher(to, asked, signal) }).voucher
    },
    publishBatch: async (message) => tell(bus.batches, peerId, message),
    onBatch: (listener) => listen(bus.batches, peerId, listener),
    publishCheckRequest: async (message) => tell(bus.checks, peerId, message),
    onCheckRequest: (listener) => listen(bus.checks, peerId, listener),
  }
}

function onWire<T>(codec: FrameCodec<T>, message: T): T {
  return codec.decode(codec.encode(message))
}

function headerOnWire(header: OpeningHeader): OpeningHeader {
  const frame = onWire(OPENING_FRAMES, { $case: 'header', value: header })
  return frame.$case === 'header' ? frame.value : header
}

function itemsOnWire(items: Iterable<OpeningItem>): OpeningItem[] {
  return [...items].map((item) => {
    const frame = onWire(OPENING_FRAMES, { $case: 'item', value: item })
    return frame.$case === 'item' ? frame.value : item
  })
}

function tell<T>(listeners: Map<(message: T) => void, string>, from: string, message: T): { recipients: number } {
  const others = [...listeners].filter(([, peerId]) => peerId !== from)
  for (const [listener] of others) {
    listener(message)
  }
  return { recipients: others.length }
}

function listen<T>(
  listeners: Map<(message: T) => void, string>,
  peerId: string,
  listener: (message: T) => void,
): () => void {
  listeners.set(listener, peerId)
  return () => listeners.delete(listener)
}
