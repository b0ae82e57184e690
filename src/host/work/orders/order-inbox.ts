import { errorCode } from '../../../lib/coded-error.ts'
import type { OrderOpen } from '../../../protocol/gen/tailrace/v1/peer.ts'
import type { SignedVoucher } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { OrderFrameBody, OrderStream } from '../../../protocol/work/streams.ts'

/** What a gateway says after `open`: that nobody waits any more, or the voucher. */
export interface OrderInbox {
  /** Aborts with the gateway's cancel, and when it goes away, which means the same. */
  readonly cancelled: AbortSignal
  /** Undefined where the stream ended without one. Never rejects. */
  readonly voucher: Promise<SignedVoucher | undefined>
}

/** Reads the first frame; undefined where it is no `open`. Throws what the stream throws. */
export async function openInbox(
  stream: OrderStream,
): Promise<{ readonly open: OrderOpen; readonly inbox: OrderInbox } | undefined> {
  const frames = stream.frames()[Symbol.asyncIterator]()
  const first = await frames.next()
  if (first.done === true || first.value.$case !== 'open') {
    return undefined
  }
  return { open: first.value.value, inbox: readOn(stream, frames) }
}

function readOn(stream: OrderStream, frames: AsyncIterator<OrderFrameBody>): OrderInbox {
  const cancelled = new AbortController()
  const voucher = Promise.withResolvers<SignedVoucher | undefined>()
  const end = (): void => {
    cancelled.abort()
    voucher.resolve(undefined)
  }
  stream.signal.addEventListener('abort', end, { once: true })
  if (stream.signal.aborted) {
    end()
  }
  void read(frames, (frame) => {
    if (frame.$case === 'cancel') {
      cancelled.abort()
      return true
    }
    if (frame.$case === 'voucher') {
      voucher.resolve(frame.value)
      return true
    }
    return false
  }).then(end)
  return { cancelled: cancelled.signal, voucher: voucher.promise }
}

/** Until the frames end, or one comes that a gateway does not send. Never rejects. */
async function read(
  frames: AsyncIterator<OrderFrameBody>,
  take: (frame: OrderFrameBody) => boolean,
): Promise<string | undefined> {
  try {
    for (;;) {
      const next = await frames.next()
      if (next.done === true || !take(next.value)) {
        return undefined
      }
    }
  } catch (error) {
    // A broken stream is a gateway that went away.
    return errorCode(error)
  }
}
