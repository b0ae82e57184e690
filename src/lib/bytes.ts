import { CodedError } from './coded-error.ts'

/** Byte strings: concatenation, order, hex, UTF-8 and big-endian integers. Written here because the pure layers see no platform. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) {
    length += part.length
  }
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Lexicographic order, shorter first on a common prefix: −1, 0 or 1. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = a.length < b.length ? a.length : b.length
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) {
      return difference < 0 ? -1 : 1
    }
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

const HEX = '0123456789abcdef'

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    text += (HEX[byte >> 4] as string) + (HEX[byte & 15] as string)
  }
  return text
}

/** @throws CodedError `invalid_hex` for an odd length or a character that is no hex digit (either case is read). */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new CodedError('invalid_hex', 'not a hexadecimal string')
  }
  const out = new Uint8Array(text.length >> 1)
  for (let i = 0; i < out.length; i++) {
    out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  }
  return out
}

/** UTF-8 of a string; lone surrogates become U+FFFD, as TextEncoder does. */
export function utf8(text: string): Uint8Array {
  const out: number[] = []
  for (const character of text) {
    let point = character.codePointAt(0) as number
    if (point >= 0xd800 && point <= 0xdfff) {
      point = 0xfffd
    }
    if (point < 0x80) {
      out.push(point)
    } else if (point < 0x800) {
      out.push(0xc0 | (point >> 6), 0x80 | (point & 63))
    } else if (point < 0x10000) {
      out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63))
    } else {
      out.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63))
    }
  }
  return Uint8Array.from(out)
}

/** Unsigned 32-bit big endian, 4 bytes. @throws CodedError `out_of_range` for anything but an integer in [0, 2^32). */
export function u32be(value: number): Uint8Array {
  if (value >>> 0 !== value) {
    throw new CodedError('out_of_range', 'not an unsigned 32-bit integer')
  }
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

/** Unsigned 64-bit big endian, 8 bytes. @throws CodedError `out_of_range` outside [0, 2^64). */
export function u64be(value: bigint): Uint8Array {
  if (value < 0n || value >> 64n !== 0n) {
    throw new CodedError('out_of_range', 'not an unsigned 64-bit integer')
  }
  const out = new Uint8Array(8)
  let rest = value
  for (let i = 7; i >= 0; i--) {
    out[i] = Number(rest & 255n)
    rest >>= 8n
  }
  return out
}

/** Big-endian bytes as an unsigned integer. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`)
}

/** Big-endian bytes of fixed length. @throws CodedError `out_of_range` where the value does not fit. */
export function bigintToBytes(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * length, '0')
  if (value < 0n || hex.length !== 2 * length) {
    throw new CodedError('out_of_range', `does not fit in ${length} bytes`)
  }
  return fromHex(hex)
}
