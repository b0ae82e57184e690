import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { FrameCodec } from '../../protocol/peer-frames.ts'
import type { Unsubscribe } from '../gossip.ts'
import { P2P_LIMITS } from '../limits.ts'
import type { FramedStream } from './framed-stream.ts'
import type { StreamProtocol, StreamService } from './stream-service.ts'

/** A protocol of one question and one answer, as data. */
export interface Exchange<Request, Reply> extends StreamProtocol {
  readonly requests: FrameCodec<Request>
  readonly replies: FrameCodec<Reply>
}

/** Opens a stream of a protocol to a peer, wherever it is. @throws CodedError `peer_refused`, `peer_unreachable`, `aborted` */
export type StreamOpener = (protocol: StreamProtocol) => Promise<FramedStream>

export function serveExchange<Request, Reply>(
  streams: StreamService,
  exchange: Exchange<Request, Reply>,
  answer: (from: string, request: Request) => Promise<Reply>,
): Unsubscribe {
  return streams.serve(exchange, async (stream, from) => {
    stream.setReadTimeout(Math.min(exchange.frameTimeoutMs, P2P_LIMITS.requestTimeoutMs))
    const request = await stream.read(exchange.requests)
    if (request === undefined) {
      throw stream.fail(new CodedError('malformed_frame', 'no request came', { fields: { reason: 'no request' } }))
    }
    await stream.send(exchange.replies, await answer(from, request))
  })
}

/** @throws CodedError `peer_refused`, `peer_unreachable`, `malformed_frame`, `frame_timeout`, `aborted` */
export async function askPeer<Request, Reply>(
  open: StreamOpener,
  exchange: Exchange<Request, Reply>,
  request: Request,
  signal: AbortSignalLike,
): Promise<Reply> {
  const stream = await open(exchange)
  return withCaller(stream, signal, async () => {
    await stream.send(exchange.requests, request)
    await stream.closeWrite()
    return answerOf(await stream.read(exchange.replies))
  })
}

/** An answer that did not come is a refusal: the peer took the question and closed. @throws CodedError `peer_refused` */
export function answerOf<Reply>(reply: Reply | undefined): Reply {
  if (reply === undefined) {
    throw new CodedError('peer_refused', 'the peer closed without an answer')
  }
  return reply
}

/** Runs a talk on a stream: the caller's abort resets it, its end closes it, and errors get the words that callers know. */
export async function withCaller<T>(stream: FramedStream, signal: AbortSignalLike, talk: () => Promise<T>): Promise<T> {
  const onAbort = () => void stream.fail(new CodedError('aborted', 'the caller gave up'))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) {
    onAbort()
  }
  try {
    return await talk()
  } catch (error) {
    throw talkError(stream, error, signal)
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Nobody waits for the other side's close: `finish` bounds it and never rejects.
    void stream.finish()
  }
}

function talkError(stream: FramedStream, error: unknown, signal: AbortSignalLike): unknown {
  if (signal.aborted) {
    return new CodedError('aborted', 'the caller gave up', { cause: error })
  }
  if (errorCode(error) !== 'stream_closed') {
    return error
  }
  return stream.loss === 'connection'
    ? new CodedError('peer_unreachable', 'the connection was lost', { cause: error })
    : new CodedError('peer_refused', 'the peer reset the stream', { cause: error })
}
