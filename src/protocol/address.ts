/** Account addresses: bech32 with prefix `tail` over RIPEMD-160(SHA-256(compressed secp256k1 key)), 20 bytes (Cosmos ADR-028). */
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import { CodedError } from '../lib/coded-error.ts'
import { ADDRESS_PREFIX } from './params.ts'

export const ADDRESS_BYTES = 20

export function addressOfPublicKey(publicKey: Uint8Array): string {
  return encodeAddress(ripemd160(sha256(publicKey)))
}

export function encodeAddress(bytes: Uint8Array): string {
  return bech32.encode(ADDRESS_PREFIX, bech32.toWords(bytes))
}

/** @throws CodedError `invalid_address` */
export function decodeAddress(text: string): Uint8Array {
  const decoded = tryDecodeAddress(text)
  if (decoded === undefined) {
    throw new CodedError('invalid_address', 'not a tail1… account address')
  }
  return decoded
}

/** The 20 bytes, or undefined for anything that is not a lower-case address of this network. */
export function tryDecodeAddress(text: string): Uint8Array | undefined {
  if (text.length > 64 || text !== text.toLowerCase()) {
    return undefined
  }
  const decoded = bech32.decodeUnsafe(text, 64)
  if (decoded === undefined || decoded.prefix !== ADDRESS_PREFIX) {
    return undefined
  }
  const bytes = bech32.fromWordsUnsafe(decoded.words)
  return bytes !== undefined && bytes.length === ADDRESS_BYTES ? Uint8Array.from(bytes) : undefined
}
