import { equalBytes } from '../../src/lib/bytes.ts'
import type { RaceOracle } from '../../src/race/oracle.ts'
import type { RaceBackend } from '../../src/worker/race-engine.ts'
import { EVERY_DIGEST, nonceRange } from '../../src/worker/race-engine.ts'

/** Attempts of one batch that are compared with the oracle: the first, the last, and some between. */
const COMPARED = 4

/** A whole batch in which every attempt is a find; some of its digests against both oracles. */
export async function faultsOf(
  backend: RaceBackend,
  host: Uint8Array,
  attempts: number,
  [oracle, wasm]: readonly [RaceOracle, RaceOracle | undefined],
): Promise<string[]> {
  const { name } = backend.model.shape
  const nonces = nonceRange(2n ** 64n - 3n, attempts)
  const found = await backend.run({ host, target: EVERY_DIGEST, nonces })
  const faults: string[] = found.length === attempts ? [] : [`${name}: ${found.length} finds of ${attempts}`]
  for (let part = 0; part < COMPARED; part++) {
    const index = Math.floor(((attempts - 1) * part) / (COMPARED - 1))
    const nonce = nonces[index] as bigint
    const expected = oracle.attempt(host, nonce)
    if (wasm !== undefined && !equalBytes(expected, wasm.attempt(host, nonce))) {
      faults.push(`${name}: attempt ${index} of a batch differs on the WebAssembly oracle`)
    }
    if (!equalBytes(expected, found[index]?.digest ?? new Uint8Array())) {
      faults.push(`${name}: attempt ${index} of a batch differs on WebGPU`)
    }
  }
  return faults
}
