import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { FrameBuffer, prefixed } from './frame-buffer.ts'

/** Frames out of a stream that comes in pieces of these lengths. */
function framesOf(bytes: Uint8Array, pieces: readonly number[], maxBytes: number): Uint8Array[] {
  const buffer = new FrameBuffer()
  const out: Uint8Array[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const length = pieces[turn % pieces.length] as number
    buffer.push(bytes.subarray(at, at + length))
    at += length
    for (let frame = buffer.take(maxBytes); frame !== undefined; frame = buffer.take(maxBytes)) {
      out.push(frame)
    }
  }
  expect(buffer.length).toBe(0)
  return out
}

const pieces = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 })

describe('FrameBuffer', () => {
  test('gives the frames that went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), pieces, (frames, cuts) => {
        expect(framesOf(concatBytes(...frames.map(prefixed)), cuts, 300)).toEqual(frames)
      }),
    )
  })

  test('any bytes give frames within the bound, wait for more, or end with malformed_frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 60 }), (bytes, maxBytes) => {
        const buffer = new FrameBuffer()
        buffer.push(bytes)
        try {
          for (let frame = buffer.take(maxBytes); frame !== undefined; frame = buffer.take(maxBytes)) {
            expect(frame.length).toBeLessThanOrEqual(maxBytes)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError)
          expect((error as CodedError).code).toBe('malformed_frame')
        }
      }),
    )
  })

  test('a frame is a copy: what comes later does not change it', () => {
    const buffer = new FrameBuffer()
    const chunk = concatBytes(prefixed(Uint8Array.of(1, 2, 3)), prefixed(Uint8Array.of(4)))
    buffer.push(chunk)
    const frame = buffer.take(10)
    chunk.fill(9)
    expect(frame).toEqual(Uint8Array.of(1, 2, 3))
    expect(buffer.take(10)).toEqual(Uint8Array.of(4))
    expect(buffer.take(10)).toBeUndefined()
  })

  test.each([
    ['a length over the bound', [0x81, 0x02], 'frame too large'],
    ['a length of 256 MiB', [0xff, 0xff, 0xff, 0x7f], 'frame too large'],
    ['a length without end', [0xff, 0xff, 0xff, 0xff], 'length prefix'],
    ['a padded length', [0x81, 0x00], 'length prefix'],
  ])('refuses %s before its frame has come', (_name, bytes, reason) => {
    const buffer = new FrameBuffer()
    buffer.push(Uint8Array.from(bytes))
    expect(() => buffer.take(256)).toThrow(
      expect.objectContaining({ code: 'malformed_frame', fields: expect.objectContaining({ reason }) }),
    )
  })

  test('a megabyte in single bytes is one frame', () => {
    const frame = new Uint8Array(1_000_000).map((_byte, index) => index & 255)
    const bytes = prefixed(frame)
    const buffer = new FrameBuffer()
    for (let at = 0; at < bytes.length; at++) {
      buffer.push(bytes.subarray(at, at + 1))
    }
    expect(buffer.take(1_000_000)).toEqual(frame)
  })
})
