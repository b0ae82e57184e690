/** Bytes that nobody should have sent: noise, valid ones with a wound, and valid ones grown beyond measure. Made from a seed. */
export type Random = () => number

export function below(random: Random, end: number): number {
  return Math.floor(random() * end)
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)] as T
}

/** Mostly valid bytes with one to four wounds; one in eight is noise, one in sixteen extreme. */
export function bentBytes(random: Random, valid: readonly Uint8Array[]): Uint8Array {
  const turn = below(random, 16)
  if (turn < 2) {
    return noise(random, below(random, 300))
  }
  if (turn === 2) {
    return pick(random, EXTREMES)(random, pick(random, valid), valid)
  }
  let bytes = pick(random, valid)
  const wounds = 1 + below(random, 4)
  for (let wound = 0; wound < wounds; wound++) {
    bytes = pick(random, WOUNDS)(random, bytes, valid)
  }
  return bytes
}

type Wound = (random: Random, bytes: Uint8Array, valid: readonly Uint8Array[]) => Uint8Array

/** A varint that no field can hold. */
const TEN_BYTES = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 127)
const HUGE_LENGTH = Uint8Array.of(255, 255, 255, 255, 15)

const WOUNDS: readonly Wound[] = [
  // One bit.
  (random, bytes) => {
    const out = bytes.slice()
    const at = below(random, Math.max(1, out.length))
    out[at] = (out[at] ?? 0) ^ (1 << below(random, 8))
    return out
  },
  // One byte.
  (random, bytes) => replaced(bytes, below(random, bytes.length + 1), 1, Uint8Array.of(below(random, 256))),
  // The end is missing.
  (random, bytes) => bytes.slice(0, below(random, bytes.length + 1)),
  // A piece is missing.
  (random, bytes) => replaced(bytes, below(random, bytes.length + 1), 1 + below(random, 20), new Uint8Array(0)),
  // A piece comes twice.
  (random, bytes) => {
    const at = below(random, bytes.length + 1)
    return replaced(bytes, at, 0, bytes.slice(at, at + 1 + below(random, 40)))
  },
  // All of it comes twice: protobuf merges.
  (_random, bytes) => joined([bytes, bytes]),
  // A piece of another message.
  (random, bytes, valid) => {
    const other = pick(random, valid)
    const at = below(random, other.length + 1)
    return replaced(bytes, below(random, bytes.length + 1), 0, other.slice(at, at + below(random, 60)))
  },
  // A number or a length beyond all bounds.
  (random, bytes) => replaced(bytes, below(random, bytes.length + 1), 1, pick(random, [TEN_BYTES, HUGE_LENGTH])),
  // A field that nobody knows.
  (random, bytes) => joined([bytes, Uint8Array.of(0xf8, 0x7f, below(random, 128))]),
  // Noise inside.
  (random, bytes) => replaced(bytes, below(random, bytes.length + 1), 0, noise(random, 1 + below(random, 12))),
]

const EXTREMES: readonly Wound[] = [
  () => new Uint8Array(0),
  // Groups or messages in each other, as deep as they go.
  (random) => new Uint8Array(1 + below(random, 20_000)).fill(pick(random, [0x0b, 0x0a, 0x12, 0x1a, 0x22])),
  (random) => nested(random, 1 + below(random, 400)),
  // The same field over and over.
  (random, bytes) => joined(Array.from({ length: 2 + below(random, 200) }, () => bytes.slice(0, 200))),
  (random) => noise(random, 2_000),
  () => new Uint8Array(20_000).fill(0xff),
]

function nested(random: Random, depth: number): Uint8Array {
  const tag = pick(random, [0x0a, 0x12, 0x1a])
  const parts: Uint8Array[] = []
  let length = 0
  for (let level = 0; level < depth && length < 100_000; level++) {
    const head = Uint8Array.of(tag, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14)
    parts.push(head)
    length += head.length
  }
  return joined(parts.reverse())
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256))
}

function replaced(bytes: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array {
  return joined([bytes.subarray(0, at), by, bytes.subarray(at + length)])
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}
