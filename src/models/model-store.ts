/**
 * The models of one device: chunks that were verified before they were kept and are verified again at every load, because disks and
 * profiles rot. Invariant: no byte leaves `readFile` that the manifest does not name, and no unverified chunk is ever kept, so a
 * download that was cut anywhere goes on where it was.
 * Read next: manifest.ts (what is checked), download.ts (what fetches the gaps), ports.ts (where chunks lie and come from).
 */
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike, Logger } from '../lib/runtime.ts'
import { throwIfAborted, withAbort } from './abort.ts'
import type { ChunkPlace, Download } from './download.ts'
import { chunkPlaces, createDownload } from './download.ts'
import type { ModelManifest } from './manifest.ts'
import type { ModelSource, Sha256, StoragePort } from './ports.ts'

export interface ModelProgress {
  readonly model: string
  /** Bytes that are there, the ones from before included. */
  readonly receivedBytes: number
  readonly totalBytes: number
}

export interface ModelStore {
  /** The manifests that the store was made with. */
  readonly manifests: readonly ModelManifest[]
  /** @throws CodedError `unknown_model` */
  manifest(model: string): ModelManifest
  /** True when all chunks of all files are there (readFile verifies them). @throws CodedError `unknown_model` */
  has(model: string): Promise<boolean>
  /**
   * Fetches what is missing; calls at the same time for one model share the work. Progress comes once at the start and after each chunk.
   * @throws CodedError `unknown_model`, `model_unavailable` (nowhere to fetch it), what ModelSource and StoragePort throw, or the
   * signal's reason. What was fetched stays.
   */
  ensure(model: string, signal: AbortSignalLike, onProgress?: (progress: ModelProgress) => void): Promise<void>
  /**
   * One file, each chunk verified. A chunk that is missing or damaged is fetched again where there is a source.
   * @throws CodedError `unknown_model`, `unknown_file`, `model_unavailable` (missing, no source), `damaged_model` (damaged, no source)
   */
  readFile(model: string, path: string, signal: AbortSignalLike): Promise<Uint8Array>
}

export interface ModelStoreComponents {
  readonly storage: StoragePort
  readonly sha256: Sha256
  readonly logger: Logger
  /** Where a model can be fetched; undefined where nowhere. */
  sourceOf(manifest: ModelManifest): ModelSource | undefined
}

export interface ModelStoreOptions {
  readonly manifests: readonly ModelManifest[]
  /** Downloads at a time, of one model (default 3). */
  readonly concurrency?: number
}

const DEFAULT_CONCURRENCY = 3
/** Existence checks at a time. */
const CHECKS_AT_ONCE = 16

/** @throws CodedError `invalid_manifest` where two manifests have one id. */
export function createModelStore(components: ModelStoreComponents, options: ModelStoreOptions): ModelStore {
  return new VerifyingStore(components, options)
}

class VerifyingStore implements ModelStore {
  readonly manifests: readonly ModelManifest[]
  readonly #components: ModelStoreComponents
  readonly #byId: ReadonlyMap<string, ModelManifest>
  readonly #download: Download
  /** One ensure of each model at a time: others wait and then find little or nothing missing. */
  readonly #busy = new Map<string, Promise<void>>()

  constructor(components: ModelStoreComponents, { manifests, concurrency = DEFAULT_CONCURRENCY }: ModelStoreOptions) {
    this.manifests = manifests
    this.#components = components
    this.#byId = new Map(manifests.map((manifest) => [manifest.id, manifest]))
    this.#download = createDownload(components, { concurrency })
    if (this.#byId.size !== manifests.length) {
      throw new CodedError('invalid_manifest', 'two models have one id')
    }
  }

  manifest(model: string): ModelManifest {
    const manifest = this.#byId.get(model)
    if (manifest === undefined) {
      const name = model.slice(0, 80)
      throw new CodedError('unknown_model', `no model ${name}`, { fields: { model: name } })
    }
    return manifest
  }

  async has(model: string): Promise<boolean> {
    return (await this.#missing(this.manifest(model))).length === 0
  }

  async ensure(
    model: string,
    signal: AbortSignalLike,
    onProgress: (progress: ModelProgress) => void = () => undefined,
  ): Promise<void> {
    const manifest = this.manifest(model)
    for (let other = this.#busy.get(model); other !== undefined; other = this.#busy.get(model)) {
      await withAbort(other, signal)
    }
    throwIfAborted(signal)
    const work = this.#fetchMissing(manifest, signal, onProgress)
    // How this one ends is for this caller to hear; who waits only waits.
    const settled = work.then(
      () => undefined,
      () => undefined,
    )
    this.#busy.set(model, settled)
    try {
      await work
    } finally {
      this.#busy.delete(model)
    }
  }

  async readFile(model: string, path: string, signal: AbortSignalLike): Promise<Uint8Array> {
    const manifest = this.manifest(model)
    const file = manifest.files.find((one) => one.path === path)
    if (file === undefined) {
      throw new CodedError('unknown_file', `the model ${model} has no such file`, { fields: { model } })
    }
    const out = new Uint8Array(file.sizeBytes)
    for (const place of chunkPlaces(manifest, file)) {
      throwIfAborted(signal)
      out.set(await this.#readChunk(manifest, place, signal), place.offset)
    }
    return out
  }

  async #missing(manifest: ModelManifest, signal?: AbortSignalLike): Promise<ChunkPlace[]> {
    const places = manifest.files.flatMap((file) => chunkPlaces(manifest, file))
    const missing: ChunkPlace[] = []
    for (let i = 0; i < places.length; i += CHECKS_AT_ONCE) {
      if (signal !== undefined) {
        throwIfAborted(signal)
      }
      const some = places.slice(i, i + CHECKS_AT_ONCE)
      const there = await Promise.all(some.map((place) => this.#components.storage.exists(place.hash)))
      missing.push(...some.filter((_, index) => there[index] !== true))
    }
    return missing
  }

  async #fetchMissing(
    manifest: ModelManifest,
    signal: AbortSignalLike,
    onProgress: (progress: ModelProgress) => void,
  ): Promise<void> {
    const missing = await this.#missing(manifest, signal)
    const totalBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0)
    let receivedBytes = totalBytes - missing.reduce((sum, place) => sum + place.length, 0)
    const report = (): void => onProgress({ model: manifest.id, receivedBytes, totalBytes })
    report()
    if (missing.length === 0) {
      return
    }
    const source = this.#components.sourceOf(manifest)
    if (source === undefined) {
      throw new CodedError('model_unavailable', `the model ${manifest.id} is not complete and has no source`, {
        fields: { model: manifest.id },
      })
    }
    await this.#download(source, missing, signal, (place) => {
      receivedBytes += place.length
      report()
    })
  }

  async #readChunk(manifest: ModelManifest, place: ChunkPlace, signal: AbortSignalLike): Promise<Uint8Array> {
    const stored = await this.#readStored(place)
    if (typeof stored !== 'string') {
      return stored
    }
    const fields = { model: manifest.id, file: place.file.path, chunk: place.index }
    const source = this.#components.sourceOf(manifest)
    this.#components.logger.log(stored === 'damaged' ? 'warn' : 'info', `a chunk of a model is ${stored}`, {
      ...fields,
      hasSource: source !== undefined,
    })
    if (source === undefined) {
      // Damaged for good: it counts as missing from now on, so that a later ensure fetches it. Some storages are only read.
      await this.#components.storage.remove(place.hash).catch(() => undefined)
      const code = stored === 'damaged' ? 'damaged_model' : 'model_unavailable'
      throw new CodedError(code, `${place.file.path} of ${manifest.id} is ${stored}`, { fields })
    }
    await this.#download(source, [place], signal, () => undefined)
    const again = await this.#readStored(place)
    if (typeof again === 'string') {
      throw new CodedError('damaged_model', `the storage does not keep ${place.file.path} of ${manifest.id}`, {
        fields,
      })
    }
    return again
  }

  async #readStored(place: ChunkPlace): Promise<Uint8Array | 'missing' | 'damaged'> {
    const bytes = await this.#components.storage.read(place.hash)
    if (bytes === undefined) {
      return 'missing'
    }
    const isRight = bytes.length === place.length && (await this.#components.sha256(bytes)) === place.hash
    return isRight ? bytes : 'damaged'
  }
}
