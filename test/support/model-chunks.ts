/** Small models made up for tests, where their bytes come from, and where their chunks go. */
import { toHex } from '../../src/lib/bytes.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import type { ModelFile, ModelManifest } from '../../src/models/manifest.ts'
import { decodeManifest, encodeManifest } from '../../src/models/manifest.ts'
import type { ByteRange, ModelSource, Sha256, StoragePort } from '../../src/models/ports.ts'
import { sha256 } from '../../src/protocol/hash.ts'

export interface TestModel {
  readonly manifest: ModelManifest
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** The pure SHA-256: needs no Web Crypto. */
export const pureSha256: Sha256 = async (bytes) => toHex(sha256(bytes))

const CHUNK_BYTES = 4_096

/** A model whose graph has `graphBytes` bytes: 4 KiB chunks, contents that differ by id. */
export function makeModel(id: string, graphBytes = 5 * CHUNK_BYTES + 77): TestModel {
  const files = new Map([
    ['onnx/model.onnx', pseudoRandom(id, graphBytes)],
    ['tokenizer.json', pseudoRandom(`${id} tokenizer`, 5_000)],
    ['tokenizer_config.json', pseudoRandom(`${id} config`, 100)],
  ])
  const manifest: ModelManifest = {
    id,
    contextTokens: 64,
    defaultMaxTokens: 32,
    eosTokens: [0],
    vocabularySize: 16,
    layers: 1,
    keyValueHeads: 1,
    headSize: 4,
    precision: 'fp32',
    graph: 'onnx/model.onnx',
    tokenizer: 'tokenizer.json',
    tokenizerConfig: 'tokenizer_config.json',
    chunkBytes: CHUNK_BYTES,
    files: [...files].map(([path, bytes]) => describeFile(path, bytes)),
    licence: 'CC0-1.0',
    notice: 'made for a test',
  }
  return { manifest: decodeManifest(encodeManifest(manifest)), files }
}

function describeFile(path: string, bytes: Uint8Array): ModelFile {
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, index) =>
    toHex(sha256(bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES))),
  )
  return { path, sizeBytes: bytes.length, sha256: toHex(sha256(bytes)), chunks }
}

function pseudoRandom(seed: string, length: number): Uint8Array {
  const out = new Uint8Array(length)
  let state = sha256(new TextEncoder().encode(seed))
  for (let offset = 0; offset < length; offset += state.length) {
    state = sha256(state)
    out.set(state.subarray(0, length - offset), offset)
  }
  return out
}

/** Chunks in memory: with a room that can be full, and bytes that can be flipped. */
export class MemoryChunks implements StoragePort {
  readonly chunks = new Map<string, Uint8Array>()
  roomBytes = Number.POSITIVE_INFINITY

  async exists(hash: string): Promise<boolean> {
    return this.chunks.has(hash)
  }

  async read(hash: string): Promise<Uint8Array | undefined> {
    return this.chunks.get(hash)?.slice()
  }

  async write(hash: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.roomBytes) {
      throw new CodedError('storage_full', 'no room')
    }
    this.roomBytes -= bytes.length
    this.chunks.set(hash, bytes.slice())
  }

  async remove(hash: string): Promise<void> {
    this.chunks.delete(hash)
  }

  flip(hash: string): void {
    const bytes = this.chunks.get(hash)
    if (bytes === undefined) {
      throw new Error('no such chunk')
    }
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  }
}

export interface AskedRange extends ByteRange {
  readonly path: string
}

export interface SourceOptions {
  /** What becomes of each piece before it is given out: may change it, throw, or wait. */
  readonly onPiece?: (piece: Uint8Array, asked: AskedRange) => Uint8Array | Promise<Uint8Array>
  readonly pieceBytes?: number
}

/** The files of a model, as a source that keeps a list of what it was asked for. */
export class MemorySource implements ModelSource {
  readonly asked: AskedRange[] = []
  readonly #model: TestModel
  readonly #options: SourceOptions
  /** Reads that have begun and not ended, and the most of them at one time. */
  open = 0
  mostOpen = 0

  constructor(model: TestModel, options: SourceOptions = {}) {
    this.#model = model
    this.#options = options
  }

  async *read(path: string, range: ByteRange): AsyncGenerator<Uint8Array, void, void> {
    const asked = { path, ...range }
    this.asked.push(asked)
    this.open += 1
    this.mostOpen = Math.max(this.mostOpen, this.open)
    try {
      const bytes = this.#model.files.get(path)?.subarray(range.offset, range.offset + range.length)
      const { pieceBytes = 1_000, onPiece = (piece: Uint8Array) => piece } = this.#options
      for (let offset = 0; bytes !== undefined && offset < bytes.length; offset += pieceBytes) {
        yield await onPiece(bytes.slice(offset, offset + pieceBytes), asked)
      }
    } finally {
      this.open -= 1
    }
  }
}
