/**
 * The chain's randomness (protocol §1): the proposer of height h signs a message that depends on the height and R_{h−1}
 * alone, so it can propose or miss, not grind. BLS12-381, min-pk, proof-of-possession scheme
 * (IETF draft-irtf-cfrg-bls-signature-05, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_): public key 48 bytes in
 * G1, signature 96 bytes in G2. Sign about 10 ms, verify about 30 ms on one core.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { u64be, utf8 } from '../lib/bytes.ts'
import { taggedHash } from './hash.ts'

const SCHEME = bls12_381.longSignatures
const SIGNATURE_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
const POSSESSION_DST = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

export const BLS_PUBLIC_KEY_BYTES = 48
export const BLS_SIGNATURE_BYTES = 96

/** A secret key from at least 48 random bytes (RFC 9380 hash-to-scalar by wide reduction). 32 bytes. */
export function blsSecretFromSeed(seed: Uint8Array): Uint8Array {
  return bls12_381.utils.randomSecretKey(seed)
}

export function blsPublicKey(secretKey: Uint8Array): Uint8Array {
  return SCHEME.getPublicKey(secretKey).toBytes()
}

export function blsSign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return SCHEME.sign(SCHEME.hash(message, SIGNATURE_DST), secretKey).toBytes()
}

/** False for a malformed key or signature: bytes from outside never throw. */
export function blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyWith(publicKey, message, signature, SIGNATURE_DST)
}

/** Proof that the holder of the public key knows its secret: a signature over the key itself under its own domain. */
export function blsProvePossession(secretKey: Uint8Array): Uint8Array {
  return SCHEME.sign(SCHEME.hash(blsPublicKey(secretKey), POSSESSION_DST), secretKey).toBytes()
}

export function blsVerifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean {
  return verifyWith(publicKey, publicKey, proof, POSSESSION_DST)
}

function verifyWith(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, dst: string): boolean {
  if (publicKey.length !== BLS_PUBLIC_KEY_BYTES || signature.length !== BLS_SIGNATURE_BYTES) {
    return false
  }
  try {
    return SCHEME.verify(signature, SCHEME.hash(message, dst), publicKey)
  } catch {
    // A point off the curve or outside the subgroup: not a signature.
    return false
  }
}

/** R_0 of a chain. */
export function genesisRandomness(chainId: string): Uint8Array {
  return taggedHash('tailrace/randomness-genesis/1', utf8(chainId))
}

/** What the proposer of `height` signs. */
export function randomnessMessage(chainId: string, height: bigint, previous: Uint8Array): Uint8Array {
  return taggedHash('tailrace/randomness-message/1', utf8(chainId), u64be(height), previous)
}

/** R_h = H(R_{h−1} ‖ σ_h). */
export function nextRandomness(previous: Uint8Array, signature: Uint8Array): Uint8Array {
  return taggedHash('tailrace/randomness/1', previous, signature)
}

/** Seed of the race of `epoch`, from R_P. */
export function epochSeed(epoch: bigint, randomnessAtStart: Uint8Array): Uint8Array {
  return taggedHash('tailrace/epoch-seed/1', u64be(epoch), randomnessAtStart)
}
