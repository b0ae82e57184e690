import { CodedError } from '../../lib/coded-error.ts'
import { ADDRESS_BYTES, tryDecodeAddress } from '../../protocol/address.ts'

/** Requests are small: an address and some numbers. */
const MAX_REQUEST_BYTES = 1_024

/** @throws CodedError `malformed_query` */
export function decodeRequest<T>(codec: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  if (bytes.length > MAX_REQUEST_BYTES) {
    throw new CodedError('malformed_query', 'query too large')
  }
  try {
    return codec.decode(bytes)
  } catch (cause) {
    throw new CodedError('malformed_query', 'the query cannot be decoded', { cause })
  }
}

/** @throws CodedError `malformed_query` */
export function requireAddress(text: string): Uint8Array {
  const address = tryDecodeAddress(text)
  if (address === undefined) {
    throw new CodedError('malformed_query', 'not an address of this network')
  }
  return address
}

/** 20 raw bytes of an address. @throws CodedError `malformed_query` */
export function requireOwner(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== ADDRESS_BYTES) {
    throw new CodedError('malformed_query', 'an address has 20 bytes')
  }
  return bytes
}

/** A height or epoch of a request as a number. @throws CodedError `malformed_query` */
export function requireCount(value: bigint): number {
  if (value < 0n || value >= 1n << 48n) {
    throw new CodedError('malformed_query', 'a height or epoch out of range')
  }
  return Number(value)
}

/** A page size: the default for 0, at most `most`. */
export function pageSize(asked: number, normal: number, most: number): number {
  if (asked === 0) {
    return normal
  }
  return asked > most ? most : asked
}
