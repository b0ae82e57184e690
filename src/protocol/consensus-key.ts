/**
 * Consensus keys as CometBFT has them: Ed25519 (RFC 8032), the address is the first 20 bytes of SHA-256 of the public key.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'

export const CONSENSUS_KEY_BYTES = 32
export const CONSENSUS_ADDRESS_BYTES = 20

/** Public key of a 32-byte seed. */
export function consensusPublicKey(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey)
}

/** 20 bytes. */
export function consensusAddress(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, CONSENSUS_ADDRESS_BYTES)
}
