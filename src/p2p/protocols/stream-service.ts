/**
 * Streams of this network's own protocols over one libp2p node: who is let in, who is tracked, what an error is called. A
 * protocol is served while a handler is set, else the node does not know it and an opener hears `peer_refused`. Invariant: each
 * inbound stream holds a place of its peer and of its protocol until its handler has settled; nothing of it outlives `stop`.
 * Read next: exchange.ts (one question, one answer), order-stream.ts, opening.ts.
 */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { CodedError, errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../../lib/runtime.ts'
import type { PeerDirectory } from '../directory.ts'
import type { Unsubscribe } from '../gossip.ts'
import { P2P_LIMITS } from '../limits.ts'
import type { Admission, InboundLimits } from './admission.ts'
import { createAdmission } from './admission.ts'
import { createDeadline } from './deadline.ts'
import { FramedStream } from './framed-stream.ts'
import { createTimer } from './timer.ts'

export interface StreamProtocol {
  /** `/tailrace/<name>/<version>` */
  readonly name: string
  readonly inbound: InboundLimits
  /** Bytes that one stream may bring in. */
  readonly inboundBytes: number
  readonly frameTimeoutMs: number
  /** An inbound stream is cut off after this; undefined = its handler says when. */
  readonly lifetimeMs?: number
  /** Whether it may run over a relayed connection, where time and bytes are rationed. */
  readonly isSmall: boolean
}

export interface StreamServiceComponents {
  readonly node: Libp2p
  readonly directory: PeerDirectory
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>
  readonly logger: Logger
}

/** Whoever rejects here resets the stream; whoever resolves closes it in good order. */
export type StreamHandler = (stream: FramedStream, from: string) => Promise<void>

export class StreamService {
  readonly #components: StreamServiceComponents
  readonly #open = new Set<FramedStream>()
  readonly #running = new Set<Promise<void>>()
  readonly #served = new Set<string>()
  #isStopped = false

  constructor(components: StreamServiceComponents) {
    this.#components = components
  }

  /** Streams that are open now, both directions. */
  get count(): number {
    return this.#open.size
  }

  /** @throws CodedError `handler_already_set` */
  serve(protocol: StreamProtocol, handler: StreamHandler): Unsubscribe {
    const { name, inbound, isSmall } = protocol
    if (this.#served.has(name)) {
      throw new CodedError('handler_already_set', `${name} has a handler`)
    }
    this.#served.add(name)
    const { node, logger } = this.#components
    const report = (error: unknown) =>
      logger.log('error', 'protocol not announced', { protocol: name, error: errorMessage(error) })
    const admission = createAdmission(inbound)
    const onStream = (stream: Stream, connection: Connection) =>
      this.#admit(stream, connection.remotePeer.toString(), protocol, admission, handler)
    node.handle(name, onStream, { maxInboundStreams: inbound.perPeer, runOnLimitedConnection: isSmall }).catch(report)
    return () => {
      if (this.#served.delete(name)) {
        node.unhandle(name).catch(report)
      }
    }
  }

  /** @throws CodedError `peer_refused`, `peer_unreachable`, `aborted` */
  async open(connection: Connection, protocol: StreamProtocol, signal: AbortSignalLike): Promise<FramedStream> {
    const deadline = createDeadline(this.#components.clock, P2P_LIMITS.openStreamMs, signal)
    try {
      const stream = await connection.newStream(protocol.name, {
        signal: deadline.signal,
        runOnLimitedConnection: protocol.isSmall,
        maxOutboundStreams: P2P_LIMITS.outboundStreams,
      })
      const framed = this.#track(stream, protocol)
      if (this.#isStopped || signal.aborted) {
        throw framed.fail(new CodedError('aborted', 'nobody waits for the stream any more'))
      }
      return framed
    } catch (error) {
      throw openingError(error, signal)
    } finally {
      deadline.release()
    }
  }

  /** Resets every stream and waits for the handlers, for a while. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const framed of [...this.#open]) {
      framed.fail(new CodedError('stream_closed', 'this node stops'))
    }
    // A handler that never settles shall not keep the node from stopping: its stream is gone already.
    const patience = new AbortController()
    const waited = this.#components.clock.sleep(P2P_LIMITS.lingerMs, patience.signal).catch(() => undefined)
    await Promise.race([Promise.all(this.#running), waited])
    patience.abort()
  }

  #admit(stream: Stream, from: string, protocol: StreamProtocol, admission: Admission, handler: StreamHandler): void {
    const isHost = this.#components.directory.hostOfPeer(from) !== undefined
    const release = this.#isStopped ? undefined : admission.admit(from, isHost)
    if (release === undefined) {
      const fields = { protocol: protocol.name, from, code: 'too_many_streams' }
      this.#components.logger.log('debug', 'stream refused', fields)
      stream.abort(new CodedError('too_many_streams', 'no room for one more stream'))
      return
    }
    const job = this.#run(this.#track(stream, protocol), from, protocol, handler).finally(() => {
      release()
      this.#running.delete(job)
    })
    this.#running.add(job)
  }

  /** Never rejects. */
  async #run(stream: FramedStream, from: string, protocol: StreamProtocol, handler: StreamHandler): Promise<void> {
    const { clock, logger } = this.#components
    const lifetime = createTimer(clock, () => stream.fail(new CodedError('frame_timeout', 'the stream took too long')))
    lifetime.set(protocol.lifetimeMs)
    try {
      await handler(stream, from)
      await stream.finish()
    } catch (error) {
      const code = errorCode(error)
      const level = code === 'malformed_frame' ? 'warn' : 'debug'
      logger.log(level, 'stream ended by an error', { protocol: protocol.name, from, code, error: errorMessage(error) })
      stream.fail(new CodedError('stream_closed', 'the handler of the stream failed', { cause: error }))
    } finally {
      lifetime.set(undefined)
    }
  }

  #track(stream: Stream, protocol: StreamProtocol): FramedStream {
    const framed = new FramedStream(stream, {
      clock: this.#components.clock,
      readTimeoutMs: protocol.frameTimeoutMs,
      inboundBytes: protocol.inboundBytes,
    })
    if (!framed.signal.aborted) {
      this.#open.add(framed)
      framed.signal.addEventListener('abort', () => this.#open.delete(framed), { once: true })
    }
    return framed
  }
}

/** What a reset says during the negotiation: the peer is there and does not want this stream. */
const REFUSALS: readonly string[] = [
  'UnsupportedProtocolError',
  'StreamResetError',
  'TooManyOutboundProtocolStreamsError',
  'LimitedConnectionError',
]

function openingError(error: unknown, signal: AbortSignalLike): CodedError {
  if (signal.aborted) {
    return new CodedError('aborted', 'the caller gave up', { cause: error })
  }
  const name = error instanceof Error ? error.name : ''
  return REFUSALS.includes(name)
    ? new CodedError('peer_refused', 'the peer does not take this stream', { fields: { reason: name }, cause: error })
    : new CodedError('peer_unreachable', 'the stream could not be opened', { fields: { reason: name }, cause: error })
}
