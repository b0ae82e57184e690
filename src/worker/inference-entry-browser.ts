import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { createHubSource } from '../models/hub-source.ts'
import { decodeManifest } from '../models/manifest.ts'
import type { ModelStore } from '../models/model-store.ts'
import { createModelStore } from '../models/model-store.ts'
import { createSha256 } from '../models/ports.ts'
import { channelOfBrowserPort } from './compute-channel.ts'
import type { PageInit } from './inference/contract.ts'
import { decodePageInit } from './inference/contract.ts'
import { createInferenceEngine } from './inference/create-engine.ts'
import { InferenceServer } from './inference/inference-server.ts'
import { createOpfsStorage } from './inference/opfs-storage.ts'
import { createPageOrtLoader } from './inference/ort/ort-page-loader.ts'
import { createStoredModels } from './inference/stored-models.ts'
import { systemClock } from './system-clock.ts'

/** The inference worker of the page: WebGPU or WASM, models kept in the origin's private file system. Waits for its PageInit. */
const scope = globalThis as unknown as DedicatedWorkerGlobalScope
const channel = channelOfBrowserPort(scope)
const STORAGE_FOLDER = 'tailrace-models'

const stopWaiting = channel.receive((message) => {
  stopWaiting()
  start(decodePageInit(message))
})

function start({ modelsUrl, backend }: PageInit): void {
  const folder = new URL(modelsUrl, scope.location.href).href
  const engine = createInferenceEngine(
    {
      loader: createPageOrtLoader(),
      models: createStoredModels((model, signal) => openStore(`${folder}${model}/`, model, signal)),
      clock: systemClock,
      gpu: scope.navigator.gpu,
    },
    { backend, threads: 1 },
  )
  new InferenceServer({ channel, engine }).start()
}

async function openStore(baseUrl: string, model: string, signal: AbortSignalLike): Promise<ModelStore> {
  const manifest = decodeManifest(await readManifest(`${baseUrl}manifest.json`, model, signal))
  if (manifest.id !== model) {
    throw new CodedError('unknown_model', 'the folder holds another model', { fields: { model, found: manifest.id } })
  }
  const source = createHubSource({ fetch: scope.fetch.bind(scope), clock: systemClock }, { baseUrl })
  const root = await scope.navigator.storage.getDirectory().catch((cause: unknown) => {
    throw new CodedError('storage_failed', 'the browser keeps no files for this page', { cause })
  })
  const storage = createOpfsStorage(await root.getDirectoryHandle(STORAGE_FOLDER, { create: true }))
  const sha256 = createSha256(scope.crypto.subtle)
  return createModelStore({ storage, sha256, logger: SILENT_LOGGER, sourceOf: () => source }, { manifests: [manifest] })
}

async function readManifest(url: string, model: string, signal: AbortSignalLike): Promise<string> {
  const stop = new AbortController()
  const onAbort = (): void => stop.abort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const answer = await fetch(url, { signal: stop.signal })
    if (answer.ok) {
      return await answer.text()
    }
    throw new CodedError('unknown_model', `no manifest of this model (${answer.status})`, { fields: { model } })
  } catch (cause) {
    if (cause instanceof CodedError) {
      throw cause
    }
    throw new CodedError('source_unavailable', 'the manifest could not be fetched', { cause, fields: { model } })
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
