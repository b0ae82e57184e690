import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readVectors } from '../../../test/support/vectors.ts'
import { clampLogit, LOGIT_LIMIT, MASKED, quantizeLogits } from './quantize.ts'

const { quantize } = readVectors<{ readonly quantize: readonly (readonly [string, number])[] }>('sampling')

function floatOf(bits: string): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, Number.parseInt(bits, 16))
  return view.getFloat32(0)
}

test('rounds as the second implementation does', () => {
  const rounded = quantizeLogits(Float32Array.from(quantize, ([bits]) => floatOf(bits)))
  expect([...rounded]).toEqual(quantize.map(([, value]) => value))
})

test('is within half a unit of every float, halves up', () => {
  fc.assert(
    fc.property(fc.float({ min: -32_000, max: 32_000, noNaN: true }), (logit) => {
      const error = (quantizeLogits(Float32Array.of(logit))[0] as number) - logit * 65_536
      expect(error).toBeGreaterThan(-0.5 - 1e-9)
      expect(error).toBeLessThanOrEqual(0.5)
    }),
  )
  expect([...quantizeLogits(Float32Array.of(0.5 / 65_536, -0.5 / 65_536, 1.5 / 65_536, -1.5 / 65_536))]).toEqual([
    1, 0, 2, -1,
  ])
})

test('cuts what does not fit and masks what is no number', () => {
  const logits = Float32Array.of(1e9, -1e9, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN)
  const out = new Int32Array(5)
  expect(quantizeLogits(logits, out)).toBe(out)
  expect([...out]).toEqual([LOGIT_LIMIT, -LOGIT_LIMIT, LOGIT_LIMIT, MASKED, MASKED])
  expect([clampLogit(2 ** 40), clampLogit(-(2 ** 40)), clampLogit(-5)]).toEqual([LOGIT_LIMIT, -LOGIT_LIMIT, -5])
})
