import { promises as files } from 'node:fs'
import { CodedError } from '../../lib/coded-error.ts'
import type { StateEntry } from './snapshot-chunk.ts'
import { ChunkBody, hashChunk } from './snapshot-chunk.ts'
import { SNAPSHOT_LIMITS } from './snapshot-limits.ts'
import type { SnapshotMetadata } from './snapshot-metadata.ts'
import { encodeMetadata } from './snapshot-metadata.ts'

export const METADATA_FILE = 'metadata.json'

export interface SnapshotSource {
  readonly chainId: string
  readonly height: number
  readonly appHash: Uint8Array
  readonly appVersion: number
  /** The state in key order. One slice is worked off in one step of the event loop. */
  readonly slices: Iterable<readonly StateEntry[]>
}

export function chunkFile(index: number): string {
  return `${String(index).padStart(5, '0')}.chunk`
}

/**
 * Writes the snapshot into `folder`, which is there and empty, flushed to the disk when this resolves. Memory: two chunks and a slice.
 * @throws CodedError `snapshot_failed`; the file system's error on a full disk; the signal's reason
 */
export async function writeSnapshot(
  folder: string,
  source: SnapshotSource,
  signal?: AbortSignal,
): Promise<SnapshotMetadata> {
  const writer = new ChunkWriter(folder, source.height)
  for (const slice of source.slices) {
    await writer.add(slice)
    // A block that is due goes first.
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
  }
  const { chainId, height, appHash, appVersion } = source
  const metadata = { chainId, height, appHash, appVersion, ...(await writer.finish()) }
  await writeFlushed(`${folder}/${METADATA_FILE}`, encodeMetadata(metadata))
  await flushFolder(folder)
  return metadata
}

class ChunkWriter {
  readonly #folder: string
  readonly #height: number
  readonly #body = new ChunkBody()
  readonly #hashes: Uint8Array[] = []
  #entries = 0
  #stateBytes = 0

  constructor(folder: string, height: number) {
    this.#folder = folder
    this.#height = height
  }

  async add(slice: readonly StateEntry[]): Promise<void> {
    for (const [key, value] of slice) {
      if (!this.#body.add(key, value)) {
        await this.#flush()
        this.#body.add(key, value)
      }
    }
  }

  async finish(): Promise<Pick<SnapshotMetadata, 'entries' | 'stateBytes' | 'chunkHashes'>> {
    if (this.#body.entries > 0) {
      await this.#flush()
    }
    return { entries: this.#entries, stateBytes: this.#stateBytes, chunkHashes: this.#hashes }
  }

  async #flush(): Promise<void> {
    const index = this.#hashes.length
    if (index >= SNAPSHOT_LIMITS.chunks) {
      throw new CodedError('snapshot_failed', 'the state is larger than a snapshot can carry')
    }
    const chunk = await this.#body.encode(this.#height, index)
    this.#entries += this.#body.entries
    this.#stateBytes += this.#body.rawBytes
    this.#body.clear()
    this.#hashes.push(hashChunk(chunk))
    await writeFlushed(`${this.#folder}/${chunkFile(index)}`, chunk)
  }
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

export async function flushFolder(path: string): Promise<void> {
  const folder = await files.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
