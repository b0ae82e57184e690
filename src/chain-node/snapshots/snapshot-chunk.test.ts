import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stateKeys, stateValues } from '../../../test/support/snapshots/states.ts'
import { compareBytes, concatBytes, u32be } from '../../lib/bytes.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { StateEntry } from './snapshot-chunk.ts'
import { ChunkBody, decodeChunk } from './snapshot-chunk.ts'
import { SNAPSHOT_LIMITS } from './snapshot-limits.ts'

const PLACE = { height: 9, index: 3 }

const entryLists = fc
  .uniqueArray(fc.tuple(stateKeys, stateValues), { minLength: 1, maxLength: 20, selector: ([key]) => String(key) })
  .map((entries) => entries.toSorted(([a], [b]) => compareBytes(a, b)))

async function encode(entries: readonly StateEntry[]): Promise<Uint8Array> {
  const body = new ChunkBody()
  for (const [key, value] of entries) {
    body.add(key, value)
  }
  return await body.encode(PLACE.height, PLACE.index)
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => 'decoded', errorCode)
}

describe('a chunk of a snapshot', () => {
  it('gives back its entries', async () => {
    await fc.assert(
      fc.asyncProperty(entryLists, async (entries) => {
        const decoded = await decodeChunk(await encode(entries), PLACE)
        expect(decoded.map(([key, value]) => [[...key], [...value]])).toEqual(
          entries.map(([key, value]) => [[...key], [...value]]),
        )
      }),
      { numRuns: 100 },
    )
  })

  it('is refused by its own rules where a byte differs, whether or not its hash was made to fit', async () => {
    await fc.assert(
      fc.asyncProperty(entryLists, fc.nat(), fc.integer({ min: 1, max: 255 }), async (entries, place, flip) => {
        const chunk = Uint8Array.from(await encode(entries))
        const at = place % chunk.length
        chunk[at] = (chunk[at] as number) ^ flip
        expect(['snapshot_damaged', 'decoded']).toContain(await codeOf(decodeChunk(chunk, PLACE)))
      }),
      { numRuns: 300 },
    )
  })

  it('answers any bytes with one error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await codeOf(decodeChunk(bytes, PLACE))).toBe('snapshot_damaged')
      }),
      { numRuns: 300 },
    )
  })

  it('does not unpack more than its head says, nor believes a head that says more than is allowed', async () => {
    const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024))
    const honest = await encode([[Uint8Array.of(1), Uint8Array.of(2)]])
    const head = honest.subarray(0, 24)
    for (const rawBytes of [8, SNAPSHOT_LIMITS.chunkRawBytes, SNAPSHOT_LIMITS.chunkRawBytes + 1, 0xffff_ffff]) {
      expect(await codeOf(decodeChunk(concatBytes(head, u32be(rawBytes), bomb), PLACE))).toBe('snapshot_damaged')
    }
  })

  it('is refused in another place and where its keys do not ascend', async () => {
    const chunk = await encode([[Uint8Array.of(1), Uint8Array.of(2)]])
    expect(await codeOf(decodeChunk(chunk, { ...PLACE, index: 4 }))).toBe('snapshot_damaged')
    expect(await codeOf(decodeChunk(chunk, { ...PLACE, height: 8 }))).toBe('snapshot_damaged')
    const twice = await encode([
      [Uint8Array.of(1), Uint8Array.of(2)],
      [Uint8Array.of(1), Uint8Array.of(3)],
    ])
    expect(await codeOf(decodeChunk(twice, PLACE))).toBe('snapshot_damaged')
  })

  it('ends before it grows over its size; a larger entry is a chunk of its own', () => {
    const body = new ChunkBody()
    const large = new Uint8Array(SNAPSHOT_LIMITS.valueBytes)
    expect(body.add(Uint8Array.of(1), large)).toBe(true)
    expect(body.add(Uint8Array.of(2), new Uint8Array(1))).toBe(false)
    expect(() => body.add(Uint8Array.of(3), new Uint8Array(SNAPSHOT_LIMITS.valueBytes + 1))).toThrow(
      expect.objectContaining({ code: 'snapshot_failed' }),
    )
    body.clear()
    const small = new Uint8Array(1_018)
    const added = Array.from({ length: 2_000 }, (_, i) => body.add(u32be(i), small)).filter(Boolean)
    expect(added).toHaveLength(1_020)
  })
})
