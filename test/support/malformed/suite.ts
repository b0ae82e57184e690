/** The same checks for a thousand inputs a decoder in every run, and for ten thousand where there is time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Decoder } from './decode-many.ts'
import { decodeMany, heapBytes } from './decode-many.ts'

/** Above what a group of decoders may keep for good (compiled code, caches with bounds): far below what ten thousand inputs weigh. */
const MOST_KEPT_BYTES = 48 * 2 ** 20

/** The slowest decoder checks signatures and makes keys. */
const TIMEOUT_MS = 240_000

export interface Group {
  readonly name: string
  readonly decoders: readonly Decoder[]
}

export function testDecoders({ name, decoders }: Group, count: number): void {
  describe(`${name}, ${count} inputs each`, () => {
    const seen: string[] = []
    let before = 0
    beforeAll(() => {
      before = heapBytes()
    })
    test.each(
      decoders.map((decoder) => ({ name: decoder.name, decoder, inputs: Math.ceil(count / (decoder.every ?? 1)) })),
    )('$name', { timeout: TIMEOUT_MS }, async ({ decoder, inputs }) => {
      const { accepted, refused } = await decodeMany(decoder, inputs, 1_000 + count)
      expect(accepted + [...refused.values()].reduce((sum, times) => sum + times, 0)).toBe(inputs)
      seen.push(
        `${decoder.name}: ${accepted} taken, ${[...refused].map(([code, times]) => `${times} ${code}`).join(', ')}`,
      )
      // Inputs that are all taken would test nothing, where something can be refused at all.
      expect(decoder.codes.length === 0 || refused.size > 0, `${decoder.name} took everything`).toBe(true)
    })
    afterAll(() => {
      expect(heapBytes() - before).toBeLessThan(MOST_KEPT_BYTES)
      if (process.env.TAILRACE_MALFORMED === 'say') {
        process.stderr.write(`${seen.join('\n')}\n`)
      }
    })
  })
}
