import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58 } from '@scure/base'
import { utf8 } from '../../lib/bytes.ts'
import { addressOfPublicKey, decodeAddress } from '../address.ts'
import { isSecretKey, publicKeyOf } from '../signature.ts'

/**
 * An API key is a secret: `tr-` and 32 random bytes in base58. It derives the session key that an escrow names, so a gateway
 * needs no list of keys, and who knows the key can order until the escrow is empty.
 */
export interface SessionKey {
  readonly secretKey: Uint8Array
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array
  /** 20 bytes: the name of the escrow. */
  readonly payer: Uint8Array
}

const PREFIX = 'tr-'
const SECRET_BYTES = 32
const MAX_CHARACTERS = 64

/** `entropy`: 32 secure random bytes. */
export function createApiKey(entropy: Uint8Array): string {
  return `${PREFIX}${base58.encode(entropy)}`
}

/** HKDF-SHA-256 (RFC 5869) of the secret; undefined for anything that is no API key. */
export function sessionKeyOf(apiKey: string): SessionKey | undefined {
  const secret =
    apiKey.length <= MAX_CHARACTERS && apiKey.startsWith(PREFIX) ? decode(apiKey.slice(PREFIX.length)) : undefined
  if (secret?.length !== SECRET_BYTES) {
    return undefined
  }
  const secretKey = hkdf(sha256, secret, undefined, utf8('tailrace/work/session-key/1'), SECRET_BYTES)
  if (!isSecretKey(secretKey)) {
    return undefined
  }
  const publicKey = publicKeyOf(secretKey)
  return { secretKey, publicKey, payer: decodeAddress(addressOfPublicKey(publicKey)) }
}

function decode(text: string): Uint8Array | undefined {
  try {
    return base58.decode(text)
  } catch {
    // Not base58: no API key.
    return undefined
  }
}
