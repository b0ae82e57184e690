import { CodedError } from '../lib/coded-error.ts'

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Standard alphabet, padded. @throws CodedError `invalid_base64` */
export function bytesFromBase64(text: string): Uint8Array {
  // Buffer skips what it does not know: only the canonical form comes back equal.
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) {
    throw new CodedError('invalid_base64', 'not base64')
  }
  return new Uint8Array(bytes)
}

/** Hashes and addresses in RPC answers. */
export function toUpperHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase()
}
