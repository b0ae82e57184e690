/**
 * One chunk of a snapshot: entries of the state in key order, compressed, with a head that says what is inside.
 *
 *   head  "tailsnp1" (8) · height u64 · index u32 · entries u32 · raw bytes u32
 *   body  deflate of: for each entry key length u16 · key · value length u32 · value
 *
 * Numbers are big endian. Where a chunk ends depends on the entries alone, so two nodes with one state make the same chunks and a
 * joining node may fetch them from both. Invariant: what a head says bounds what is unpacked, and keys ascend.
 */
import { createHash } from 'node:crypto'
import type { InputType } from 'node:zlib'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { compareBytes, equalBytes, utf8 } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SNAPSHOT_LIMITS } from './snapshot-limits.ts'

export type StateEntry = readonly [key: Uint8Array, value: Uint8Array]

const MAGIC = utf8('tailsnp1')
const HEIGHT_AT = 8
const INDEX_AT = 16
const ENTRIES_AT = 20
const RAW_BYTES_AT = 24
const HEAD_BYTES = 28
const KEY_LENGTH_BYTES = 2
const ENTRY_HEAD_BYTES = 6
/** Keys, hashes and protobuf records: a higher level takes several times as long for a few per cent. */
const COMPRESSION_LEVEL = 1
const OUTPUT_STEP_BYTES = 256 * 1024

/** Entries on their way into a chunk. */
export class ChunkBody {
  readonly #bytes = Buffer.allocUnsafe(SNAPSHOT_LIMITS.chunkRawBytes)
  #length = 0
  #entries = 0

  get entries(): number {
    return this.#entries
  }

  get rawBytes(): number {
    return this.#length
  }

  /**
   * False where the entry belongs into the next chunk; then nothing was added.
   * @throws CodedError `snapshot_failed` for an entry over the bounds, which the state machine never writes
   */
  add(key: Uint8Array, value: Uint8Array): boolean {
    if (key.length > SNAPSHOT_LIMITS.keyBytes || value.length > SNAPSHOT_LIMITS.valueBytes) {
      throw new CodedError('snapshot_failed', 'an entry of the state is larger than a snapshot can carry', {
        fields: { keyBytes: key.length, valueBytes: value.length },
      })
    }
    const size = ENTRY_HEAD_BYTES + key.length + value.length
    if (this.#entries > 0 && this.#length + size > SNAPSHOT_LIMITS.chunkTargetBytes) {
      return false
    }
    let at = this.#bytes.writeUInt16BE(key.length, this.#length)
    this.#bytes.set(key, at)
    at = this.#bytes.writeUInt32BE(value.length, at + key.length)
    this.#bytes.set(value, at)
    this.#length = at + value.length
    this.#entries += 1
    return true
  }

  clear(): void {
    this.#length = 0
    this.#entries = 0
  }

  /** The chunk as it is stored and sent; compressed outside of the event loop. The body may not change meanwhile. */
  async encode(height: number, index: number): Promise<Uint8Array> {
    const head = Buffer.alloc(HEAD_BYTES)
    head.set(MAGIC)
    head.writeBigUInt64BE(BigInt(height), HEIGHT_AT)
    head.writeUInt32BE(index, INDEX_AT)
    head.writeUInt32BE(this.#entries, ENTRIES_AT)
    head.writeUInt32BE(this.#length, RAW_BYTES_AT)
    return Buffer.concat([head, await deflateBody(this.#bytes.subarray(0, this.#length))])
  }
}

/** SHA-256 of a chunk as it is sent. By the platform: a mebibyte in pure code would hold a block up for milliseconds. */
export function hashChunk(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/**
 * Entries of a chunk. Memory: at most `chunkRawBytes` beside the chunk itself, whatever it claims.
 * @throws CodedError `snapshot_damaged` for anything but a whole chunk of this height and index with ascending keys
 */
export async function decodeChunk(
  bytes: Uint8Array,
  expected: { readonly height: number; readonly index: number },
): Promise<StateEntry[]> {
  if (bytes.length < HEAD_BYTES || bytes.length > SNAPSHOT_LIMITS.chunkBytes) {
    throw damaged('it has an impossible size')
  }
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, HEAD_BYTES)
  const entries = head.readUInt32BE(ENTRIES_AT)
  const rawBytes = head.readUInt32BE(RAW_BYTES_AT)
  const isExpected =
    equalBytes(head.subarray(0, MAGIC.length), MAGIC) &&
    head.readBigUInt64BE(HEIGHT_AT) === BigInt(expected.height) &&
    head.readUInt32BE(INDEX_AT) === expected.index
  if (!isExpected || rawBytes > SNAPSHOT_LIMITS.chunkRawBytes || entries * ENTRY_HEAD_BYTES > rawBytes) {
    throw damaged('its head is not that of this chunk')
  }
  return readEntries(await inflateBody(bytes.subarray(HEAD_BYTES), rawBytes), entries)
}

function readEntries(body: Buffer, count: number): StateEntry[] {
  const entries: StateEntry[] = []
  let last: Uint8Array | undefined
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > body.length) {
      throw damaged('an entry is cut off')
    }
    at += length
    return body.subarray(at - length, at)
  }
  while (entries.length < count) {
    const key = take(take(KEY_LENGTH_BYTES).readUInt16BE())
    const value = take(take(ENTRY_HEAD_BYTES - KEY_LENGTH_BYTES).readUInt32BE())
    if (last !== undefined && compareBytes(last, key) >= 0) {
      throw damaged('its keys do not ascend')
    }
    last = key
    entries.push([key, value])
  }
  if (at !== body.length) {
    throw damaged('there is more than its entries')
  }
  return entries
}

function deflateBody(body: InputType): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  deflateRaw(body, { level: COMPRESSION_LEVEL, chunkSize: OUTPUT_STEP_BYTES }, (error, packed) =>
    error === null ? resolve(packed) : reject(error),
  )
  return promise
}

function inflateBody(packed: Uint8Array, rawBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  inflateRaw(packed, { maxOutputLength: Math.max(1, rawBytes), chunkSize: OUTPUT_STEP_BYTES }, (error, body) => {
    if (error !== null) {
      reject(damaged('it does not unpack', error))
    } else if (body.length !== rawBytes) {
      reject(damaged('it unpacks to another size'))
    } else {
      resolve(body)
    }
  })
  return promise
}

function damaged(reason: string, cause?: unknown): CodedError {
  return new CodedError('snapshot_damaged', `the chunk is damaged: ${reason}`, { cause })
}
