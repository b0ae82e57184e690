import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRequest } from '../../../test/support/abci/abci-client.ts'
import { concatBytes, toHex } from '../../lib/bytes.ts'
import { FrameDecoder } from './frame-decoder.ts'

const requests = fc.oneof(
  fc.string({ maxLength: 300 }).map((message) => ({ echo: { message } })),
  fc.constant({ flush: {} }),
  fc.uint8Array({ maxLength: 20_000 }).map((tx) => ({ checkTx: { tx } })),
  fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }).map((txs) => ({ prepareProposal: { txs } })),
)

function allOf(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
    frames.push(frame)
  }
  return frames
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.trunc(value / 0x80))]
}

describe('the frame decoder', () => {
  it('gives the same requests however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(requests, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }),
        (sent, cuts) => {
          const decoder = new FrameDecoder()
          const whole = concatBytes(...sent.map(encodeRequest))
          const got: Uint8Array[] = []
          for (let at = 0, cut = 0; at < whole.length; cut++) {
            const size = cuts[cut % cuts.length] ?? 1
            decoder.push(whole.slice(at, at + size))
            at += size
            // All frames are kept until the end: a later chunk must not overwrite an earlier request.
            got.push(...allOf(decoder))
          }
          const expected = new FrameDecoder()
          expected.push(whole)
          expect(got.map(toHex)).toEqual(allOf(expected).map(toHex))
          expect(got).toHaveLength(sent.length)
          expect(decoder.sizeBytes).toBe(0)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('takes a large request byte by byte without keeping more than twice its size', () => {
    const decoder = new FrameDecoder()
    const whole = encodeRequest({ checkTx: { tx: new Uint8Array(60_000).fill(7) } })
    let mostHeld = 0
    let frames = 0
    for (const byte of whole.subarray(0, -1)) {
      decoder.push(Uint8Array.of(byte))
      frames += decoder.next() === undefined ? 0 : 1
      mostHeld = Math.max(mostHeld, decoder.capacityBytes)
    }
    expect(frames).toBe(0)
    expect(mostHeld).toBeLessThanOrEqual(2 * whole.length)
    decoder.push(whole.subarray(-1))
    expect(decoder.next()).toHaveLength(whole.length - 3)
  })

  it('hands out a chunk that holds whole requests without copying it', () => {
    const decoder = new FrameDecoder()
    const chunk = concatBytes(encodeRequest({ flush: {} }), encodeRequest({ checkTx: { tx: new Uint8Array(1_000) } }))
    decoder.push(chunk)
    expect(allOf(decoder).map(({ buffer }) => buffer === chunk.buffer)).toEqual([true, true])
  })

  it.each([
    ['a length without end', [0xff, 0xff, 0xff, 0xff, 0xff]],
    ['nothing at all', [0]],
    ['a flush of a megabyte', [...varint(1024 * 1024), 0x12, 0]],
    ['a block of 9 MiB', [...varint(9 * 1024 * 1024), 0xa2, 0x01]],
    ['a request of a kind that there is not', [...varint(10), 0x22, 8]],
    ['a number where a message should be', [...varint(2), 0x08, 1]],
    ['a length of 32 GiB', [0xff, 0xff, 0xff, 0xff, 0x7f, 0x12, 0]],
  ])('refuses %s by its first bytes', (_name, bytes) => {
    const decoder = new FrameDecoder()
    decoder.push(Uint8Array.from(bytes))
    expect(() => decoder.next()).toThrowError(expect.objectContaining({ code: 'malformed_frame' }))
  })
})
