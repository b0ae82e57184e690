/**
 * How much entropy each stage of an attempt keeps, over many attempts of one host: `npx node bench/race-entropy.ts --json [dev:512] [std:64]`.
 * An element whose value can be guessed could be skipped. Two figures a stage: the collision entropy, −log2 of the chance that an
 * element is the same in two attempts (from the pairs of all attempts: no bias at any number of them), and the lowest Shannon
 * entropy of a single element (which `attempts` values cannot show above log2(attempts) bits). docs/race.md quotes both.
 */
import { pathToFileURL } from 'node:url'
import type { RaceShape, ShapeName } from '../src/race/shapes.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import type { Stage } from '../src/race/stages.ts'
import { stagesOf } from '../src/race/stages.ts'
import { createWasmOracle } from '../src/race/wasm-oracle.ts'

export interface StageEntropy {
  readonly name: string
  /** −log2 of the mean chance that an element has one value in two attempts. */
  readonly collisionBits: number
  /** Shannon entropy of the element that has least. */
  readonly lowestBits: number
  /** Share of int8 values at ±127. */
  readonly saturated: number
  /** Largest magnitude seen. */
  readonly largest: number
}

const SEED = new Uint8Array(32).fill(11)
const HOST = new Uint8Array(20).fill(12)
const LIMIT = 127

/** One row for each stage of the shape, over nonces 0 … attempts − 1. */
export function measureEntropy(shape: RaceShape, attempts: number): readonly StageEntropy[] {
  // The same stages, byte by byte (test/conformance/race-mass.slow.test.ts), in a twentieth of the time.
  const oracle = createWasmOracle(shape, SEED)
  const stages = stagesOf(shape)
  const values: Int32Array[][] = stages.map(() => [])
  for (let nonce = 0; nonce < attempts; nonce++) {
    for (const [index, { bytes }] of oracle.trace(HOST, BigInt(nonce)).stages.entries()) {
      values[index]?.push(toValues(stages[index] as Stage, bytes))
    }
  }
  return stages.map((stage, index) => stageEntropy(stage, values[index] as Int32Array[]))
}

function toValues(stage: Stage, bytes: Uint8Array): Int32Array {
  return stage.tensor === 'hidden' ? new Int32Array(bytes.buffer) : Int32Array.from(new Int8Array(bytes.buffer))
}

function stageEntropy(stage: Stage, states: readonly Int32Array[]): StageEntropy {
  const elements = states[0]?.length ?? 0
  const pairs = (states.length * (states.length - 1)) / 2
  let equalPairs = 0
  let saturated = 0
  let largest = 0
  let lowestBits = Number.POSITIVE_INFINITY
  const row = new Int32Array(states.length)
  for (let element = 0; element < elements; element++) {
    for (const [attempt, state] of states.entries()) {
      const value = state[element] as number
      row[attempt] = value
      saturated += stage.tensor !== 'hidden' && Math.abs(value) === LIMIT ? 1 : 0
      largest = Math.max(largest, Math.abs(value))
    }
    let bits = 0
    // Equal values stand beside each other: millions of small maps would take longer than all attempts.
    row.sort()
    for (let first = 0, next = 1; next <= row.length; next++) {
      if (row[next] !== row[first]) {
        const count = next - first
        equalPairs += (count * (count - 1)) / 2
        bits -= (count / states.length) * Math.log2(count / states.length)
        first = next
      }
    }
    lowestBits = Math.min(lowestBits, bits)
  }
  return {
    name: stage.name,
    collisionBits: -Math.log2(equalPairs / (pairs * elements)),
    lowestBits,
    saturated: saturated / (elements * states.length),
    largest,
  }
}

/** Lowest figures over the layers for each kind of stage: the lines of the table in docs/race.md. */
export function summarise(rows: readonly StageEntropy[]): readonly StageEntropy[] {
  const kinds = new Map<string, StageEntropy>()
  for (const row of rows) {
    const kind = row.name.replace(/^layer\d+\./, '')
    const before = kinds.get(kind) ?? { ...row, name: kind }
    kinds.set(kind, {
      name: kind,
      collisionBits: Math.min(before.collisionBits, row.collisionBits),
      lowestBits: Math.min(before.lowestBits, row.lowestBits),
      saturated: Math.max(before.saturated, row.saturated),
      largest: Math.max(before.largest, row.largest),
    })
  }
  return [...kinds.values()]
}

function main(): void {
  const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  const runs = (asked.length > 0 ? asked : ['dev:512', 'std:64']).map((argument) => {
    const [shape, attempts] = argument.split(':')
    return { shape: shape as ShapeName, attempts: Number(attempts) }
  })
  for (const { shape, attempts } of runs) {
    const stages = measureEntropy(RACE_SHAPES[shape], attempts)
    if (process.argv.includes('--json')) {
      console.log(JSON.stringify({ shape, attempts, stages }))
      continue
    }
    console.log(`${shape}, ${attempts} attempts: collision bits, lowest Shannon bits, saturated, largest`)
    for (const row of [...stages, ...summarise(stages)]) {
      const figures = [row.collisionBits.toFixed(2), row.lowestBits.toFixed(2), `${(100 * row.saturated).toFixed(2)} %`]
      console.log(`${row.name.padEnd(26)} ${figures.join('  ')}  ${row.largest}`)
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main()
}
