import { promises as files } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { ModelManifest } from '../models/manifest.ts'
import { decodeManifest, MANIFEST_LIMITS } from '../models/manifest.ts'
import type { ModelStore } from '../models/model-store.ts'
import { createModelStore } from '../models/model-store.ts'
import type { StoragePort } from '../models/ports.ts'
import { createSha256 } from '../models/ports.ts'
import { channelOfNodePort } from './compute-channel.ts'
import { decodeNodeInit } from './inference/contract.ts'
import { createInferenceEngine } from './inference/create-engine.ts'
import { InferenceServer } from './inference/inference-server.ts'
import { createNodeOrtLoader } from './inference/ort/ort-node-loader.ts'
import { createStoredModels } from './inference/stored-models.ts'
import { systemClock } from './system-clock.ts'

/** The inference worker of a Node process: a thread that serves models from a folder, on WASM. */
if (parentPort === null) {
  throw new CodedError('not_a_worker', 'inference-entry-node.ts runs as a worker thread')
}
const { modelsFolder, threads } = decodeNodeInit(workerData)
const engine = createInferenceEngine(
  {
    loader: createNodeOrtLoader(),
    models: createStoredModels((model) => openStore(`${modelsFolder}/${model}`, model)),
    clock: systemClock,
    gpu: undefined,
  },
  { backend: 'auto', threads },
)
new InferenceServer({ channel: channelOfNodePort(parentPort), engine }).start()

async function openStore(folder: string, model: string): Promise<ModelStore> {
  const manifest = await readManifest(`${folder}/manifest.json`, model)
  const sha256 = createSha256(globalThis.crypto.subtle)
  const storage = createFolderStorage(folder, manifest)
  return createModelStore(
    { storage, sha256, logger: SILENT_LOGGER, sourceOf: () => undefined },
    { manifests: [manifest] },
  )
}

async function readManifest(path: string, model: string): Promise<ModelManifest> {
  const size = await files.stat(path).then(
    (stat) => stat.size,
    () => undefined,
  )
  if (size === undefined || size > MANIFEST_LIMITS.textBytes) {
    throw new CodedError('unknown_model', 'no manifest of this model', { fields: { model } })
  }
  const manifest = decodeManifest(await files.readFile(path, 'utf8'))
  if (manifest.id !== model) {
    throw new CodedError('unknown_model', 'the folder holds another model', { fields: { model, found: manifest.id } })
  }
  return manifest
}

/** The chunks of a model whose files lie in a folder as a hub has them. Nothing is written: what is damaged is refused. */
function createFolderStorage(folder: string, manifest: ModelManifest): StoragePort {
  const places = new Map(
    manifest.files.flatMap(({ path, sizeBytes, chunks }) =>
      chunks.map((hash, index) => {
        const offset = index * manifest.chunkBytes
        const length = Math.min(manifest.chunkBytes, sizeBytes - offset)
        return [hash, { file: `${folder}/${path}`, offset, length }] as const
      }),
    ),
  )
  const refuse = async (): Promise<never> => {
    throw new CodedError('storage_failed', 'a folder of models is not written to')
  }
  return {
    async exists(hash) {
      const place = places.get(hash)
      const size =
        place === undefined
          ? 0
          : await files.stat(place.file).then(
              (stat) => stat.size,
              () => 0,
            )
      return place !== undefined && size >= place.offset + place.length
    },
    read: async (hash) => readPlace(places.get(hash)),
    write: refuse,
    remove: refuse,
  }
}

async function readPlace(
  place: { readonly file: string; readonly offset: number; readonly length: number } | undefined,
): Promise<Uint8Array | undefined> {
  if (place === undefined) {
    return undefined
  }
  const handle = await files.open(place.file).catch(() => undefined)
  if (handle === undefined) {
    return undefined
  }
  try {
    const bytes = new Uint8Array(place.length)
    const { bytesRead } = await handle.read(bytes, 0, place.length, place.offset)
    return bytes.subarray(0, bytesRead)
  } catch (cause) {
    throw new CodedError('storage_failed', errorMessage(cause), { cause })
  } finally {
    await handle.close()
  }
}
