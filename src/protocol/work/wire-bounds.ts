/**
 * Bounds of a protobuf message before it is decoded: a frame of a few MiB can spell millions of empty entries, and each would
 * become an object. This walk over the bytes allocates nothing and counts what the decoder would build.
 */

/** Fields that hold a message to be looked into, or packed integers; every other field counts as one. */
export interface WireShape {
  readonly [field: number]: WireShape | 'packed'
}

export interface WireBounds {
  /** Fields of all levels together. */
  readonly fields: number
  /** Integers of all packed fields together. */
  readonly packed: number
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
  fields: number
  packed: number
}

const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5
const VARINT_BYTES = 10

/** Undefined when `bytes` stay within the bounds, else what is wrong, in a few words. */
export function wireViolation(bytes: Uint8Array, shape: WireShape, bounds: WireBounds): string | undefined {
  const cursor: Cursor = { bytes, at: 0, fields: bounds.fields, packed: bounds.packed }
  return walkMessage(cursor, bytes.length, shape)
}

function walkMessage(cursor: Cursor, end: number, shape: WireShape): string | undefined {
  while (cursor.at < end) {
    const tag = readVarint(cursor, end)
    if (tag === undefined) {
      return 'broken tag'
    }
    cursor.fields -= 1
    if (cursor.fields < 0) {
      return 'too many fields'
    }
    const violation = walkField(cursor, end, tag, shape)
    if (violation !== undefined) {
      return violation
    }
  }
  return undefined
}

function walkField(cursor: Cursor, end: number, tag: number, shape: WireShape): string | undefined {
  switch (tag % 8) {
    case VARINT:
      return readVarint(cursor, end) === undefined ? 'broken integer' : undefined
    case FIXED_64:
      return skip(cursor, end, 8)
    case FIXED_32:
      return skip(cursor, end, 4)
    case LENGTH_DELIMITED: {
      const length = readVarint(cursor, end)
      if (length === undefined || length > end - cursor.at) {
        return 'broken length'
      }
      const inner = shape[Math.floor(tag / 8)]
      if (inner === undefined) {
        return skip(cursor, end, length)
      }
      return inner === 'packed'
        ? walkPacked(cursor, cursor.at + length)
        : walkMessage(cursor, cursor.at + length, inner)
    }
    default:
      return 'unknown wire type'
  }
}

/** Every integer ends with a byte below 128. */
function walkPacked(cursor: Cursor, end: number): string | undefined {
  for (; cursor.at < end; cursor.at++) {
    if ((cursor.bytes[cursor.at] as number) < 128) {
      cursor.packed -= 1
      if (cursor.packed < 0) {
        return 'too many integers'
      }
    }
  }
  return undefined
}

function skip(cursor: Cursor, end: number, length: number): string | undefined {
  if (length > end - cursor.at) {
    return 'truncated field'
  }
  cursor.at += length
  return undefined
}

/** The value as a number: beyond 2^53 it is inexact, which no tag or length within the bounds ever is. */
function readVarint(cursor: Cursor, end: number): number | undefined {
  let value = 0
  for (let index = 0; index < VARINT_BYTES && cursor.at < end; index++) {
    const byte = cursor.bytes[cursor.at] as number
    cursor.at += 1
    value += (byte & 127) * 2 ** (7 * index)
    if (byte < 128) {
      return value
    }
  }
  return undefined
}
