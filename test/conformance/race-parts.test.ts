/** Every single operation of docs/race.md against test/vectors/race-parts.json, which the second implementation made. */
import { describe, expect, test } from 'vitest'
import { concatBytes, fromHex, toHex, u64be, utf8 } from '../../src/lib/bytes.ts'
import { philox4x32 } from '../../src/lib/philox.ts'
import { sha256 } from '../../src/lib/sha256.ts'
import {
  clampActivation,
  integerSquareRoot,
  linearShift,
  normalise,
  normGain,
  roundShift,
  scoreShift,
} from '../../src/race/arithmetic.ts'
import { isFind, retarget, weightPerFind } from '../../src/race/find.ts'
import { createAttention, ForwardPass } from '../../src/race/forward.ts'
import { digestOf, inputStream, weightStream } from '../../src/race/keys.ts'
import { multiplyRows, requantise } from '../../src/race/linear.ts'
import { createRaceModel } from '../../src/race/model.ts'
import type { ShapeName } from '../../src/race/shapes.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import { createActivationTable, createExponentialTable } from '../../src/race/tables.ts'
import type { RaceParts } from '../support/race-conformance/race-parts.ts'
import { readVectors } from '../support/vectors.ts'

const parts = readVectors<RaceParts>('race-parts')
const epochSeed = fromHex(parts.epochSeed)
const host = fromHex(parts.host)
const models = new Map(
  (['dev', 'std'] as const).map((name) => [name, createRaceModel(RACE_SHAPES[name], epochSeed)] as const),
)

function modelOf(name: ShapeName): ReturnType<typeof createRaceModel> {
  return models.get(name) as ReturnType<typeof createRaceModel>
}

const int8s = (hex: string): Int8Array => Int8Array.from(fromHex(hex))
const hexOf = (values: Int8Array): string => toHex(Uint8Array.from(values))
const hexWord = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
const halves = (nonce: string): [low: number, high: number] => [
  Number(BigInt(nonce) & 0xffffffffn) | 0,
  Number(BigInt(nonce) >> 32n) | 0,
]

describe('the single operations of the race', () => {
  test('tables', () => {
    expect(toHex(createExponentialTable())).toBe(parts.tables.exponential)
    expect(hexOf(createActivationTable())).toBe(parts.tables.activation)
  })

  test('rounding shift, clamp, square root and the shifts of each length', () => {
    for (const { value, shift, rounded, clamped } of parts.scalars.roundShift) {
      expect([roundShift(value, shift), clampActivation(roundShift(value, shift))]).toEqual([rounded, clamped])
    }
    for (const { value, root } of parts.scalars.isqrt) {
      expect(integerSquareRoot(value)).toBe(root)
    }
    for (const { length, shift } of parts.scalars.linearShift) {
      expect(linearShift(length)).toBe(shift)
    }
    for (const { width, shift } of parts.scalars.scoreShift) {
      expect(scoreShift(width)).toBe(shift)
    }
    for (const { length, gain } of parts.scalars.normGain) {
      expect(normGain(length)).toBe(gain)
    }
  })

  test.each(parts.linear)('linear: $name', ({ x, matrix, sums, y }) => {
    const inputs = int8s(x)
    const weights = { data: int8s(matrix), offset: 0, rows: sums.length }
    // Four rows take the blocked loop, one row the other.
    for (const rows of [1, 4]) {
      const data = Int8Array.from(new Array<number[]>(rows).fill([...inputs]).flat())
      const out = new Int32Array(rows * sums.length)
      multiplyRows(out, { data, offset: 0, rows }, weights, inputs.length)
      expect([...out]).toEqual(new Array<readonly number[]>(rows).fill(sums).flat())
      const rounded = new Int8Array(out.length)
      requantise(rounded, 0, sums.length, out, rows, sums.length, linearShift(inputs.length))
      expect(hexOf(rounded)).toBe(y.repeat(rows))
    }
  })

  test.each(parts.norm)('norm: $name', ({ x, y }) => {
    const out = new Int8Array(x.length)
    normalise(out, 0, Int32Array.from(x), 0, x.length, normGain(x.length))
    expect(hexOf(out)).toBe(y)
  })

  test.each(parts.attention)('attention: $name', ({ query, keys, values, result }) => {
    const width = int8s(query).length
    const positions = keys.length
    const shape = { ...RACE_SHAPES.dev, width, heads: 1, headWidth: width, positions }
    const projected = new Int8Array(3 * width * positions)
    keys.forEach((key, j) => {
      projected.set(int8s(key), 3 * width * j + width)
      projected.set(int8s(values[j] as string), 3 * width * j + 2 * width)
    })
    projected.set(int8s(query), 3 * width * (positions - 1))
    const attended = new Int8Array(width * positions)
    createAttention({ ...modelOf('dev'), shape }, projected, attended)(positions - 1)
    expect(hexOf(attended.subarray(width * (positions - 1)))).toBe(result)
  })
})

describe('what enters and leaves a pass', () => {
  test.each(parts.inputBlocks)('input of $shape, nonce $nonce, position $position', (block) => {
    const stream = inputStream(RACE_SHAPES[block.shape], epochSeed, host)
    const [low, high] = halves(block.nonce)
    const place = (block.position << 16) | (block.firstElement >> 4)
    expect([stream.key0, stream.key1].map(hexWord)).toEqual(block.key)
    expect([low, high, place, stream.lane].map(hexWord)).toEqual(block.counter)
    const words = new Int32Array(4)
    philox4x32(words, 0, low, high, place, stream.lane, stream.key0, stream.key1)
    expect([...words].map(hexWord)).toEqual(block.words)
    expect(inputsOf(block.shape, low, high, block.position, block.firstElement)).toEqual(block.elements)
  })

  test.each(parts.weightBlocks)(
    'weights of $shape from byte $firstByte',
    ({ shape, firstByte, key, bytes, counter }) => {
      const stream = weightStream(RACE_SHAPES[shape], epochSeed)
      expect([stream.key0, stream.key1].map(hexWord)).toEqual(key)
      expect([firstByte >> 4, 0, 0, stream.lane].map(hexWord)).toEqual(counter)
      expect(hexOf(modelOf(shape).weights.slice(firstByte, firstByte + 16))).toBe(bytes)
    },
  )

  test.each(parts.digest)('digest of nonce $nonce', ({ nonce, state, message, digest }) => {
    const stateBytes = new Uint8Array(2 * state.length)
    const view = new DataView(stateBytes.buffer)
    state.forEach((value, index) => void view.setInt16(2 * index, value))
    const built = concatBytes(utf8('tail/digest1'), epochSeed, host, u64be(BigInt(nonce)), stateBytes)
    expect(toHex(built)).toBe(message)
    expect(toHex(sha256(built))).toBe(digest)
    expect(toHex(digestOf(epochSeed, host, BigInt(nonce), Int32Array.from(state)))).toBe(digest)
  })

  test('comparison with the target, weight of a find, retarget', () => {
    for (const { digest, target, isFind: expected } of parts.comparisons) {
      expect(isFind(fromHex(digest), fromHex(target)), `${digest} < ${target}`).toBe(expected)
    }
    for (const { shape, target, weight } of parts.weightPerFind) {
      expect(weightPerFind(BigInt(target), RACE_SHAPES[shape].macs).toString()).toBe(weight)
    }
    for (const { target, finds, qualifyingHosts, next } of parts.retarget) {
      expect(retarget({ target: BigInt(target), finds, qualifyingHosts }).toString()).toBe(next)
    }
  })
})

/** Sixteen inputs as a pass of the oracle makes them. */
function inputsOf(name: ShapeName, low: number, high: number, position: number, firstElement: number): number[] {
  const { width } = RACE_SHAPES[name]
  const pass = new ForwardPass(modelOf(name))
  let elements: number[] = []
  pass.run(inputStream(RACE_SHAPES[name], epochSeed, host), low, high, (stage) => {
    if (stage === 'input') {
      const from = position * width + firstElement
      elements = [...pass.hidden.subarray(from, from + 16)]
    }
  })
  return elements
}
