import type { RaceBackend } from '../../../src/worker/race-engine.ts'
import { EVERY_DIGEST } from '../../../src/worker/race-engine.ts'

/** Digests of any number of attempts on a started backend, in batches as large as it takes; empty where it gave none. */
export async function digestsOn(
  backend: RaceBackend,
  host: Uint8Array,
  nonces: readonly bigint[],
): Promise<readonly Uint8Array[]> {
  const digests: Uint8Array[] = []
  while (digests.length < nonces.length) {
    const part = nonces.slice(digests.length, digests.length + backend.maxAttempts)
    const found = await backend.run({ host, target: EVERY_DIGEST, nonces: BigUint64Array.from(part) })
    const byNonce = new Map(found.map(({ nonce, digest }) => [nonce, digest]))
    digests.push(...part.map((nonce) => byNonce.get(nonce) ?? new Uint8Array(0)))
  }
  return digests
}
