/**
 * Models of a Node process: a store's chunks as files named by their hashes, and a folder of model files as a source (the models that
 * come with the app, or a copy of a hub's repository). Names come from hashes alone or stay inside the folder: nothing outside is
 * read or written. A chunk is written beside its place and renamed: it is whole or absent. What power loss may still tear, the
 * store finds at the next load (models/model-store.ts).
 */
import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { access, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { ModelManifest } from '../../models/manifest.ts'
import { decodeManifest, isModelPath, MANIFEST_LIMITS } from '../../models/manifest.ts'
import type { ModelSource, StoragePort } from '../../models/ports.ts'

const HASH = /^[0-9a-f]{64}$/
const PIECE_BYTES = 1024 * 1024
/** A write that takes longer has died with its process. */
const STALE_MS = 24 * 60 * 60 * 1_000
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

type WriteDraft = (file: string, bytes: Uint8Array) => Promise<void>

const writeNewFile: WriteDraft = (file, bytes) => writeFile(file, bytes, { flag: 'wx', mode: 0o600 })

/** Chunks under `folder`, which is made at the first write. @throws CodedError (from its methods) `storage_full`, `storage_failed` */
export function createModelFiles(folder: string, writeDraft: WriteDraft = writeNewFile): StoragePort {
  const placeOf = (hash: string): string => {
    if (!HASH.test(hash)) {
      throw new CodedError('storage_failed', 'a chunk is named by its SHA-256')
    }
    return join(folder, hash.slice(0, 2), hash)
  }
  const temporary = join(folder, 'writing')
  let swept: Promise<void> | undefined

  return {
    exists: async (hash) => {
      const place = placeOf(hash)
      return (await orAbsent(access(place).then(() => true))) ?? false
    },
    read: async (hash) => {
      const handle = await orAbsent(open(placeOf(hash), 'r'))
      return handle === undefined ? undefined : await readBounded(handle)
    },
    write: async (hash, bytes) => {
      const place = placeOf(hash)
      const draft = join(temporary, randomUUID())
      try {
        await mkdir(temporary, { recursive: true, mode: 0o700 })
        await mkdir(join(place, '..'), { recursive: true, mode: 0o700 })
        // What cannot be swept away only takes room.
        swept ??= sweep(temporary).catch(() => undefined)
        await swept
        await writeDraft(draft, bytes)
        await rename(draft, place)
      } catch (error) {
        // Without its draft a full disk has room for smaller things again; a failure to remove it changes nothing of the first one.
        await rm(draft, { force: true }).catch(() => undefined)
        throw storageError(error)
      }
    },
    remove: async (hash) => {
      await rm(placeOf(hash), { force: true }).catch((error: unknown) => Promise.reject(storageError(error)))
    },
  }
}

/** The files of one model as they lie in `folder`. */
export function createFolderSource(folder: string): ModelSource {
  async function* read(
    ...[path, range, signal]: Parameters<ModelSource['read']>
  ): AsyncGenerator<Uint8Array, void, void> {
    const handle = await openInside(folder, path)
    try {
      for (let done = 0; done < range.length; ) {
        if (signal.aborted) {
          throw signal.reason ?? new CodedError('aborted', 'aborted')
        }
        const piece = new Uint8Array(Math.min(PIECE_BYTES, range.length - done))
        const { bytesRead } = await handle.read(piece, 0, piece.length, range.offset + done)
        if (bytesRead === 0) {
          throw new CodedError('source_mismatch', `${path} is shorter than its manifest says`, {
            fields: { file: path },
          })
        }
        yield piece.subarray(0, bytesRead)
        done += bytesRead
      }
    } finally {
      await handle.close()
    }
  }
  return { read }
}

/** manifest.json of a model's folder. @throws CodedError `invalid_manifest`, also where there is none */
export async function readManifestFile(folder: string): Promise<ModelManifest> {
  const file = join(folder, 'manifest.json')
  const handle = await orAbsent(open(file, 'r'))
  if (handle === undefined) {
    throw new CodedError('invalid_manifest', `${file} does not exist`)
  }
  return decodeManifest(new TextDecoder().decode(await readBounded(handle)))
}

async function openInside(folder: string, path: string): Promise<FileHandle> {
  if (!isModelPath(path)) {
    throw new CodedError('source_mismatch', 'not a path of a model file')
  }
  try {
    return await open(join(folder, path), 'r')
  } catch (error) {
    throw new CodedError('source_unavailable', `${path}: ${errorMessage(error)}`, {
      fields: { file: path },
      cause: error,
    })
  }
}

/** The whole file, or one byte more than a chunk may have: then it is no chunk, and its hash says so. */
async function readBounded(handle: FileHandle): Promise<Uint8Array> {
  try {
    const { size } = await handle.stat()
    const bytes = new Uint8Array(Math.min(size, MANIFEST_LIMITS.maxChunkBytes + 1))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled)
      if (bytesRead === 0) {
        break
      }
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  } catch (error) {
    throw storageError(error)
  } finally {
    await handle.close()
  }
}

/** Removes the drafts that a killed process left. */
async function sweep(temporary: string): Promise<void> {
  for (const name of await readdir(temporary)) {
    const place = join(temporary, name)
    const found = await orAbsent(stat(place))
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) {
      await rm(place, { force: true })
    }
  }
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined
    }
    throw storageError(error)
  }
}

function storageError(error: unknown): CodedError {
  const code = FULL.has((error as NodeJS.ErrnoException).code) ? 'storage_full' : 'storage_failed'
  return new CodedError(code, errorMessage(error), { cause: error })
}
