/** What counts as work must be done: each part of an attempt that counts changes the state when it is left out, and no other part does. */
import { describe, expect, test } from 'vitest'
import { ForwardPass } from './forward.ts'
import { inputStream } from './keys.ts'
import { createRaceModel } from './model.ts'
import { createOracle } from './oracle.ts'
import { RACE_SHAPES } from './shapes.ts'
import type { Stage } from './stages.ts'
import { rowLength, stagesOf } from './stages.ts'

const dev = RACE_SHAPES.dev
const seed = new Uint8Array(32).fill(11)
const host = new Uint8Array(20).fill(12)
const NONCES = [5, 6, 7]
/** Elements that are zeroed together: one head of `dev`, a quarter of a row. */
const PART = 16

const model = createRaceModel(dev, seed)
const pass = new ForwardPass(model)
const stream = inputStream(dev, seed, host)

function stateOf(nonce: number, change?: (name: string) => void): string {
  pass.run(stream, nonce, 0, change)
  return pass.hidden.subarray(pass.hidden.length - dev.width).join()
}

/** Puts `value` into elements `column` … `column + PART − 1` of a row, right after the stage that made them. */
function changing(stage: Stage, row: number, column: number, value: number): (name: string) => void {
  return (name) => {
    if (name === stage.name) {
      const at = row * rowLength(dev, stage.tensor) + stage.firstColumn + column
      const { buffer } = pass.tensorBytes(stage.tensor)
      const values = stage.tensor === 'hidden' ? new Int32Array(buffer) : new Int8Array(buffer)
      values.fill(value, at, at + PART)
    }
  }
}

const whole = NONCES.map((nonce) => stateOf(nonce))
/** Whether any of the nonces shows the change: one alone may hide it, where a value is zero or its attention weight the least. */
const matters = (stage: Stage, row: number, column: number, value = 0): boolean =>
  NONCES.some((nonce, i) => stateOf(nonce, changing(stage, row, column, value)) !== whole[i])

const isFirstQuery = (stage: Stage, row: number): boolean =>
  stage.name.endsWith('.query') && row === 0 && stage.firstRow === 0

test('the inputs of every position depend on the nonce, on its low and on its high word', () => {
  const oracle = createOracle(model)
  const rows = [0n, 1n, 1n << 31n, 1n << 32n, 1n << 63n].map((nonce) => {
    const bytes = oracle.trace(host, nonce).stages[0]?.bytes as Uint8Array
    return Array.from({ length: dev.positions }, (_, row) =>
      bytes.slice(row * dev.width * 4, (row + 1) * dev.width * 4),
    )
  })
  const seen = new Set(rows.flat().map((row) => row.join()))
  expect(seen.size).toBe(rows.length * dev.positions)
})

describe('each sixteen elements of each stage at each position', () => {
  test.each(stagesOf(dev))('$name cannot be left out', (stage) => {
    for (let row = stage.firstRow; row < dev.positions; row++) {
      for (let column = 0; column < stage.columns; column += PART) {
        expect(matters(stage, row, column), `row ${row}, column ${column}`).toBe(!isFirstQuery(stage, row))
      }
    }
  })
})

test('what is not counted is not needed: the query of position 0, and the last layer but for its last position', () => {
  const last = stagesOf(dev).filter(({ name, firstRow }) => name.startsWith('layer2.') && firstRow > 0)
  expect(last.map(({ name }) => name)).toHaveLength(6)
  for (const stage of last) {
    for (let row = 0; row < dev.positions - 1; row++) {
      expect(matters(stage, row, 0, 99), `${stage.name}, row ${row}`).toBe(false)
    }
  }
  for (const stage of stagesOf(dev).filter((one) => isFirstQuery(one, 0))) {
    expect(matters(stage, 0, 0, 99), stage.name).toBe(false)
  }
})
