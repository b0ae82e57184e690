/**
 * Streams of paid work as host and gateway see them; p2p carries them (p2p/protocols), tests carry them in memory. Types alone,
 * as compute.ts is for races.
 */
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { OpeningHeader, OpeningItem, OrderFrame } from '../gen/tailrace/v1/peer.ts'

/** One frame: a union that narrows on `$case`. */
export type OrderFrameBody = NonNullable<OrderFrame['frame']>

/** One side of an order stream. Frames are decoded within their bounds before they arrive here. */
export interface OrderStream {
  /** libp2p peer id of the other side. */
  readonly peerId: string
  /** Resolves when the other side took it (backpressure). @throws CodedError `stream_closed` */
  send(frame: OrderFrameBody): Promise<void>
  /** Frames in order; ends when the other side closed. @throws CodedError `stream_closed`, `malformed_frame`, `frame_timeout` */
  frames(): AsyncIterable<OrderFrameBody>
  /** Aborted as soon as the stream is gone. */
  readonly signal: AbortSignalLike
  close(): Promise<void>
}

export type OpeningHandler = (from: string, header: OpeningHeader, items: AsyncIterable<OpeningItem>) => Promise<number>
