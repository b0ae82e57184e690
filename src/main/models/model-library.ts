/** The models of this machine: built in with the program, their verified chunks kept in one folder that all processes share. */
import { join } from 'node:path'
import type { Logger } from '../../lib/runtime.ts'
import type { ModelManifest } from '../../models/manifest.ts'
import type { ModelStore } from '../../models/model-store.ts'
import { createModelStore } from '../../models/model-store.ts'
import { createSha256 } from '../../models/ports.ts'
import type { ModelText } from '../../models/text.ts'
import { createModelText } from '../../models/text.ts'
import { createFolderSource, createModelFiles, readManifestFile } from './model-files.ts'

/** Folder names under the built-in folder. */
export const BUILT_IN_MODELS: readonly string[] = ['whale-0.9m']

export interface ModelLibraryOptions {
  /** Where models lie as they come with the program: one folder each, with manifest.json. */
  readonly builtInFolder: string
  /** Where verified chunks are kept. */
  readonly cacheFolder: string
}

/** @throws CodedError `invalid_manifest` */
export async function openModelLibrary(options: ModelLibraryOptions, logger: Logger): Promise<ModelStore> {
  const folders = BUILT_IN_MODELS.map((name) => join(options.builtInFolder, name))
  const manifests = await Promise.all(folders.map((folder) => readManifestFile(folder)))
  const folderOf = new Map(manifests.map((manifest, index) => [manifest.id, folders[index] as string]))
  return createModelStore(
    {
      storage: createModelFiles(options.cacheFolder),
      sha256: createSha256(crypto.subtle),
      logger: logger.child('models'),
      sourceOf(manifest) {
        const folder = folderOf.get(manifest.id)
        return folder === undefined ? undefined : createFolderSource(folder)
      },
    },
    { manifests },
  )
}

/** Tokenizer and chat template. @throws CodedError of ModelStore and of createModelText */
export async function loadModelText(
  store: ModelStore,
  manifest: ModelManifest,
  signal: AbortSignal,
): Promise<ModelText> {
  await store.ensure(manifest.id, signal)
  const [tokenizer, config] = await Promise.all([
    store.readFile(manifest.id, manifest.tokenizer, signal),
    store.readFile(manifest.id, manifest.tokenizerConfig, signal),
  ])
  const decoder = new TextDecoder()
  return createModelText(decoder.decode(tokenizer), decoder.decode(config))
}
