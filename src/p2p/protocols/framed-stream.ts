/**
 * A libp2p stream as frames, with backpressure both ways. Reading is by demand: the stream is paused unless somebody waits for
 * a frame, so a slow reader fills the muxer's window and the writer at the other end waits. Writing resolves when the muxer
 * took the bytes, which it does only within that window.
 *
 * Invariant: a stream ends exactly once, by both sides' close or by one failure with a code; what waits on it then wakes with
 * that code, and nothing here rejects where nobody listens. Read next: stream-service.ts (who opens and who is let in).
 */
import type { Stream } from '@libp2p/interface'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { FrameCodec } from '../../protocol/peer-frames.ts'
import { P2P_LIMITS } from '../limits.ts'
import { FrameBuffer, prefixed } from './frame-buffer.ts'
import { createTimer } from './timer.ts'

export interface FramedStreamOptions {
  readonly clock: Pick<Clock, 'sleep'>
  /** How long a waiting reader waits for one frame; undefined = as long as the stream lives. */
  readonly readTimeoutMs: number | undefined
  /** Bytes that may come in all. */
  readonly inboundBytes: number
}

/** How a stream was lost: the other side reset it, the connection went away, or this side gave up. */
export type StreamLoss = 'reset' | 'connection' | 'local'

export class FramedStream {
  readonly #stream: Stream
  readonly #options: FramedStreamOptions
  readonly #buffer = new FrameBuffer()
  readonly #gone = new AbortController()
  readonly #readTimer: ReturnType<typeof createTimer>
  #readTimeoutMs: number | undefined
  #arrivedBytes = 0
  #isReading = false
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined
  #lastWrite: Promise<void> = Promise.resolve()
  #queuedWrites = 0
  /** The other side closed its half, though not all of it may be read yet. */
  #sawClose = false
  /** All that the other side said has been handed over. */
  #hasEnded = false
  #isClosed = false
  #isFinishing = false
  #loss: StreamLoss = 'connection'
  #failure: CodedError | undefined

  constructor(stream: Stream, options: FramedStreamOptions) {
    this.#stream = stream
    this.#options = options
    this.#readTimeoutMs = options.readTimeoutMs
    this.#readTimer = createTimer(options.clock, () =>
      this.fail(new CodedError('frame_timeout', 'no frame came in time')),
    )
    if (stream.status !== 'open') {
      this.#onClose()
      return
    }
    stream.pause()
    stream.addEventListener('message', (event) => this.#onBytes(event.data.subarray()))
    stream.addEventListener('remoteCloseWrite', () => {
      this.#sawClose = true
    })
    stream.addEventListener('end', () => this.#onEnd())
    stream.addEventListener('close', () => this.#onClose())
    for (const name of ['drain', 'idle'] as const) {
      stream.addEventListener(name, () => this.#wakeWriter?.())
    }
    this.#sawClose = stream.remoteWriteStatus === 'closed'
    if (stream.readableEnded) {
      this.#onEnd()
    }
  }

  /** Aborted as soon as nothing can be sent or received any more. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  get loss(): StreamLoss {
    return this.#loss
  }

  /** From now on, and for the read that waits. */
  setReadTimeout(timeoutMs: number | undefined): void {
    this.#readTimeoutMs = timeoutMs
    if (this.#isReading) {
      this.#readTimer.set(timeoutMs)
    }
  }

  /**
   * The next frame; undefined where the other side closed after a whole frame. One reader at a time.
   * @throws CodedError `malformed_frame`, `frame_timeout`, `stream_closed`, `stream_busy`
   */
  async read<T>(codec: FrameCodec<T>): Promise<T | undefined> {
    if (this.#isReading) {
      throw new CodedError('stream_busy', 'somebody reads this stream already')
    }
    this.#isReading = true
    this.#readTimer.set(this.#readTimeoutMs)
    try {
      const bytes = await this.#readBytes(codec.maxBytes)
      return bytes === undefined ? undefined : codec.decode(bytes)
    } catch (error) {
      throw this.fail(
        error instanceof CodedError ? error : new CodedError('stream_closed', 'read failed', { cause: error }),
      )
    } finally {
      this.#isReading = false
      this.#readTimer.set(undefined)
      this.#pause()
    }
  }

  /** Resolves when the muxer took the whole frame. @throws CodedError `stream_closed`, `stream_busy`, `frame_too_large` */
  send<T>(codec: FrameCodec<T>, frame: T): Promise<void> {
    const bytes = codec.encode(frame)
    if (bytes.length > codec.maxBytes) {
      return Promise.reject(new CodedError('frame_too_large', `a frame of ${bytes.length} bytes`))
    }
    if (this.#queuedWrites >= P2P_LIMITS.queuedFrames) {
      return Promise.reject(new CodedError('stream_busy', 'too many frames wait to be sent'))
    }
    this.#queuedWrites += 1
    const turn = this.#lastWrite.then(() => this.#write(prefixed(bytes)))
    this.#lastWrite = turn
      // The sender hears of it; who waits for its turn only wants to know that the turn is over.
      .catch(() => undefined)
      .then(() => {
        this.#queuedWrites -= 1
      })
    return turn
  }

  /** Says that nothing more will be sent. @throws CodedError `stream_closed` */
  async closeWrite(): Promise<void> {
    await this.#lastWrite
    if (this.#stream.writeStatus !== 'writable') {
      return
    }
    const stalled = new AbortController()
    const timer = createTimer(this.#options.clock, () => stalled.abort())
    timer.set(P2P_LIMITS.writeStallMs)
    try {
      await this.#stream.close({ signal: AbortSignal.any([stalled.signal, this.signal]) })
    } catch (cause) {
      throw this.fail(new CodedError('stream_closed', 'the stream could not be closed', { cause }))
    } finally {
      timer.set(undefined)
    }
  }

  /** Ends the stream in good order: what still comes is dropped, and who does not close in time is cut off. Never rejects. */
  async finish(): Promise<void> {
    try {
      await this.closeWrite()
    } catch {
      // It failed, so it is over: `fail` told everybody.
      return
    }
    this.#isFinishing = true
    this.#buffer.clear()
    this.#wakeReader?.()
    const timer = createTimer(this.#options.clock, () =>
      this.fail(new CodedError('stream_closed', 'the other side did not close')),
    )
    timer.set(P2P_LIMITS.lingerMs)
    this.#resume()
    await new Promise<void>((resolve) => {
      if (this.signal.aborted) {
        resolve()
      }
      this.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    timer.set(undefined)
  }

  /** Resets the stream: the other side sees no reason, this side's readers and writers get this error. */
  fail(error: CodedError): CodedError {
    if (this.#failure === undefined && !this.#gone.signal.aborted) {
      this.#failure = error
      this.#loss = 'local'
      this.#buffer.clear()
      this.#stream.abort(error)
      this.#onClose()
    }
    return this.#failure ?? error
  }

  #onBytes(bytes: Uint8Array): void {
    this.#arrivedBytes += bytes.length
    if (this.#isFinishing) {
      return
    }
    if (this.#arrivedBytes > this.#options.inboundBytes) {
      this.fail(new CodedError('malformed_frame', 'the stream is too long', { fields: { reason: 'too many bytes' } }))
      return
    }
    this.#buffer.push(bytes)
    this.#wakeReader?.()
  }

  /** A lost connection ends a stream too, but only the other side's own close ends it in good order. */
  #onEnd(): void {
    this.#hasEnded = this.#sawClose
    this.#wakeReader?.()
  }

  #onClose(): void {
    if (this.#isClosed) {
      return
    }
    this.#isClosed = true
    if (this.#failure === undefined) {
      this.#loss = this.#stream.status === 'reset' ? 'reset' : 'connection'
    }
    this.#gone.abort(this.#failure ?? new CodedError('stream_closed', 'the stream is closed'))
    this.#wakeReader?.()
    this.#wakeWriter?.()
  }

  async #readBytes(maxBytes: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const frame = this.#buffer.take(maxBytes)
      if (frame !== undefined) {
        return frame
      }
      const arrivedBefore = this.#arrivedBytes
      // What came while the stream was paused comes now, before this returns.
      this.#resume()
      if (this.#failure !== undefined) {
        throw this.#failure
      }
      if (this.#isFinishing) {
        return undefined
      }
      if (this.#arrivedBytes > arrivedBefore) {
        continue
      }
      if (this.#hasEnded) {
        if (this.#buffer.length > 0) {
          throw new CodedError('malformed_frame', 'a truncated frame', { fields: { reason: 'truncated frame' } })
        }
        return undefined
      }
      if (this.#isClosed) {
        throw new CodedError('stream_closed', 'the stream was lost', { fields: { loss: this.#loss } })
      }
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
      this.#wakeReader = undefined
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const stream = this.#stream
    const timer = createTimer(this.#options.clock, () =>
      this.fail(new CodedError('frame_timeout', 'the other side takes nothing')),
    )
    try {
      if (this.#isClosed) {
        throw this.signal.reason
      }
      stream.send(bytes)
      let waiting = stream.writeBufferLength
      timer.set(P2P_LIMITS.writeStallMs)
      while (stream.writeBufferLength > 0 || stream.writableNeedsDrain) {
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve
        })
        this.#wakeWriter = undefined
        if (this.#isClosed) {
          throw this.signal.reason
        }
        if (stream.writeBufferLength < waiting) {
          waiting = stream.writeBufferLength
          timer.set(P2P_LIMITS.writeStallMs)
        }
      }
    } catch (cause) {
      const fields = { loss: this.#loss, code: errorCode(cause) }
      throw new CodedError('stream_closed', 'the frame could not be sent', { fields, cause })
    } finally {
      timer.set(undefined)
    }
  }

  #pause(): void {
    if (!this.#isFinishing && this.#stream.readStatus === 'readable') {
      this.#stream.pause()
    }
  }

  #resume(): void {
    if (this.#stream.readStatus !== 'paused') {
      return
    }
    try {
      this.#stream.resume()
    } catch {
      // What waited was handed over first; the muxer then has no connection left to say so to the other side.
    }
  }
}
