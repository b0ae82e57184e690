import { CodedError } from '../../lib/coded-error.ts'

/** Bytes of a length prefix (unsigned LEB128): enough for 256 MiB, more than any frame may have. */
const PREFIX_BYTES = 4

/** A frame as it goes over a stream: its length as a varint, then its bytes. */
export function prefixed(frame: Uint8Array): Uint8Array {
  const prefix: number[] = []
  let rest = frame.length
  while (rest > 127) {
    prefix.push((rest & 127) | 128)
    rest >>>= 7
  }
  prefix.push(rest)
  const out = new Uint8Array(prefix.length + frame.length)
  out.set(prefix)
  out.set(frame, prefix.length)
  return out
}

/**
 * Cuts a stream of bytes into frames. It holds what has come and at most as much again: a prefix that promises much costs no
 * memory, one that promises too much ends the stream before its frame has come, and many tiny pieces cost no more than few.
 */
export class FrameBuffer {
  #bytes = new Uint8Array(0)
  #from = 0
  #to = 0

  /** Bytes that wait. */
  get length(): number {
    return this.#to - this.#from
  }

  push(chunk: Uint8Array): void {
    const length = this.length
    if (this.#to + chunk.length > this.#bytes.length) {
      const fits = length + chunk.length <= this.#bytes.length
      const target = fits ? this.#bytes : new Uint8Array(2 * (length + chunk.length))
      target.set(this.#bytes.subarray(this.#from, this.#to))
      this.#bytes = target
      this.#from = 0
      this.#to = length
    }
    this.#bytes.set(chunk, this.#to)
    this.#to += chunk.length
  }

  clear(): void {
    this.#bytes = new Uint8Array(0)
    this.#from = 0
    this.#to = 0
  }

  /** The next frame in a buffer of its own, or undefined where it has not come whole. @throws CodedError `malformed_frame` */
  take(maxBytes: number): Uint8Array | undefined {
    const prefix = this.#readPrefix()
    if (prefix === undefined) {
      return undefined
    }
    if (prefix.frame > maxBytes) {
      const fields = { reason: 'frame too large', bytes: prefix.frame, maxBytes }
      throw new CodedError('malformed_frame', `a frame of ${prefix.frame} bytes`, { fields })
    }
    if (this.length < prefix.bytes + prefix.frame) {
      return undefined
    }
    const start = this.#from + prefix.bytes
    const frame = this.#bytes.slice(start, start + prefix.frame)
    this.#from = start + prefix.frame
    if (this.length === 0) {
      this.clear()
    }
    return frame
  }

  #readPrefix(): { readonly bytes: number; readonly frame: number } | undefined {
    let frame = 0
    for (let index = 0; index < PREFIX_BYTES; index++) {
      if (index === this.length) {
        return undefined
      }
      const byte = this.#bytes[this.#from + index] as number
      frame += (byte & 127) * 2 ** (7 * index)
      if (byte < 128) {
        if (byte === 0 && index > 0) {
          throw new CodedError('malformed_frame', 'a padded length prefix', { fields: { reason: 'length prefix' } })
        }
        return { bytes: index + 1, frame }
      }
    }
    throw new CodedError('malformed_frame', 'a length prefix without end', { fields: { reason: 'length prefix' } })
  }
}
