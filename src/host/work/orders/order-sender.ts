import type { Clock } from '../../../lib/runtime.ts'
import type { OrderFrameBody, OrderStream } from '../../../protocol/work/streams.ts'
import { withTimeLimit } from '../../tasks.ts'

/** The executor's half of an order stream: one frame after the other, and a heartbeat while there is nothing else to say. */
export interface OrderSender {
  /** Resolves when the other side took it. @throws CodedError `stream_closed`, `timed_out` where it takes nothing for STALL_MS */
  send(frame: OrderFrameBody): Promise<void>
  /** From now on no two frames are further apart than two seconds, as long as the other side takes them. */
  beat(queue: () => number): void
  stop(): void
}

/** Below the two seconds that a gateway waits for, with room for a slow line. */
const BEAT_MS = 1_500
/** After one of these the executor says nothing more. */
const LAST: readonly OrderFrameBody['$case'][] = ['refusal', 'receipt', 'failed']
/** A gateway that takes nothing for so long is treated as gone. */
export const STALL_MS = 20_000

/** `signal`: the end of the process, which waits for nobody. */
export function createOrderSender(stream: OrderStream, clock: Clock, signal: AbortSignal): OrderSender {
  const stopped = new AbortController()
  let lastSent: Promise<void> = Promise.resolve()
  let lastMs = clock.nowMs()
  let sending = 0
  let isBeating = false

  function send(frame: OrderFrameBody): Promise<void> {
    if (LAST.includes(frame.$case)) {
      stopped.abort()
    }
    sending += 1
    const sent = lastSent
      .then(() => withTimeLimit(clock, STALL_MS, signal, () => stream.send(frame)))
      .finally(() => {
        sending -= 1
        lastMs = clock.nowMs()
      })
    // After a failure every later frame fails too: the stream is gone.
    lastSent = sent
    sent.catch(() => undefined)
    return sent
  }

  async function beatOn(queue: () => number): Promise<void> {
    while (!stopped.signal.aborted) {
      // A clock that was set back must not silence the beat.
      lastMs = Math.min(lastMs, clock.nowMs())
      await clock.sleep(sending > 0 ? BEAT_MS : Math.max(1, lastMs + BEAT_MS - clock.nowMs()), stopped.signal)
      if (sending === 0 && clock.nowMs() >= lastMs + BEAT_MS) {
        await send({ $case: 'heartbeat', value: { queue: queue() } })
      }
    }
  }

  return {
    send,
    beat(queue) {
      if (!isBeating) {
        isBeating = true
        beatOn(queue).catch(() => {
          // Stopped, or the stream broke: its reader sees that.
        })
      }
    },
    stop: () => stopped.abort(),
  }
}
