/** Splits the bytes of a socket into requests: each has its length in front, as an unsigned varint. */
import { CodedError } from '../../lib/coded-error.ts'
import { maxRequestBytes, TAG_BYTES } from '../../protocol/abci/codec.ts'

const MAX_PREFIX_BYTES = 5
const NOTHING = new Uint8Array(0)

/**
 * Keeps what has not become a whole request yet. Invariant: never more than twice the largest request and one chunk, however
 * the bytes were cut; every byte is copied a bounded number of times, none where a chunk holds whole requests; a request that
 * cannot be is refused by its first bytes.
 */
export class FrameDecoder {
  /** What waits is #buffer from #start to #end; what lies before was handed out and is never written again. */
  #buffer: Uint8Array = NOTHING
  #start = 0
  #end = 0
  /** Length of the request at the front, once it was read. */
  #frameBytes: number | undefined

  /** Bytes that wait for more. */
  get sizeBytes(): number {
    return this.#end - this.#start
  }

  /** Of the memory that is held for them. */
  get capacityBytes(): number {
    return this.#buffer.length
  }

  /** The chunk belongs to the decoder from here on. */
  push(chunk: Uint8Array): void {
    const sizeBytes = this.sizeBytes
    if (sizeBytes === 0) {
      this.#buffer = chunk
      this.#start = 0
      this.#end = chunk.length
      return
    }
    if (this.#buffer.length - this.#end < chunk.length) {
      const grown = new Uint8Array(2 * (sizeBytes + chunk.length))
      grown.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = grown
      this.#start = 0
      this.#end = sizeBytes
    }
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /**
   * The next whole request without its prefix, or undefined; it stays as it is whatever comes later.
   * @throws CodedError `malformed_frame`; nothing can be read after that.
   */
  next(): Uint8Array | undefined {
    this.#frameBytes ??= this.#readPrefix()
    const frameBytes = this.#frameBytes
    if (frameBytes === undefined) {
      return undefined
    }
    this.#checkStart(frameBytes)
    if (this.sizeBytes < frameBytes) {
      return undefined
    }
    const frame = this.#buffer.subarray(this.#start, this.#start + frameBytes)
    this.#start += frameBytes
    this.#frameBytes = undefined
    if (this.#start === this.#end) {
      this.#buffer = NOTHING
      this.#start = 0
      this.#end = 0
    }
    return frame
  }

  #readPrefix(): number | undefined {
    let length = 0
    for (let index = 0; index < MAX_PREFIX_BYTES; index++) {
      if (this.#start + index >= this.#end) {
        return undefined
      }
      const byte = this.#buffer[this.#start + index] as number
      length += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) {
        this.#start += index + 1
        return length
      }
    }
    throw new CodedError('malformed_frame', 'a request begins with its length')
  }

  /** As soon as enough is there to tell. */
  #checkStart(frameBytes: number): void {
    const known = Math.min(TAG_BYTES, frameBytes)
    if (this.sizeBytes < known) {
      return
    }
    const allowed = maxRequestBytes(this.#buffer.subarray(this.#start, this.#start + known))
    if (frameBytes > allowed || frameBytes === 0) {
      throw new CodedError('malformed_frame', `no request begins like this and has ${frameBytes} bytes`)
    }
  }
}
