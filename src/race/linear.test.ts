import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addRequantised, multiplyRows, requantise } from './linear.ts'

function naive(inputs: Int8Array, weights: Int8Array, rows: number, outputs: number, length: number): number[] {
  const sums: number[] = []
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0
      for (let i = 0; i < length; i++) {
        sum += (inputs[row * length + i] as number) * (weights[output * length + i] as number)
      }
      sums.push(sum)
    }
  }
  return sums
}

describe('matrix products', () => {
  test('equal the plain double loop for any rows, also those beside the blocks of four', () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      outputs: fc.constantFrom(4, 8, 12),
      length: fc.constantFrom(16, 32),
      seed: fc.integer(),
    })
    fc.assert(
      fc.property(sizes, ({ rows, outputs, length, seed }) => {
        const offset = 5
        const inputs = Int8Array.from(
          { length: offset + rows * length },
          (_, i) => Math.imul(i + seed, 0x9e3779b1) >> 24,
        )
        const weights = Int8Array.from(
          { length: offset + outputs * length },
          (_, i) => Math.imul(i ^ seed, 0x85ebca6b) >> 24,
        )
        const out = new Int32Array(rows * outputs)
        multiplyRows(out, { data: inputs, offset, rows }, { data: weights, offset, rows: outputs }, length)
        expect([...out]).toEqual(naive(inputs.subarray(offset), weights.subarray(offset), rows, outputs, length))
      }),
    )
  })

  test('the largest sum of any shape fits in 32 bits with room for rounding', () => {
    const length = 1024
    const extremes = [-127, 127].flatMap((x) => [-128, 127].map((w) => [x, w] as const))
    for (const [x, w] of extremes) {
      const out = new Int32Array(16)
      const inputs = new Int8Array(4 * length).fill(x)
      const weights = new Int8Array(4 * length).fill(w)
      multiplyRows(out, { data: inputs, offset: 0, rows: 4 }, { data: weights, offset: 0, rows: 4 }, length)
      expect([...out]).toEqual(new Array(16).fill(length * x * w))
      expect(Math.abs(length * x * w) + 2 ** 11).toBeLessThan(2 ** 25)
      const back = new Int8Array(16)
      requantise(back, 0, 4, out, 4, 4, 11)
      expect(back.every((value) => value === (x * w > 0 ? 127 : -127))).toBe(true)
    }
  })

  test('requantise writes a block into a wider row; addRequantised adds to what is there', () => {
    const out = new Int8Array(12).fill(9)
    requantise(out, 1, 6, Int32Array.of(8, -8, 12, 100_000), 2, 2, 3)
    expect([...out]).toEqual([9, 1, -1, 9, 9, 9, 9, 2, 127, 9, 9, 9])
    const hidden = Int32Array.of(1000, 1000, 1000)
    addRequantised(hidden, 1, Int32Array.of(16, -100_000), 2, 3)
    expect([...hidden]).toEqual([1000, 1002, 873])
  })
})
