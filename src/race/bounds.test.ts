/** Each row of "Why nothing overflows" in docs/race.md, driven to its extreme through the shipped code, against integers without a width. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bitLength,
  floorDivide,
  integerSquareRoot,
  linearShift,
  normalise,
  normGain,
  scoreShift,
} from './arithmetic.ts'
import { MAX_TARGET, retarget } from './find.ts'
import { ForwardPass } from './forward.ts'
import { addRequantised, multiplyRows, requantise } from './linear.ts'
import type { RaceModel } from './model.ts'
import type { RaceShape } from './shapes.ts'
import { layerWeightBytes, RACE_SHAPES } from './shapes.ts'
import { createExponentialTable } from './tables.ts'

const LONGEST = 1024
const STREAM = { key0: 1, key1: 2, lane: 3 }

/** `length` values that are mostly the two extremes: all one way, all the other, or any mixture. */
function extremes(length: number, low: number, high: number): fc.Arbitrary<number[]> {
  const one = fc.constantFrom(low, high)
  const mixed = fc.array(fc.oneof({ weight: 8, arbitrary: one }, fc.integer({ min: low, max: high })), {
    minLength: length,
    maxLength: length,
  })
  return fc.oneof(
    one.map((value) => new Array<number>(length).fill(value)),
    mixed,
  )
}

const floorShift = (value: bigint, shift: number): bigint => value >> BigInt(shift)
const clampExactly = (value: bigint): bigint => (value > 127n ? 127n : value < -127n ? -127n : value)
const roundExactly = (value: bigint, shift: number): bigint => floorShift(value + (1n << BigInt(shift - 1)), shift)

function magnitudeOf(values: readonly bigint[]): bigint {
  return values.reduce(
    (most, value) => ((value < 0n ? -value : value) > most ? (value < 0n ? -value : value) : most),
    0n,
  )
}

function rootExactly(value: bigint): bigint {
  let root = 0n
  for (let bit = 1n << 60n; bit > 0n; bit >>= 1n) {
    root = (root + bit) ** 2n <= value ? root + bit : root
  }
  return root
}

/** The norm by the page, with every intermediate value. */
function normExactly(values: readonly bigint[]): {
  readonly short: bigint
  readonly squares: bigint
  readonly product: bigint
  readonly out: readonly number[]
} {
  const bits = magnitudeOf(values).toString(2).length - (magnitudeOf(values) === 0n ? 1 : 0)
  const short = values.map((value) => value >> BigInt(Math.max(0, bits - 10)))
  const squares = short.reduce((sum, value) => sum + value * value, 0n)
  const root = rootExactly(squares)
  const multiplier = root === 0n ? 0n : (rootExactly(1024n * BigInt(values.length)) << 16n) / root
  const products = short.map((value) => value * multiplier)
  const out = products.map((product) => Number(clampExactly(roundExactly(product, 16))))
  return { short: magnitudeOf(short), squares, product: magnitudeOf(products), out }
}

function normShipped(values: readonly number[]): number[] {
  const out = new Int8Array(values.length)
  normalise(out, 0, Int32Array.from(values), 0, values.length, normGain(values.length))
  return [...out]
}

test('linear sum: any signs of the largest inputs and weights, below 2^24, exactly rounded', () => {
  fc.assert(
    fc.property(extremes(LONGEST, -127, 127), extremes(LONGEST, -128, 127), (inputs, weights) => {
      const exact = inputs.reduce((sum, input, i) => sum + BigInt(input * (weights[i] as number)), 0n)
      expect(magnitudeOf([exact]) < 1n << 24n).toBe(true)
      const sums = new Int32Array(16)
      const rows = { data: Int8Array.from([...inputs, ...inputs, ...inputs, ...inputs]), offset: 0, rows: 4 }
      const matrix = { data: Int8Array.from([...weights, ...weights, ...weights, ...weights]), offset: 0, rows: 4 }
      multiplyRows(sums, rows, matrix, LONGEST)
      expect([...sums]).toEqual(new Array(16).fill(Number(exact)))
      const shift = linearShift(LONGEST)
      const rounded = Number(clampExactly(roundExactly(exact, shift)))
      const back = new Int8Array(4)
      requantise(back, 0, 4, sums, 1, 4, shift)
      expect([...back]).toEqual(new Array(4).fill(rounded))
      const hidden = new Int32Array(4).fill(2160)
      addRequantised(hidden, 0, sums, 4, shift)
      expect([...hidden]).toEqual(new Array(4).fill(2160 + rounded))
    }),
    { numRuns: 60 },
  )
})

/** Widths of `std`, one layer: only the last position attends, to all 32. */
const ATTENTION_SHAPE: RaceShape = { ...RACE_SHAPES.std, layers: 1 }

test('scores and mixes: any signs of the largest queries, keys and values, equal to attention without a width', () => {
  const { width, heads, headWidth, positions } = ATTENTION_SHAPE
  const weights = new Int8Array(layerWeightBytes(ATTENTION_SHAPE))
  const pass = new ForwardPass({ shape: ATTENTION_SHAPE, epochSeed: new Uint8Array(32), weights })
  const table = createExponentialTable()
  const rows = fc.tuple(extremes(64, -127, 127), extremes(64, -127, 127), extremes(64, -127, 127), fc.nat())
  fc.assert(
    fc.property(rows, ([query, key, value, salt]) => {
      // Heads and positions take the three lists with signs that differ, so that scores reach from one extreme to the other.
      const sign = (head: number, position: number): number => ((salt >> ((head * 5 + position) % 30)) & 1 ? -1 : 1)
      pass.run(STREAM, 0, 0, (name) => {
        if (name !== 'layer0.key-value') {
          return
        }
        const projected = new Int8Array(pass.tensorBytes('projected').buffer)
        for (let position = 0; position < positions; position++) {
          for (let i = 0; i < width; i++) {
            const factor = sign(i >> 6, position)
            const at = position * 3 * width + i
            projected[at] = query[i & 63] as number
            projected[at + width] = factor * (key[i & 63] as number)
            projected[at + 2 * width] = factor * (value[i & 63] as number)
          }
        }
      })
      const attended = new Int8Array(pass.tensorBytes('attended').buffer).subarray((positions - 1) * width)
      for (let head = 0; head < heads; head++) {
        const dot = query.reduce((sum, one, i) => sum + BigInt(one * (key[i] as number)), 0n)
        expect(magnitudeOf([dot]) < 1n << 20n).toBe(true)
        const scores = Array.from({ length: positions }, (_, j) =>
          Number(floorShift(BigInt(sign(head, j)) * dot, scoreShift(headWidth))),
        )
        const top = Math.max(...scores)
        const mixed = value.map((one) =>
          scores.reduce(
            (sum, score, j) => sum + BigInt((table[Math.min(255, top - score)] as number) * sign(head, j) * one),
            0n,
          ),
        )
        expect(magnitudeOf(mixed) < 1n << 19n).toBe(true)
        expect([...attended.subarray(head * headWidth, (head + 1) * headWidth)]).toEqual(normExactly(mixed).out)
      }
    }),
    { numRuns: 12 },
  )
})

test('the extremes of scores and mixes are reached, and lie below their powers of two', () => {
  expect(64 * 127 * 127).toBeLessThan(2 ** 20)
  expect(32 * 127 * 127).toBeLessThan(2 ** 19)
  for (const shape of Object.values(RACE_SHAPES)) {
    expect([shape.headWidth <= 64, shape.positions <= 32, shape.width <= LONGEST, shape.hidden <= LONGEST]).toEqual(
      new Array(4).fill(true),
    )
  }
})

describe('the residual', () => {
  test.each([
    [-128, -127],
    [127, 127],
  ])('starts at %i, moves by %i at every step, and its int16 in the digest is exact', (start, step) => {
    for (const shape of Object.values(RACE_SHAPES)) {
      // As many layers as the shape has, at a width that runs in no time: what the bound depends on is the number of layers.
      const narrow: RaceShape = { ...RACE_SHAPES.dev, name: shape.name, layers: shape.layers }
      const weights = new Int8Array(narrow.layers * layerWeightBytes(narrow)).fill(127)
      const model: RaceModel = { shape: narrow, epochSeed: new Uint8Array(32), weights }
      const pass = new ForwardPass(model)
      pass.run(STREAM, 0, 0, (name) => {
        if (name === 'input') {
          pass.hidden.fill(start)
        }
        // Inputs of the two products that are added, at their extreme: with such weights every output is clamped.
        for (const tensor of ['attended', 'expanded'] as const) {
          new Int8Array(pass.tensorBytes(tensor).buffer).fill(step)
        }
      })
      const state = pass.hidden.subarray(pass.hidden.length - narrow.width)
      const expected = start + 2 * shape.layers * step
      expect([...state]).toEqual(new Array(narrow.width).fill(expected))
      expect(Math.abs(expected)).toBeLessThan(2 ** 15)
      // The digest takes the lower 16 bits: nothing is lost.
      expect((expected << 16) >> 16).toBe(expected)
    }
    expect(128 + 254 * RACE_SHAPES.std.layers).toBe(2160)
  })
})

describe('the norm', () => {
  const lengths = fc.constantFrom(16, 64, 512, 1024)
  const sizes = fc.constantFrom(1, 127, 1023, 1024, 2160, 516_128, 2 ** 24, 2 ** 31 - 1)

  test('keeps every intermediate value below its bound, whatever comes in', () => {
    const values = fc.tuple(lengths, sizes).chain(([length, size]) => extremes(length, -size, size))
    fc.assert(
      fc.property(values, (list) => {
        const { short, squares, product, out } = normExactly(list.map(BigInt))
        expect(short <= 1n << 10n).toBe(true)
        expect(squares <= BigInt(list.length) << 20n).toBe(true)
        expect(product <= BigInt(normGain(list.length)) << 16n).toBe(true)
        expect(normShipped(list)).toEqual(out)
      }),
    )
  })

  test('reaches its bounds: all at −2^10, and one element alone', () => {
    for (const length of [16, 64, 512, 1024]) {
      const all = normExactly(new Array<bigint>(length).fill(-2047n))
      expect([all.short, all.squares]).toEqual([1024n, BigInt(length) << 20n])
      expect(normShipped(new Array<number>(length).fill(-2047))).toEqual(all.out)
      const alone = [1023, ...new Array<number>(length - 1).fill(0)]
      const single = normExactly(alone.map(BigInt))
      expect(single.product > (BigInt(normGain(length)) << 16n) - 1024n).toBe(true)
      expect(normShipped(alone)).toEqual(single.out)
    }
    expect(normGain(1024) * 2 ** 16).toBe(2 ** 26)
  })

  test('its root and division are exact at the ends of their ranges', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 30 - 4096, max: 2 ** 30 }), (squares) => {
        const root = integerSquareRoot(squares)
        expect(BigInt(root)).toBe(rootExactly(BigInt(squares)))
        expect(bitLength(squares)).toBe(squares.toString(2).length)
        expect(floorDivide(2 ** 26, root)).toBe(Number((1n << 26n) / BigInt(root)))
        expect(floorDivide(2 ** 26, 1)).toBe(2 ** 26)
      }),
    )
  })
})

test('exponential table: no step leaves 32 bits', () => {
  let q = 127n << 12n
  for (const entry of createExponentialTable()) {
    expect(1404n * q < 1n << 30n).toBe(true)
    expect(BigInt(entry)).toBe(roundExactly(q, 12) < 1n ? 1n : roundExactly(q, 12))
    q -= (1404n * q) >> 16n
  }
})

test('retarget has no width: the easiest target times the most expected finds', () => {
  expect(retarget({ target: MAX_TARGET, finds: 400_000, qualifyingHosts: 10 ** 6 })).toBe(MAX_TARGET)
  const target = MAX_TARGET - 12_345n
  const next = retarget({ target, finds: 777_777, qualifyingHosts: 10 ** 6 })
  expect(next).toBe((target * 500_000n) / 777_777n)
})
