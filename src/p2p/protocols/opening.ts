import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { OpeningHeader, OpeningItem } from '../../protocol/gen/tailrace/v1/peer.ts'
import { OPENING_FRAMES, OPENING_REPLIES } from '../../protocol/peer-frames.ts'
import type { OpeningHandler } from '../../protocol/work/streams.ts'
import type { Unsubscribe } from '../gossip.ts'
import { OPENING_STREAM } from './catalog.ts'
import type { StreamOpener } from './exchange.ts'
import { answerOf, withCaller } from './exchange.ts'
import type { FramedStream } from './framed-stream.ts'
import type { StreamService } from './stream-service.ts'

/** The handler says how many it kept; it may end early, then what still comes is dropped. */
export function serveOpenings(streams: StreamService, handler: OpeningHandler): Unsubscribe {
  return streams.serve(OPENING_STREAM, async (stream, from) => {
    const first = await stream.read(OPENING_FRAMES)
    if (first?.$case !== 'header') {
      throw stream.fail(wrong('header is missing'))
    }
    const kept = await handler(from, first.value, itemsOf(stream, first.value.leaves))
    await stream.send(OPENING_REPLIES, { kept })
  })
}

async function* itemsOf(stream: FramedStream, most: number): AsyncIterable<OpeningItem> {
  for (let items = 0; ; items++) {
    const frame = await stream.read(OPENING_FRAMES)
    if (frame === undefined) {
      return
    }
    if (frame.$case !== 'item' || items === most) {
      throw stream.fail(wrong(frame.$case === 'item' ? 'more items than leaves' : 'a second header'))
    }
    yield frame.value
  }
}

/** @throws CodedError `peer_refused`, `peer_unreachable`, `malformed_frame`, `frame_timeout`, `aborted` */
export async function pushOpenings(
  open: StreamOpener,
  header: OpeningHeader,
  items: Iterable<OpeningItem>,
  signal: AbortSignalLike,
): Promise<number> {
  const stream = await open(OPENING_STREAM)
  return withCaller(stream, signal, async () => {
    // The answer may come before the last item: a receiver without room says so at once.
    stream.setReadTimeout(undefined)
    let isAnswered = false
    const reply = stream.read(OPENING_REPLIES).finally(() => {
      isAnswered = true
    })
    reply.catch(() => {
      // Awaited below; until then a sender's error comes first.
    })
    try {
      await stream.send(OPENING_FRAMES, { $case: 'header', value: header })
      for (const item of items) {
        if (isAnswered) {
          break
        }
        await stream.send(OPENING_FRAMES, { $case: 'item', value: item })
      }
      await stream.closeWrite()
      stream.setReadTimeout(OPENING_STREAM.frameTimeoutMs)
    } catch (error) {
      if (!isAnswered) {
        throw error
      }
    }
    return answerOf(await reply).kept
  })
}

function wrong(reason: string): CodedError {
  return new CodedError('malformed_frame', `opening stream: ${reason}`, { fields: { reason } })
}
