/**
 * The chain's randomness (protocol §1): the proposer of height h signs a message that depends on the height and R_{h−1}
 * alone, so it can propose or miss, not grind. BLS12-381, min-pk, proof-of-possession scheme
 * (IETF draft-irtf-cfrg-bls-signature-05, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_): public key 48 bytes in
 * G1, signature 96 bytes in G2. Sign about 10 ms, verify about 30 ms on one core.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToBigint, u64be, utf8 } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { taggedHash } from './hash.ts'

const SCHEME = bls12_381.longSignatures
const SIGNATURE_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
const POSSESSION_DST = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

export const BLS_SEED_BYTES = 48
export const BLS_PUBLIC_KEY_BYTES = 48
export const BLS_SIGNATURE_BYTES = 96

/**
 * A secret key, 32 bytes, from 48 random bytes: 128 bits more than the order has, so their remainder is even (FIPS 186-5 A.2.1).
 * @throws CodedError `out_of_range` for another length.
 */
export function blsSecretFromSeed(seed: Uint8Array): Uint8Array {
  if (seed.length !== BLS_SEED_BYTES) {
    throw new CodedError('out_of_range', `a BLS seed has ${BLS_SEED_BYTES} bytes`)
  }
  return bls12_381.utils.randomSecretKey(seed)
}

/** @throws CodedError `invalid_secret_key` unless the key is an integer from 1 to the order − 1, 32 bytes big endian. */
export function blsPublicKey(secretKey: Uint8Array): Uint8Array {
  return SCHEME.getPublicKey(checkSecret(secretKey)).toBytes()
}

/** @throws CodedError `invalid_secret_key` */
export function blsSign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return SCHEME.sign(SCHEME.hash(message, SIGNATURE_DST), checkSecret(secretKey)).toBytes()
}

/** The library would reduce a larger integer silently: two files of one key would differ. */
function checkSecret(secretKey: Uint8Array): Uint8Array {
  const secret = bytesToBigint(secretKey)
  if (secretKey.length !== 32 || secret === 0n || secret >= bls12_381.fields.Fr.ORDER) {
    throw new CodedError('invalid_secret_key', 'not a BLS12-381 secret key')
  }
  return secretKey
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
