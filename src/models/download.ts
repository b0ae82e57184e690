/**
 * Fetches given chunks: neighbours of one file in one request, a bounded number of requests at a time. A chunk is hashed before it is
 * written, so what a source sends wrong is never kept; what came right before stays, whatever happens after.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import { followSignal, throwIfAborted } from './abort.ts'
import type { ModelFile, ModelManifest } from './manifest.ts'
import type { ModelSource, Sha256, StoragePort } from './ports.ts'

export interface ChunkPlace {
  readonly file: ModelFile
  readonly index: number
  readonly offset: number
  readonly length: number
  /** SHA-256 as the manifest has it. */
  readonly hash: string
}

export interface DownloadComponents {
  readonly storage: StoragePort
  readonly sha256: Sha256
}

/**
 * @throws CodedError `source_mismatch` (wrong bytes again and again), `source_unavailable` (ended early), what source and storage throw,
 * or the signal's reason. The first failure ends all requests; it is thrown when the last has ended.
 */
export type Download = (
  source: ModelSource,
  places: readonly ChunkPlace[],
  signal: AbortSignalLike,
  onChunk: (place: ChunkPlace) => void,
) => Promise<void>

/** How often one chunk may come wrong before its source is given up. */
const TRIES_PER_CHUNK = 3

/** All chunks of a file in order. */
export function chunkPlaces(manifest: ModelManifest, file: ModelFile): ChunkPlace[] {
  return file.chunks.map((hash, index) => {
    const offset = index * manifest.chunkBytes
    return { file, index, offset, length: Math.min(manifest.chunkBytes, file.sizeBytes - offset), hash }
  })
}

export function createDownload(components: DownloadComponents, options: { readonly concurrency: number }): Download {
  return async (source, places, signal, onChunk) => {
    const { controller, release } = followSignal(signal)
    const runs = neighbours(places)
    const failures: unknown[] = []
    const lane = async (): Promise<void> => {
      for (let run = runs.shift(); run !== undefined && failures.length === 0; run = runs.shift()) {
        try {
          await fetchRun(components, source, run, controller.signal, onChunk)
        } catch (error) {
          failures.push(error)
          controller.abort(error)
        }
      }
    }
    try {
      await Promise.all(Array.from({ length: Math.min(options.concurrency, runs.length) }, lane))
    } finally {
      release()
    }
    if (failures.length > 0) {
      throw failures[0]
    }
  }
}

/** Runs of chunks of one file without a gap. */
function neighbours(places: readonly ChunkPlace[]): ChunkPlace[][] {
  const runs: ChunkPlace[][] = []
  for (const place of places) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last?.file === place.file && last.index + 1 === place.index) {
      run.push(place)
    } else {
      runs.push([place])
    }
  }
  return runs
}

async function fetchRun(
  components: DownloadComponents,
  source: ModelSource,
  run: readonly ChunkPlace[],
  signal: AbortSignalLike,
  onChunk: (place: ChunkPlace) => void,
): Promise<void> {
  let rest = run
  let tries = 0
  while (rest.length > 0) {
    const kept = await fetchWhileRight(components, source, rest, signal, onChunk)
    tries = kept === 0 ? tries + 1 : 1
    rest = rest.slice(kept)
    const wrong = rest[0]
    if (wrong !== undefined && tries >= TRIES_PER_CHUNK) {
      throw new CodedError('source_mismatch', `the source has other bytes than the manifest in ${wrong.file.path}`, {
        fields: { file: wrong.file.path, chunk: wrong.index },
      })
    }
  }
}

/** Keeps chunks until one comes wrong. Returns how many it kept. */
async function fetchWhileRight(
  { storage, sha256 }: DownloadComponents,
  source: ModelSource,
  run: readonly ChunkPlace[],
  signal: AbortSignalLike,
  onChunk: (place: ChunkPlace) => void,
): Promise<number> {
  const first = run[0] as ChunkPlace
  const length = run.reduce((sum, place) => sum + place.length, 0)
  const range = { offset: first.offset, length, fileBytes: first.file.sizeBytes }
  let kept = 0
  for await (const bytes of cutAt(
    source.read(first.file.path, range, signal),
    run.map((place) => place.length),
  )) {
    throwIfAborted(signal)
    const place = run[kept] as ChunkPlace
    if ((await sha256(bytes)) !== place.hash) {
      return kept
    }
    await storage.write(place.hash, bytes)
    kept += 1
    onChunk(place)
  }
  throwIfAborted(signal)
  if (kept < run.length) {
    throw new CodedError('source_unavailable', `the source ended early in ${first.file.path}`, {
      fields: { file: first.file.path },
    })
  }
  return kept
}

/** The bytes of `pieces` in chunks of the given lengths; what is left over, short or long, is dropped. */
async function* cutAt(
  pieces: AsyncIterable<Uint8Array>,
  lengths: readonly number[],
): AsyncGenerator<Uint8Array, void, void> {
  let index = 0
  let chunk = new Uint8Array(lengths[0] ?? 0)
  let filled = 0
  for await (const piece of pieces) {
    let used = 0
    while (used < piece.length) {
      const part = piece.subarray(used, used + chunk.length - filled)
      chunk.set(part, filled)
      filled += part.length
      used += part.length
      if (filled === chunk.length) {
        yield chunk
        index += 1
        if (index === lengths.length) {
          return
        }
        chunk = new Uint8Array(lengths[index] as number)
        filled = 0
      }
    }
  }
}
