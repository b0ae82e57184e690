/**
 * Model files that come with the program, checked against their manifest; one that differs (a bad disk, an update that was cut) is
 * written anew from the verified chunks that this computer keeps. Invariant: only bytes that the manifest names are ever written.
 */
import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import type { ModelFile, ModelManifest } from '../../models/manifest.ts'
import type { ModelStore } from '../../models/model-store.ts'
import { createModelStore } from '../../models/model-store.ts'
import type { StoragePort } from '../../models/ports.ts'
import { createSha256 } from '../../models/ports.ts'
import { createFolderSource, createModelFiles } from './model-files.ts'

export interface DamagedFile {
  readonly model: string
  readonly file: string
}

export interface RepairOutcome {
  readonly repaired: readonly DamagedFile[]
  /** Damaged still, e.g. because no copy is there or the program's folder is not ours to write. */
  readonly left: readonly DamagedFile[]
}

export interface RepairComponents {
  readonly logger: Logger
  /** Folder of the model's files, with manifest.json. */
  readonly folderOf: (manifest: ModelManifest) => string
  /** Where verified chunks are kept. */
  readonly cacheFolder: string
}

/** Looks at every file. What cannot be repaired is named, not thrown. @throws the signal's reason */
export async function repairModels(
  components: RepairComponents,
  manifests: readonly ModelManifest[],
  signal: AbortSignal,
): Promise<RepairOutcome> {
  const repaired: DamagedFile[] = []
  const left: DamagedFile[] = []
  for (const manifest of manifests) {
    for (const file of manifest.files) {
      if (!(await isWhole(components, manifest, file, signal))) {
        const isRestored = await restore(components, manifest, file, signal)
        const list = isRestored ? repaired : left
        list.push({ model: manifest.id, file: file.path })
      }
    }
  }
  return { repaired, left }
}

async function isWhole(
  { folderOf, logger }: RepairComponents,
  manifest: ModelManifest,
  file: ModelFile,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const source = createFolderSource(folderOf(manifest))
    // Through the store's own check: nothing is kept, each chunk is fetched from the file and compared.
    await storeOver(manifest, keptInMemory(), source, logger).readFile(manifest.id, file.path, signal)
    return true
  } catch (error) {
    signal.throwIfAborted()
    logger.log('warn', 'a model file is damaged', { model: manifest.id, file: file.path, code: errorCode(error) })
    return false
  }
}

async function restore(
  { folderOf, cacheFolder, logger }: RepairComponents,
  manifest: ModelManifest,
  file: ModelFile,
  signal: AbortSignal,
): Promise<boolean> {
  const place = join(folderOf(manifest), file.path)
  const draft = `${place}.${randomUUID()}`
  try {
    const store = storeOver(manifest, readOnly(createModelFiles(cacheFolder)), undefined, logger)
    const bytes = await store.readFile(manifest.id, file.path, signal)
    await writeFile(draft, bytes, { flag: 'wx', mode: 0o644 })
    await rename(draft, place)
    logger.log('info', 'a model file was repaired', { model: manifest.id, file: file.path })
    return true
  } catch (error) {
    signal.throwIfAborted()
    await rm(draft, { force: true }).catch(() => undefined)
    logger.log('warn', 'a model file cannot be repaired', {
      model: manifest.id,
      file: file.path,
      error: errorMessage(error),
    })
    return false
  }
}

function storeOver(
  manifest: ModelManifest,
  storage: StoragePort,
  source: ReturnType<typeof createFolderSource> | undefined,
  logger: Logger,
): ModelStore {
  const sha256 = createSha256(crypto.subtle)
  return createModelStore({ storage, sha256, logger, sourceOf: () => source }, { manifests: [manifest] })
}

/** Keeps a chunk for as long as one file is read. */
function keptInMemory(): StoragePort {
  const chunks = new Map<string, Uint8Array>()
  return {
    exists: async (hash) => chunks.has(hash),
    read: async (hash) => chunks.get(hash),
    write: async (hash, bytes) => {
      chunks.set(hash, bytes)
    },
    remove: async (hash) => {
      chunks.delete(hash)
    },
  }
}

/** The chunks that others use: what is wrong there is theirs to fetch again. */
function readOnly(storage: StoragePort): StoragePort {
  return { ...storage, remove: async () => undefined }
}
