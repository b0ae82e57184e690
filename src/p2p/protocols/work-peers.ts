/**
 * What peers do with each other about paid work, as functions: orders, probes, vouchers, openings, work data. The stream
 * protocols are data (catalog.ts); what a frame may say stands in protocol/peer-frames.ts. Invariant: what a handler gets is
 * within its bounds and names the peer that really sent it; what a caller gets is an answer, or a CodedError that says whether
 * the peer could not be reached, did not want to, or spoke nonsense.
 */
import type { Libp2p } from '@libp2p/interface'
import type { AbortSignalLike, Clock, Logger } from '../../lib/runtime.ts'
import type { OpeningHeader, OpeningItem, ProbeRequest, WorkRequest } from '../../protocol/gen/tailrace/v1/peer.ts'
import type { SignedReceipt, SignedVoucher, WorkData } from '../../protocol/gen/tailrace/v1/work.ts'
import type { OpeningHandler, OrderStream } from '../../protocol/work/streams.ts'
import type { PeerDirectory } from '../directory.ts'
import type { Unsubscribe } from '../gossip.ts'
import { AddressBook } from './address-book.ts'
import { ORDER_STREAM, PROBE, VOUCHER, WORK } from './catalog.ts'
import type { StreamOpener } from './exchange.ts'
import { askPeer, serveExchange } from './exchange.ts'
import { pushOpenings, serveOpenings } from './opening.ts'
import { createOrderStream } from './order-stream.ts'
import { executorTurns, gatewayTurns } from './order-turns.ts'
import type { Reach } from './reach.ts'
import { createReach } from './reach.ts'
import { StreamService } from './stream-service.ts'

export interface WorkPeers {
  /** Each handler is set at most once; while none is, the stream is refused. @throws CodedError `handler_already_set` */
  onOrder(handler: (stream: OrderStream) => Promise<void>): Unsubscribe
  onProbe(handler: (from: string, request: ProbeRequest) => Promise<boolean>): Unsubscribe
  onOpening(handler: OpeningHandler): Unsubscribe
  onWorkRequest(handler: (from: string, request: WorkRequest) => Promise<WorkData | undefined>): Unsubscribe
  onVoucherRequest(handler: (from: string, receipt: SignedReceipt) => Promise<SignedVoucher | undefined>): Unsubscribe
  /**
   * The signal ends the opening, not the stream. Each of these throws CodedError `peer_unreachable`, `peer_refused`,
   * `malformed_frame`, `frame_timeout`, or `aborted` after the caller's abort.
   */
  openOrder(peerId: string, signal: AbortSignalLike): Promise<OrderStream>
  probe(peerId: string, request: ProbeRequest, signal: AbortSignalLike): Promise<boolean>
  /** How many items the receiver kept. */
  pushOpenings(
    peerId: string,
    header: OpeningHeader,
    items: Iterable<OpeningItem>,
    signal: AbortSignalLike,
  ): Promise<number>
  requestWork(peerId: string, request: WorkRequest, signal: AbortSignalLike): Promise<WorkData | undefined>
  requestVoucher(peerId: string, receipt: SignedReceipt, signal: AbortSignalLike): Promise<SignedVoucher | undefined>
}

export interface WorkPeersService {
  readonly peers: WorkPeers
  /** A heartbeat of `author` came from the neighbour `source`. */
  heard(author: string, source: string): void
  /** Open streams, both directions. */
  streamCount(): number
  /** Resets every stream and waits for the handlers; before the node is stopped. */
  stop(): Promise<void>
}

export interface WorkPeersComponents {
  readonly node: Libp2p
  readonly directory: PeerDirectory
  readonly clock: Clock
  readonly logger: Logger
}

export function createWorkPeers(components: WorkPeersComponents): WorkPeersService {
  const { node, clock, logger } = components
  const streams = new StreamService(components)
  const addresses = new AddressBook({ node, streams, clock, logger })
  const reach = createReach({ node, addresses, clock, logger })
  addresses.serve()
  return {
    peers: { ...answersOf(streams), ...questionsOf(openerOf(streams, reach)) },
    heard: (author, source) => addresses.heard(author, source),
    streamCount: () => streams.count,
    async stop() {
      await addresses.stop()
      await streams.stop()
    },
  }
}

type Answers = Pick<WorkPeers, 'onOrder' | 'onProbe' | 'onOpening' | 'onWorkRequest' | 'onVoucherRequest'>

function answersOf(streams: StreamService): Answers {
  return {
    onOrder: (handler) =>
      streams.serve(ORDER_STREAM, (stream, from) => handler(createOrderStream(stream, from, executorTurns()))),
    onProbe: (handler) =>
      serveExchange(streams, PROBE, async (from, request) => ({ ready: await handler(from, request) })),
    onOpening: (handler) => serveOpenings(streams, handler),
    onWorkRequest: (handler) =>
      serveExchange(streams, WORK, async (from, request) => ({ data: await handler(from, request) })),
    onVoucherRequest: (handler) =>
      serveExchange(streams, VOUCHER, async (from, { receipt }) => ({
        // The codec takes no request without a receipt.
        voucher: await handler(from, receipt as SignedReceipt),
      })),
  }
}

type OpenerOf = (peerId: string, signal: AbortSignalLike) => StreamOpener

function questionsOf(opener: OpenerOf): Omit<WorkPeers, keyof Answers> {
  return {
    async openOrder(peerId, signal) {
      const stream = await opener(peerId, signal)(ORDER_STREAM)
      return createOrderStream(stream, peerId, gatewayTurns())
    },
    async probe(peerId, request, signal) {
      return (await askPeer(opener(peerId, signal), PROBE, request, signal)).ready
    },
    pushOpenings: (peerId, header, items, signal) => pushOpenings(opener(peerId, signal), header, items, signal),
    async requestWork(peerId, request, signal) {
      return (await askPeer(opener(peerId, signal), WORK, request, signal)).data
    },
    async requestVoucher(peerId, receipt, signal) {
      return (await askPeer(opener(peerId, signal), VOUCHER, { receipt }, signal)).voucher
    },
  }
}

function openerOf(streams: StreamService, reach: Reach): OpenerOf {
  return (peerId, signal) => async (protocol) => {
    const connection = await reach.connect(peerId, signal)
    try {
      return await streams.open(connection, protocol, signal)
    } catch (error) {
      // A connection that stood may have died unnoticed: once more, over a new one.
      if (connection.status === 'open') {
        throw error
      }
      return streams.open(await reach.connect(peerId, signal), protocol, signal)
    }
  }
}
