import type { RaceOracle } from '../../src/race/oracle.ts'
import type { RaceShape } from '../../src/race/shapes.ts'
import type { WasmOracle } from '../../src/race/wasm-oracle.ts'
import { nonceRange } from '../../src/worker/race-engine.ts'
import type { GemmOperands } from './plain-gemm.ts'
import { multiplyPlainly, PLAIN_GEMM_MACS } from './plain-gemm.ts'

/** A few attempts of the largest shape, hundreds of the smallest: a tenth of a second at most. */
const MACS_PER_BATCH = 1e9
/** Nothing lies below it. */
const NO_DIGEST = new Uint8Array(32)

/** Calls per second of `work` over at least `forMs` and one call. */
export function callsPerSecond(work: () => void, forMs: number): number {
  const startedMs = performance.now()
  let calls = 0
  let elapsedMs: number
  do {
    work()
    calls++
    elapsedMs = performance.now() - startedMs
  } while (elapsedMs < forMs)
  return (calls * 1_000) / Math.max(elapsedMs, 0.001)
}

/** Multiply-accumulates a second of the plain matrix product. */
export function plainMacsPerSecond(operands: GemmOperands, forMs: number): number {
  return callsPerSecond(() => multiplyPlainly(operands), forMs) * PLAIN_GEMM_MACS
}

/** Attempts a second of an oracle, a new nonce each. */
export function oracleAttemptsPerSecond(oracle: RaceOracle, host: Uint8Array, forMs: number): number {
  let nonce = 0n
  return callsPerSecond(() => void oracle.attempt(host, nonce++), forMs)
}

/** The same by search, as a verifier and a race without a GPU ask for attempts: batches, here of about MACS_PER_BATCH. */
export function wasmAttemptsPerSecond(oracle: WasmOracle, shape: RaceShape, host: Uint8Array, forMs: number): number {
  const attempts = Math.max(1, Math.round(MACS_PER_BATCH / Number(shape.macs)))
  let next = 0n
  const search = (): void => {
    oracle.search(host, NO_DIGEST, nonceRange(next, attempts))
    next += BigInt(attempts)
  }
  return callsPerSecond(search, forMs) * attempts
}
