/**
 * The folder of a node's snapshots. `<height>-1/` holds metadata.json and the chunks; what is being written stands in a folder
 * whose name begins with `.new-` until it is whole. Invariant: a snapshot is either there with all its chunks or not there;
 * a kill leaves at most a `.new-` folder, which the next start removes.
 */
import { promises as files, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import { SNAPSHOT_FORMAT, SNAPSHOT_LIMITS } from './snapshot-limits.ts'
import type { SnapshotMetadata } from './snapshot-metadata.ts'
import { decodeMetadata, metadataHash } from './snapshot-metadata.ts'
import type { SnapshotSource } from './snapshot-writer.ts'
import { chunkFile, flushFolder, METADATA_FILE, writeSnapshot } from './snapshot-writer.ts'

export interface StoredSnapshot {
  readonly path: string
  readonly metadata: SnapshotMetadata
  /** As stored and advertised. */
  readonly metadataBytes: Uint8Array
  /** SHA-256 of `metadataBytes`. */
  readonly hash: Uint8Array
}

const UNFINISHED = '.new-'
const NAME = new RegExp(`^[1-9][0-9]{0,15}-${SNAPSHOT_FORMAT}$`)

export class SnapshotFolder {
  readonly #path: string
  readonly #logger: Logger
  #known: readonly StoredSnapshot[]

  /** Creates the folder; removes what a kill left unfinished. Nobody else may write there. */
  constructor(path: string, logger: Logger) {
    this.#path = path
    this.#logger = logger
    mkdirSync(path, { recursive: true, mode: 0o700 })
    removeUnfinished(path)
    this.#known = readSnapshots(path, logger)
  }

  /** Newest first. */
  list(): readonly StoredSnapshot[] {
    return this.#known
  }

  /** Undefined where there is none: unknown, pruned or unreadable. */
  async load(height: number, format: number, index: number): Promise<Uint8Array | undefined> {
    const snapshot = this.#known.find(({ metadata }) => metadata.height === height)
    if (snapshot === undefined || format !== SNAPSHOT_FORMAT || snapshot.metadata.chunkHashes[index] === undefined) {
      return undefined
    }
    try {
      return await readBounded(`${snapshot.path}/${chunkFile(index)}`)
    } catch (error) {
      this.#logger.log('warn', 'a chunk of a snapshot is not readable', { height, index, error: errorMessage(error) })
      return undefined
    }
  }

  /** Writes beside, then renames. One at a time. @throws what `writeSnapshot` throws; then nothing is left of it */
  async add(source: SnapshotSource, signal?: AbortSignal): Promise<StoredSnapshot> {
    const name = `${source.height}-${SNAPSHOT_FORMAT}`
    const beside = `${this.#path}/${UNFINISHED}${name}`
    try {
      await files.rm(beside, { recursive: true, force: true })
      await files.mkdir(beside, { mode: 0o700 })
      await writeSnapshot(beside, source, signal)
      await files.rm(`${this.#path}/${name}`, { recursive: true, force: true })
      await files.rename(beside, `${this.#path}/${name}`)
      await flushFolder(this.#path)
    } catch (error) {
      await files.rm(beside, { recursive: true, force: true })
      throw error
    }
    const added = readSnapshot(`${this.#path}/${name}`)
    this.#known = [added, ...this.#known.filter(({ metadata }) => metadata.height !== source.height)].sort(newestFirst)
    return added
  }

  /** Keeps the newest `count`. */
  async prune(count: number): Promise<void> {
    const dropped = this.#known.slice(count)
    this.#known = this.#known.slice(0, count)
    for (const { path, metadata } of dropped) {
      // Not half-visible either: under its new name the next start removes what is left of it.
      const gone = `${this.#path}/${UNFINISHED}gone-${metadata.height}`
      await files.rename(path, gone)
      await files.rm(gone, { recursive: true, force: true })
    }
  }
}

/** A snapshot at `path`, wherever it lies. @throws CodedError `snapshot_damaged`; the file system's error */
export function readSnapshot(path: string): StoredSnapshot {
  const file = `${path}/${METADATA_FILE}`
  const tooLarge = statSync(file).size > SNAPSHOT_LIMITS.metadataBytes
  const metadataBytes = tooLarge ? new Uint8Array(0) : new Uint8Array(readFileSync(file))
  return { path, metadata: decodeMetadata(metadataBytes), metadataBytes, hash: metadataHash(metadataBytes) }
}

/** The snapshots of a folder without touching it, newest first; none where it does not exist. */
export function readSnapshots(path: string, logger: Logger): StoredSnapshot[] {
  const found: StoredSnapshot[] = []
  for (const name of namesIn(path)) {
    if (NAME.test(name)) {
      try {
        found.push(readSnapshot(`${path}/${name}`))
      } catch (error) {
        logger.log('warn', 'a snapshot is not readable', { path: `${path}/${name}`, error: errorMessage(error) })
      }
    }
  }
  return found.sort(newestFirst)
}

/** One chunk of a snapshot on this disk. @throws the file system's error */
export async function readChunk(snapshot: StoredSnapshot, index: number): Promise<Uint8Array> {
  return await readBounded(`${snapshot.path}/${chunkFile(index)}`)
}

async function readBounded(path: string): Promise<Uint8Array> {
  const file = await files.open(path, 'r')
  try {
    const { size } = await file.stat()
    const buffer = new Uint8Array(Math.min(size, SNAPSHOT_LIMITS.chunkBytes + 1))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') {
      return []
    }
    throw error
  }
}

function removeUnfinished(path: string): void {
  for (const name of namesIn(path)) {
    if (name.startsWith(UNFINISHED)) {
      rmSync(`${path}/${name}`, { recursive: true, force: true })
    }
  }
}

function newestFirst(a: StoredSnapshot, b: StoredSnapshot): number {
  return b.metadata.height - a.metadata.height
}
