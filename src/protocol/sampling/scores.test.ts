import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom, normalLogits } from '../../../test/support/sampling-logits.ts'
import { SCORE_BYTES, TOP_SCORES } from '../inference.ts'
import { LOGIT_LIMIT, MASKED, ONE, quantizeLogits } from './quantize.ts'
import { decodeScores, logProbability, writeScores } from './scores.ts'

const logit = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -LOGIT_LIMIT, max: LOGIT_LIMIT }),
  fc.constant(MASKED),
)
const logits = fc.array(logit, { minLength: TOP_SCORES, maxLength: 40 })
const invalid = expect.objectContaining({ code: 'invalid_scores' })
const outOfRange = expect.objectContaining({ code: 'out_of_range' })

function write(values: readonly number[], chosen: number): Uint8Array {
  const bytes = new Uint8Array(SCORE_BYTES)
  writeScores(Int32Array.from(values), chosen, new DataView(bytes.buffer), 0)
  return bytes
}

test('tells the chosen score and the best tokens in order, whatever the logits', () => {
  fc.assert(
    fc.property(logits, fc.nat(), (values, pick) => {
      const chosen = pick % values.length
      const [scores] = decodeScores(write(values, chosen), 1)
      const order = [...values.keys()].sort((a, b) => (values[b] as number) - (values[a] as number) || a - b)
      expect(scores?.chosen).toBe(values[chosen])
      expect(scores?.top).toEqual(order.slice(0, TOP_SCORES).map((token) => ({ token, score: values[token] })))
    }),
    { numRuns: 300 },
  )
})

test('the sum gives log-probabilities to 1e-4', () => {
  const random = createRandom(3)
  for (const [size, spread] of [
    [5, 1],
    [1_000, 3],
    [30_000, 2],
    [30_000, 0],
  ] as const) {
    const values = quantizeLogits(normalLogits(random, size, spread))
    const [scores] = decodeScores(write([...values], 1), 1)
    const truth = Math.log(values.reduce((sum, value) => sum + Math.exp(value / ONE), 0))
    const logProbabilityOf1 = logProbability(scores?.chosen as number, scores?.logSumExp as number)
    expect(Math.abs(logProbabilityOf1 - ((values[1] as number) / ONE - truth))).toBeLessThan(1e-4)
  }
})

test('positions stand one behind the other, and bytes around are left alone', () => {
  const bytes = new Uint8Array(2 * SCORE_BYTES + 2).fill(9)
  const view = new DataView(bytes.buffer, 1, 2 * SCORE_BYTES)
  writeScores(Int32Array.of(1, 2, 3, 4, 5, 6), 0, view, 0)
  writeScores(Int32Array.of(6, 5, 4, 3, 2, 1), 0, view, SCORE_BYTES)
  const decoded = decodeScores(bytes.subarray(1, 1 + 2 * SCORE_BYTES), 2)
  expect(decoded.map(({ chosen, top }) => [chosen, top[0]?.token])).toEqual([
    [1, 5],
    [6, 0],
  ])
  expect([bytes[0], bytes.at(-1)]).toEqual([9, 9])
})

test('refuses what does not fit', () => {
  const view = new DataView(new ArrayBuffer(SCORE_BYTES))
  expect(() => writeScores(new Int32Array(4), 0, view, 0)).toThrow(outOfRange)
  expect(() => writeScores(new Int32Array(9), 9, view, 0)).toThrow(outOfRange)
  expect(() => writeScores(new Int32Array(9), 0, view, 1)).toThrow(outOfRange)
  expect(() => decodeScores(new Uint8Array(SCORE_BYTES), 2)).toThrow(invalid)
  expect(() => decodeScores(new Uint8Array(SCORE_BYTES - 1), 1)).toThrow(invalid)
  expect(decodeScores(new Uint8Array(0), 0)).toEqual([])
})

const good = write([10, 20, 30, 40, 50, 60], 2)
test.each<[string, (view: DataView) => void]>([
  ['scores that rise', (view) => view.setInt32(8 + 8 + 4, 70)],
  ['equal scores with falling tokens', (view) => view.setInt32(8 + 8 + 4, 60)],
  ['a token twice', (view) => view.setUint32(8 + 8, 5)],
  ['a chosen score above the best', (view) => view.setInt32(0, 61)],
  ['a sum below the best score', (view) => view.setInt32(4, 59)],
  ['a sum far above the best score', (view) => view.setInt32(4, 61 + 14 * ONE)],
])('refuses %s', (_, change) => {
  const bytes = good.slice()
  change(new DataView(bytes.buffer))
  expect(() => decodeScores(bytes, 1)).toThrow(invalid)
  expect(() => decodeScores(good, 1)).not.toThrow()
})

test('arbitrary bytes give scores or the one code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3 * SCORE_BYTES }), fc.nat(3), (bytes, positions) => {
      try {
        expect(decodeScores(bytes, positions)).toHaveLength(positions)
      } catch (error) {
        expect(error).toEqual(invalid)
      }
    }),
  )
})
