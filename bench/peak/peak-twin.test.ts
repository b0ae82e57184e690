import { describe, expect, test } from 'vitest'
import { peakKernel } from './peak-kernel.ts'
import type { PeakShape } from './peak-shape.ts'
import { listPeakShapes, macsPerStep, PACKED_FEATURE, peakShapeName, UNROLLED } from './peak-shape.ts'
import { createPeakJob, MAX_STEPS, peakTwin } from './peak-twin.ts'

const shape: PeakShape = { kind: 'packed', form: 'chain', accumulators: 8, lanes: 1, workgroup: 64 }
const packed = listPeakShapes(new Set([PACKED_FEATURE]))

/** Σ over the signed bytes, by a way that shares nothing with the twin. */
function dotOfBytes(a: number, b: number): number {
  const bytes = (word: number): Int8Array => new Int8Array(Int32Array.of(word).buffer)
  return bytes(a).reduce((sum, byte, index) => sum + byte * (bytes(b)[index] as number), 0)
}

describe('the shapes of the peak probe', () => {
  test('are at least twelve of each kind, with at least eight independent accumulators, and have different names', () => {
    for (const kind of ['packed', 'integer', 'float']) {
      expect(packed.filter((one) => one.kind === kind).length).toBeGreaterThanOrEqual(12)
    }
    expect(packed.every(({ accumulators, lanes }) => accumulators >= 8 && accumulators % lanes === 0)).toBe(true)
    expect(new Set(packed.map(peakShapeName)).size).toBe(packed.length)
  })

  test('sum by hand exactly where the language feature is missing', () => {
    expect(packed.some(({ kind }) => kind === 'by-hand')).toBe(false)
    const kinds = new Set(listPeakShapes(new Set()).map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual(['by-hand', 'float', 'integer'])
  })

  test('hold one product in the code for each that is counted', () => {
    for (const one of listPeakShapes(new Set([PACKED_FEATURE])).filter(({ kind }) => kind === 'packed')) {
      const products = peakKernel(one).split('dot4I8Packed(').length - 1
      expect(products * 4).toBe(macsPerStep(one))
    }
  })
})

describe('the twin', () => {
  test('chains dot products', () => {
    const job = createPeakJob('packed', 1)
    let expected = 0
    for (let index = 0; index < shape.accumulators; index++) {
      let value = job.starts[(5 + 37 * index) % 256] as number
      for (let turn = 0; turn < UNROLLED; turn++) value = (value + dotOfBytes(value, job.operands[turn] as number)) | 0
      expected = (expected + value) | 0
    }
    expect(peakTwin(shape, job, 5)).toBe(expected)
  })

  test('adds products of a tile, whose rows change', () => {
    const job = createPeakJob('by-hand', 1)
    let expected = 0
    for (let index = 0; index < shape.accumulators; index++) {
      let row = job.starts[(9 + 37 * (8 + (index >> 2))) % 256] as number
      expected += job.starts[(9 + 37 * index) % 256] as number
      for (const addend of job.addends) {
        expected += dotOfBytes(row, job.operands[index & 3] as number)
        row += addend
      }
    }
    expect(peakTwin({ ...shape, kind: 'by-hand', form: 'tile' }, job, 9)).toBe(expected | 0)
  })

  test.each(['chain', 'tile'] as const)(
    'grows the floats of a %s by at most 7 a step: within 2^24 in the longest job',
    (form) => {
      const float: PeakShape = { ...shape, kind: 'float', form }
      for (let id = 0; id < 256; id++) {
        const [early, late] = [64, 128].map((steps) => peakTwin(float, createPeakJob('float', steps), id)) as [
          number,
          number,
        ]
        expect(Math.abs(late - early)).toBeLessThanOrEqual(64 * 7 * float.accumulators)
      }
      expect(7 * MAX_STEPS + 4 * 131).toBeLessThan(2 ** 24)
    },
  )
})
