import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import { MANIFEST_LIMITS } from '../../models/manifest.ts'
import type { StoragePort } from '../../models/ports.ts'

const HASH = /^[0-9a-f]{64}$/
/** A draft tells when it was begun: <hash>.<ms since 1970>.<random>.draft. */
const DRAFT = /^[0-9a-f]{64}\.(\d{1,15})\.[\w-]+\.draft$/
/** A write that takes longer has died with its worker. Younger drafts may be another worker's: even a try to remove them disturbs it. */
const STALE_MS = 24 * 60 * 60 * 1_000

/** Chromium, Firefox and Safari have it; the type library does not. */
type MovableFileHandle = FileSystemFileHandle & { move?(name: string): Promise<void> }

/**
 * A model store's chunks in the browser's private file system: one file a chunk in `folder`, named by its hash. Only in a worker,
 * because synchronous access handles, the fastest way to write, exist nowhere else. A chunk is written as a draft and renamed, so it is
 * whole or absent; where a browser cannot rename, a crash may leave a torn chunk, which the store finds by its hash at the next load.
 * @throws CodedError (from its methods) `storage_full` (quota), `storage_failed`
 */
export function createOpfsStorage(folder: FileSystemDirectoryHandle): StoragePort {
  let swept: Promise<void> | undefined
  return {
    exists: async (hash) => (await findFile(folder, hash)) !== undefined,
    read: async (hash) => {
      const handle = await findFile(folder, hash)
      if (handle === undefined) {
        return undefined
      }
      // Not an access handle: those are exclusive, and two loads may read one chunk.
      const file = await orAbsent(handle.getFile())
      // One byte more than a chunk may have: then it is none, and its hash says so.
      const bytes = await orAbsent(file?.slice(0, MANIFEST_LIMITS.maxChunkBytes + 1).arrayBuffer())
      return bytes === undefined ? undefined : new Uint8Array(bytes)
    },
    write: async (hash, bytes) => {
      const draft = `${checkedName(hash)}.${Date.now()}.${crypto.randomUUID()}.draft`
      // What cannot be swept away only takes room.
      swept ??= removeDrafts(folder).catch(() => undefined)
      await swept
      try {
        await writeDraft(folder, draft, hash, bytes)
      } catch (error) {
        // Without its draft a full quota has room again; a failure to remove it changes nothing of the first one.
        await folder.removeEntry(draft).catch(() => undefined)
        throw storageError(error)
      }
    },
    remove: async (hash) => {
      await orAbsent(folder.removeEntry(checkedName(hash)))
    },
  }
}

async function writeDraft(
  folder: FileSystemDirectoryHandle,
  draft: string,
  hash: string,
  bytes: Uint8Array,
): Promise<void> {
  const handle: MovableFileHandle = await folder.getFileHandle(draft, { create: true })
  await fillFile(handle, bytes)
  if (handle.move !== undefined) {
    // Another worker that puts the same chunk there holds its place for a moment; a move would fail, not wait.
    await navigator.locks.request(`${folder.name}/${hash}`, () => handle.move?.(hash))
    return
  }
  await fillFile(await folder.getFileHandle(hash, { create: true }), bytes)
  await folder.removeEntry(draft)
}

async function fillFile(handle: FileSystemFileHandle, bytes: Uint8Array): Promise<void> {
  const access = await handle.createSyncAccessHandle()
  try {
    access.truncate(0)
    // Shared memory cannot be written as it is.
    const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
    if (access.write(own, { at: 0 }) !== bytes.length) {
      throw new CodedError('storage_full', 'the browser took only a part of a chunk')
    }
    access.flush()
  } finally {
    access.close()
  }
}

/** Removes the drafts of workers that died. */
async function removeDrafts(folder: FileSystemDirectoryHandle): Promise<void> {
  const stale: string[] = []
  for await (const name of folder.keys()) {
    const [, begunMs] = DRAFT.exec(name) ?? []
    if (begunMs !== undefined && Date.now() - Number(begunMs) > STALE_MS) {
      stale.push(name)
    }
  }
  await Promise.allSettled(stale.map((name) => folder.removeEntry(name)))
}

async function findFile(folder: FileSystemDirectoryHandle, hash: string): Promise<FileSystemFileHandle | undefined> {
  return await orAbsent(folder.getFileHandle(checkedName(hash)))
}

function checkedName(hash: string): string {
  if (!HASH.test(hash)) {
    throw new CodedError('storage_failed', 'a chunk is named by its SHA-256')
  }
  return hash
}

async function orAbsent<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as { name?: unknown }).name === 'NotFoundError') {
      return undefined
    }
    throw storageError(error)
  }
}

function storageError(error: unknown): CodedError {
  if (error instanceof CodedError) {
    return error
  }
  const isFull = (error as { name?: unknown }).name === 'QuotaExceededError'
  return new CodedError(isFull ? 'storage_full' : 'storage_failed', errorMessage(error), { cause: error })
}
