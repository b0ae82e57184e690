import { toHex } from '../../lib/bytes.ts'
import { isPublicKey } from '../../protocol/signature.ts'

/** Most accounts send again and again; a key that is none is not remembered, so nobody fills this with what costs nothing. */
const KEPT = 65_536

/**
 * `isPublicKey` for the key of every transaction, which is a square root for each (0.1 ms) that was not among the newest. A pure
 * function of its argument all the same.
 */
export function createKeyMemo(kept: number = KEPT): (publicKey: Uint8Array) => boolean {
  // A Set iterates in order of insertion: the first entry is the oldest.
  const known = new Set<string>()
  return (publicKey) => {
    const name = toHex(publicKey)
    if (known.has(name)) {
      return true
    }
    if (!isPublicKey(publicKey)) {
      return false
    }
    known.add(name)
    const oldest = known.size > kept ? known.values().next().value : undefined
    if (oldest !== undefined) {
      known.delete(oldest)
    }
    return true
  }
}
