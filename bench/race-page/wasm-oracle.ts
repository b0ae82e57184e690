import { errorCode } from '../../src/lib/coded-error.ts'
import type { RaceShape } from '../../src/race/shapes.ts'
import type { WasmOracle } from '../../src/race/wasm-oracle.ts'
import { createWasmOracle } from '../../src/race/wasm-oracle.ts'

/** The oracle in WebAssembly, or undefined where the engine has no SIMD or no memory for it: then there is nothing to measure. */
export function openWasmOracle(shape: RaceShape, epochSeed: Uint8Array): WasmOracle | undefined {
  try {
    return createWasmOracle(shape, epochSeed)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'no_wasm_simd' || code === 'wasm_memory') return undefined
    throw error
  }
}
