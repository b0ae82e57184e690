import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeChunkNames, describeStoragePort } from '../../../test/conformance/storage-port.ts'
import type { SourceOptions } from '../../../test/support/model-chunks.ts'
import { MemorySource, makeModel } from '../../../test/support/model-chunks.ts'
import type { OpfsAnswer, OpfsCall } from '../../../test/support/opfs-worker.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { createHubSource } from '../../models/hub-source.ts'
import { decodeManifest } from '../../models/manifest.ts'
import type { ModelStore } from '../../models/model-store.ts'
import { createModelStore } from '../../models/model-store.ts'
import type { ModelSource, StoragePort } from '../../models/ports.ts'
import { createSha256 } from '../../models/ports.ts'
import { systemClock } from '../system-clock.ts'

const forever = new AbortController().signal
const model = makeModel('first')
const graphChunks = model.manifest.files[0]?.chunks ?? []
const workers = new Set<Worker>()
let folder = ''

/** The storage of a worker of its own, spoken to from the page. */
function openInWorker(): StoragePort {
  const worker = new Worker(new URL('../../../test/support/opfs-worker.ts', import.meta.url), { type: 'module' })
  workers.add(worker)
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  worker.addEventListener('message', ({ data }: MessageEvent<OpfsAnswer>) => {
    const { id, result, error } = data
    if (error === undefined) {
      waiting.get(id)?.resolve(result)
    } else {
      waiting.get(id)?.reject(new CodedError(error.code, error.message))
    }
    waiting.delete(id)
  })
  worker.addEventListener('error', (event) => {
    for (const { reject } of waiting.values()) {
      reject(new Error(event.message))
    }
  })
  let lastId = 0
  const call = async (method: keyof StoragePort, hash: string, bytes?: Uint8Array): Promise<unknown> => {
    lastId += 1
    const answer = Promise.withResolvers<unknown>()
    waiting.set(lastId, answer)
    const message: OpfsCall = { id: lastId, folder, method, hash, ...(bytes === undefined ? {} : { bytes }) }
    worker.postMessage(message)
    return await answer.promise
  }
  return {
    exists: async (hash) => (await call('exists', hash)) === true,
    read: async (hash) => (await call('read', hash)) as Uint8Array | undefined,
    write: async (hash, bytes) => void (await call('write', hash, bytes)),
    remove: async (hash) => void (await call('remove', hash)),
  }
}

function openStore(storage: StoragePort, source: ModelSource | undefined): ModelStore {
  return createModelStore(
    { storage, sha256: createSha256(crypto.subtle), logger: SILENT_LOGGER, sourceOf: () => source },
    { manifests: [model.manifest], concurrency: 1 },
  )
}

const memorySource = (options: SourceOptions = {}): MemorySource => new MemorySource(model, options)

async function folderHandle(): Promise<FileSystemDirectoryHandle> {
  return await (await navigator.storage.getDirectory()).getDirectoryHandle(folder, { create: true })
}

async function namesInFolder(): Promise<string[]> {
  const names: string[] = []
  for await (const name of (await folderHandle()).keys()) {
    names.push(name)
  }
  return names
}

beforeEach(() => {
  folder = `test-${crypto.randomUUID()}`
})
afterEach(async () => {
  for (const worker of workers) {
    worker.terminate()
  }
  workers.clear()
  const root = await navigator.storage.getDirectory()
  // What a worker that just ended still holds goes with the browser's profile.
  await root.removeEntry(folder, { recursive: true }).catch(() => undefined)
})

describeStoragePort('OPFS', async () => openInWorker())
describeChunkNames('OPFS', async () => openInWorker())

describe('models in OPFS', () => {
  test('are written and read back; each chunk is one file, named by its hash', async () => {
    const store = openStore(openInWorker(), memorySource())
    await store.ensure('first', forever)
    for (const [path, bytes] of model.files) {
      expect(await store.readFile('first', path, forever)).toEqual(bytes)
    }
    const hashes = model.manifest.files.flatMap((file) => file.chunks)
    expect((await namesInFolder()).sort()).toEqual([...hashes].sort())
  })

  test('a flipped byte is refused, and costs one chunk where there is a source', async () => {
    const storage = openInWorker()
    await openStore(storage, memorySource()).ensure('first', forever)
    const flip = async (hash: string): Promise<void> => {
      const file = await (await folderHandle()).getFileHandle(hash)
      const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer())
      bytes[1_000] = (bytes[1_000] as number) ^ 128
      const writable = await file.createWritable()
      await writable.write(bytes)
      await writable.close()
    }
    await flip(graphChunks[2] as string)
    const source = memorySource()
    expect(await openStore(storage, source).readFile('first', 'onnx/model.onnx', forever)).toEqual(
      model.files.get('onnx/model.onnx'),
    )
    expect(source.asked.map(({ offset, length }) => [offset, length])).toEqual([[8_192, 4_096]])

    await flip(graphChunks[2] as string)
    const refused = openStore(storage, undefined).readFile('first', 'onnx/model.onnx', forever)
    expect(await refused.then(String, errorCode)).toBe('damaged_model')
    expect(await storage.exists(graphChunks[2] as string)).toBe(false)
  })

  test('a download that was cut goes on in the next worker, and old drafts are swept away', async () => {
    let left = 10_000
    const cut = memorySource({
      onPiece: (piece) => {
        left -= piece.length
        if (left < 0) {
          throw new CodedError('source_unavailable', 'cut')
        }
        return piece
      },
    })
    await expect(openStore(openInWorker(), cut).ensure('first', forever)).rejects.toThrow('cut')
    for (const worker of workers) {
      worker.terminate()
    }
    const young = `${graphChunks[2]}.${Date.now()}.x.draft`
    for (const name of [young, `${graphChunks[2]}.1700000000000.x.draft`]) {
      await (await folderHandle()).getFileHandle(name, { create: true })
    }

    const source = memorySource()
    const store = openStore(openInWorker(), source)
    await store.ensure('first', forever)
    expect(source.asked[0]).toMatchObject({ path: 'onnx/model.onnx', offset: 8_192 })
    expect(await store.readFile('first', 'onnx/model.onnx', forever)).toEqual(model.files.get('onnx/model.onnx'))
    expect((await namesInFolder()).filter((name) => name.endsWith('.draft'))).toEqual([young])
  })

  test('two workers keep the same chunks at the same time', async () => {
    const [one, other] = [openInWorker(), openInWorker()]
    await Promise.all([one, other].map((storage) => openStore(storage, memorySource()).ensure('first', forever)))
    expect(await openStore(other, undefined).readFile('first', 'onnx/model.onnx', forever)).toEqual(
      model.files.get('onnx/model.onnx'),
    )
  })

  test('the built-in model comes over HTTP, in ranges after the first part', async () => {
    const baseUrl = new URL('/models/whale-0.9m/', location.href).href
    const manifest = decodeManifest(await (await fetch(`${baseUrl}manifest.json`)).text())
    const ranges: (string | undefined)[] = []
    const noting: typeof fetch = (input, init) => {
      ranges.push(new Headers(init?.headers).get('range') ?? undefined)
      return fetch(input, init)
    }
    const storage = openInWorker()
    const source = createHubSource({ fetch: noting, clock: systemClock }, { baseUrl })
    const store = createModelStore(
      { storage, sha256: createSha256(crypto.subtle), logger: SILENT_LOGGER, sourceOf: () => source },
      { manifests: [manifest] },
    )
    const stop = new AbortController()
    await store
      .ensure('whale-0.9m', stop.signal, ({ receivedBytes }) => (receivedBytes > 1_200_000 ? stop.abort() : undefined))
      .catch((error: unknown) => expect(errorCode(error)).toBe('aborted'))
    ranges.length = 0
    await store.ensure('whale-0.9m', forever)
    expect(ranges.some((range) => /^bytes=\d+-3775849$/.test(range ?? ''))).toBe(true)
    expect(await store.readFile('whale-0.9m', manifest.graph, forever)).toHaveLength(3_775_850)
  })
})
