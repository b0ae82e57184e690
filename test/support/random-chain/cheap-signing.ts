/**
 * Signatures for a hundred thousand transactions: a tag and a hash of key and message, two hashes to make and to verify where
 * secp256k1 takes 2 ms. A wrong key, another message or a changed byte is refused as it would be for real; that forgeries are
 * impossible is the one thing that it cannot show. One signature in a hundred is a real one, and is verified for real.
 * Invariant: no real signature begins with the tag (its r would be above the order of the curve), so nothing real is judged cheaply.
 */
import type { SignatureCheck } from '../../../src/chain/block-rules.ts'
import type { SignatureCache } from '../../../src/chain/signature-cache.ts'
import { createSignatureCache } from '../../../src/chain/signature-cache.ts'
import { concatBytes, equalBytes, utf8 } from '../../../src/lib/bytes.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { BLS_SIGNATURE_BYTES } from '../../../src/protocol/randomness.ts'
import { SIGNATURE_BYTES, signBytes } from '../../../src/protocol/signature.ts'
import type { Actor } from '../chain/chain-harness.ts'
import { verifyOnce } from '../chain/chain-harness.ts'
import type { Random } from '../malformed/bend-bytes.ts'

const HALF = SIGNATURE_BYTES / 2
const TAG = new Uint8Array(HALF).fill(0xff)
const REAL_SHARE = 0.01

export type Sign = (actor: Actor, message: Uint8Array) => Uint8Array

/** Signs one message in a hundred for real. */
export function createSigner(random: Random): Sign {
  return (actor, message) =>
    random() < REAL_SHARE ? signBytes(actor.secret, message) : cheapSignature(actor.publicKey, message)
}

function cheapSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return concatBytes(TAG, sha256(concatBytes(publicKey, sha256(message))))
}

export interface CountedSignatures extends SignatureCache {
  /** Verifications so far: of both kinds, and of real ones. */
  readonly count: { all: number; real: number }
}

export function createCheapSignatures(): CountedSignatures {
  const real = createSignatureCache()
  const count = { all: 0, real: 0 }
  return {
    count,
    verify(publicKey, message, signature) {
      count.all += 1
      if (signature.length === SIGNATURE_BYTES && equalBytes(signature.subarray(0, HALF), TAG)) {
        return equalBytes(signature, cheapSignature(publicKey, message))
      }
      count.real += 1
      return real.verify(publicKey, message, signature)
    },
  }
}

const BLS_TAG = utf8('cheap randomness')

/** σ_h of any validator: the same for each, so that every chain of one id has the same randomness, and attempts are computed once. */
export function cheapRandomness(message: Uint8Array): Uint8Array {
  const hash = sha256(concatBytes(BLS_TAG, message))
  return concatBytes(...Array.from({ length: BLS_SIGNATURE_BYTES / hash.length }, () => hash))
}

/** Takes cheap ones for what they are, and verifies all others for real. */
export const verifyRandomness: SignatureCheck = (publicKey, message, signature) =>
  equalBytes(signature, cheapRandomness(message)) || verifyOnce(publicKey, message, signature)
