import { compareBytes, toHex } from '../../lib/bytes.ts'
import type { ShapeName } from '../../protocol/params.ts'
import type { RaceOracle } from '../../race/oracle.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { createFastOracle } from '../../race/wasm-oracle.ts'

/**
 * Recomputes attempts, by WebAssembly where the engine has it: the same integers as the reference, so nodes agree whichever they
 * have. The models of the last few (shape, seed) pairs are kept: a `std` model is 18 MB and 50 ms of work.
 */
export interface OracleCache {
  /** Digest of one attempt: a pure function of its arguments, 32 bytes. */
  attempt(shape: ShapeName, seed: Uint8Array, host: Uint8Array, nonce: bigint): Uint8Array
}

/** The running and the last epoch, in both shapes. */
const MODELS_KEPT = 4
/** Digests kept: a transaction that the mempool checked is not computed again in its block. */
const DIGESTS_KEPT = 256

interface CachedOracle {
  readonly shape: ShapeName
  readonly seed: Uint8Array
  readonly oracle: RaceOracle
}

export function createOracleCache(): OracleCache {
  const cached: CachedOracle[] = []
  const digests = new Map<string, Uint8Array>()
  return {
    attempt(shape, seed, host, nonce) {
      const id = `${shape}/${toHex(seed)}/${toHex(host)}/${nonce}`
      const known = digests.get(id)
      if (known !== undefined) {
        return known
      }
      const at = cached.findIndex((entry) => entry.shape === shape && compareBytes(entry.seed, seed) === 0)
      const entry = cached[at] ?? { shape, seed, oracle: createFastOracle(RACE_SHAPES[shape], seed) }
      if (at >= 0) {
        cached.splice(at, 1)
      }
      cached.unshift(entry)
      cached.length = cached.length > MODELS_KEPT ? MODELS_KEPT : cached.length
      const digest = entry.oracle.attempt(host, nonce)
      const [oldest] = digests.keys()
      if (digests.size >= DIGESTS_KEPT && oldest !== undefined) {
        digests.delete(oldest)
      }
      digests.set(id, digest)
      return digest
    },
  }
}
