import type { CodedError } from '../../lib/coded-error.ts'
import { ORDER_FRAMES } from '../../protocol/peer-frames.ts'
import type { OrderFrameBody, OrderStream } from '../../protocol/work/streams.ts'
import { ORDER_STREAM } from './catalog.ts'
import type { FramedStream } from './framed-stream.ts'
import type { OrderTurns } from './order-turns.ts'

/**
 * Frames of one order over a stream, in an order that makes sense. `send` resolves when the muxer took the frame, which it does
 * within the window that the other side opens by reading; only a reader that waits runs into the timeout; `close` sends what
 * waits, drops what still comes and never rejects.
 */
export function createOrderStream(stream: FramedStream, peerId: string, turns: OrderTurns): OrderStream {
  const applyTimeout = () => stream.setReadTimeout(turns.mustHear() ? ORDER_STREAM.frameTimeoutMs : undefined)
  applyTimeout()

  async function* frames(): AsyncIterable<OrderFrameBody> {
    for (;;) {
      const frame = await stream.read(ORDER_FRAMES)
      if (frame === undefined) {
        return
      }
      try {
        turns.received(frame)
      } catch (error) {
        throw stream.fail(error as CodedError)
      }
      applyTimeout()
      yield frame
    }
  }

  return {
    peerId,
    signal: stream.signal,
    async send(frame) {
      // Before it is on its way: the answer may come before the muxer says that it took the frame.
      turns.sent(frame)
      await stream.send(ORDER_FRAMES, frame)
      applyTimeout()
    },
    frames,
    close: () => stream.finish(),
  }
}
