import { createRaceModel } from '../../src/race/model.ts'
import { createOracle } from '../../src/race/oracle.ts'
import type { RaceShape } from '../../src/race/shapes.ts'
import type { MeasureOptions, OracleSamples } from '../race-page/measurement.ts'
import { createGemmOperands } from '../race-page/plain-gemm.ts'
import { oracleAttemptsPerSecond, plainMacsPerSecond, wasmAttemptsPerSecond } from '../race-page/rates.ts'
import { openWasmOracle } from '../race-page/wasm-oracle.ts'

/** Samples of both oracles and of the plain product in this process. */
export interface NodeOracle extends OracleSamples {
  readonly jsMacsPerS: readonly number[]
}

/** One sample of each a round, in turns. */
export function measureNodeOracle(shape: RaceShape, { rounds, otherMs }: MeasureOptions): NodeOracle {
  const epochSeed = new Uint8Array(32).fill(9)
  const host = new Uint8Array(20).fill(7)
  const oracle = createOracle(createRaceModel(shape, epochSeed))
  const wasm = openWasmOracle(shape, epochSeed)
  const operands = createGemmOperands()
  const jsMacsPerS: number[] = []
  const tsAttemptsPerS: number[] = []
  const wasmAttemptsPerS: number[] = []
  plainMacsPerSecond(operands, otherMs)
  // Compilers have seen each loop before it counts.
  oracleAttemptsPerSecond(oracle, host, otherMs)
  if (wasm !== undefined) wasmAttemptsPerSecond(wasm, shape, host, otherMs)
  for (let round = 0; round < rounds; round++) {
    jsMacsPerS.push(plainMacsPerSecond(operands, otherMs))
    tsAttemptsPerS.push(oracleAttemptsPerSecond(oracle, host, otherMs))
    if (wasm !== undefined) wasmAttemptsPerS.push(wasmAttemptsPerSecond(wasm, shape, host, otherMs))
  }
  return { macsPerAttempt: Number(shape.macs), jsMacsPerS, tsAttemptsPerS, wasmAttemptsPerS }
}
