import { concatBytes, toHex } from '../lib/bytes.ts'
import { sha256 } from '../protocol/hash.ts'
import { verifyBytes } from '../protocol/signature.ts'

/**
 * Signatures that were found good, so that one which the mempool has verified (1.3 ms) costs its block a hash. A pure function
 * of its arguments all the same: what is remembered is the answer that verifying again would give.
 */
export interface SignatureCache {
  /** As `verifyBytes`: over SHA-256(message), false for malformed keys and signatures. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** A mempool's worth of transactions with the signatures inside them. */
const KEPT = 16_384

/** @param verifyAnew `verifyBytes` or what answers as it does for any bytes. */
export function createSignatureCache(
  kept: number = KEPT,
  verifyAnew: SignatureCache['verify'] = verifyBytes,
): SignatureCache {
  // A Set iterates in order of insertion: the first entry is the oldest.
  const good = new Set<string>()
  return {
    verify(publicKey, message, signature) {
      const id = toHex(sha256(concatBytes(sha256(publicKey), sha256(signature), sha256(message))))
      if (good.has(id)) {
        return true
      }
      if (!verifyAnew(publicKey, message, signature)) {
        return false
      }
      good.add(id)
      const oldest = good.size > kept ? good.values().next().value : undefined
      if (oldest !== undefined) {
        good.delete(oldest)
      }
      return true
    },
  }
}
