/**
 * secp256k1 by OpenSSL, three times as fast as noble's, for the node alone: its answers decide about blocks, so they must be noble's
 * for any bytes whatsoever. What could differ between two libraries is decided here before OpenSSL is asked: lengths, the
 * key's prefix and field, the ranges of r and s, and low s. What is left is the curve equation (docs/decisions/0025).
 */
import { createPublicKey, verify } from 'node:crypto'
import type { SignatureCache } from '../chain/signature-cache.ts'
import { createSignatureCache } from '../chain/signature-cache.ts'
import { compareBytes, concatBytes, fromHex } from '../lib/bytes.ts'
import { PUBLIC_KEY_BYTES, publicKeyOf, SIGNATURE_BYTES, signBytes, verifyBytes } from '../protocol/signature.ts'

/** Over SHA-256(message); false for malformed keys and signatures, never throws. */
export type VerifyBytes = typeof verifyBytes

/** SubjectPublicKeyInfo of a compressed secp256k1 point, up to the point. */
const SPKI_PREFIX = fromHex('3036301006072a8648ce3d020106052b8104000a032200')
const FIELD = fromHex('fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f')
const ORDER = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')
const ZERO = new Uint8Array(32)

/** What a node gives its application: `ApplicationOptions.signatures`. */
export function createNodeSignatures(): SignatureCache {
  return createSignatureCache(undefined, createSignatureVerifier())
}

/** OpenSSL's where this runtime has the curve (Electron's library does not), else noble's. */
export function createSignatureVerifier(): VerifyBytes {
  const secret = new Uint8Array(32).fill(1)
  const signature = signBytes(secret, SPKI_PREFIX)
  return verifyNatively(publicKeyOf(secret), SPKI_PREFIX, signature) ? verifyNatively : verifyBytes
}

function verifyNatively(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isEncodedPoint(publicKey) || !isInRange(signature)) {
    return false
  }
  try {
    const spki = Buffer.from(concatBytes(SPKI_PREFIX, publicKey))
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    // A key that is no curve point.
    return false
  }
}

function isEncodedPoint(publicKey: Uint8Array): boolean {
  return (
    publicKey.length === PUBLIC_KEY_BYTES &&
    (publicKey[0] === 2 || publicKey[0] === 3) &&
    compareBytes(publicKey.subarray(1), FIELD) < 0
  )
}

/** 0 < r < n and 0 < s ≤ (n − 1) / 2. */
function isInRange(signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) {
    return false
  }
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
  return (
    compareBytes(r, ZERO) > 0 &&
    compareBytes(r, ORDER) < 0 &&
    compareBytes(s, ZERO) > 0 &&
    compareBytes(s, HALF_ORDER) <= 0
  )
}
