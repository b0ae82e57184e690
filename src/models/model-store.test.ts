import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeStoragePort } from '../../test/conformance/storage-port.ts'
import type { SourceOptions, TestModel } from '../../test/support/model-chunks.ts'
import { MemoryChunks, MemorySource, makeModel, pureSha256 } from '../../test/support/model-chunks.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { ModelProgress, ModelStore } from './model-store.ts'
import { createModelStore } from './model-store.ts'
import { createSha256 } from './ports.ts'

const model = makeModel('first')
const graphBytes = model.files.get('onnx/model.onnx') as Uint8Array
const graphFile = model.manifest.files[0]
const graphChunks = graphFile?.chunks ?? []
const forever = new AbortController().signal

interface Rig {
  readonly store: ModelStore
  readonly storage: MemoryChunks
  readonly source: MemorySource
}

function rig(options: SourceOptions & { storage?: MemoryChunks; hasSource?: boolean; concurrency?: number } = {}): Rig {
  const storage = options.storage ?? new MemoryChunks()
  const source = new MemorySource(model, options)
  const store = createModelStore(
    {
      storage,
      sha256: createSha256(crypto.subtle),
      logger: SILENT_LOGGER,
      sourceOf: () => (options.hasSource === false ? undefined : source),
    },
    { manifests: [model.manifest], concurrency: options.concurrency ?? 3 },
  )
  return { store, storage, source }
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing thrown',
    (error: unknown) => errorCode(error),
  )

async function expectOnlyVerified(storage: MemoryChunks): Promise<void> {
  for (const [hash, bytes] of storage.chunks) {
    expect(await pureSha256(bytes)).toBe(hash)
  }
}

async function expectWhole(store: ModelStore, whole: TestModel): Promise<void> {
  for (const [path, bytes] of whole.files) {
    expect(await store.readFile(whole.manifest.id, path, forever)).toEqual(bytes)
  }
}

describeStoragePort('memory', async () => new MemoryChunks())

describe('a model store', () => {
  test('knows its models and files, and no others', async () => {
    const { store } = rig()
    expect(store.manifest('first')).toBe(model.manifest)
    expect(() => store.manifest('second')).toThrow(CodedError)
    expect(await codeOf(store.has('second'))).toBe('unknown_model')
    expect(await codeOf(store.ensure('x'.repeat(10_000), forever))).toBe('unknown_model')
    expect(await codeOf(store.readFile('first', '../secret', forever))).toBe('unknown_file')
    const twice = () =>
      createModelStore(
        { storage: new MemoryChunks(), sha256: pureSha256, logger: SILENT_LOGGER, sourceOf: () => undefined },
        { manifests: [model.manifest, model.manifest] },
      )
    expect(twice).toThrow(CodedError)
  })

  test('fetches a model once, tells how far it is, and reads it back', async () => {
    const { store, storage, source } = rig()
    const progress: ModelProgress[] = []
    expect(await store.has('first')).toBe(false)
    await store.ensure('first', forever, (step) => progress.push(step))
    expect(await store.has('first')).toBe(true)
    const total = [...model.files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
    const received = progress.map((step) => step.receivedBytes)
    expect(received).toEqual([...received].sort((a, b) => a - b))
    expect(progress[0]).toEqual({ model: 'first', receivedBytes: 0, totalBytes: total })
    expect(progress.at(-1)).toEqual({ model: 'first', receivedBytes: total, totalBytes: total })
    expect(progress).toHaveLength(1 + graphChunks.length + 2 + 1)
    // Neighbouring chunks come in one request.
    expect(source.asked).toHaveLength(3)
    await expectWhole(store, model)
    await expectOnlyVerified(storage)

    await store.ensure('first', forever)
    expect(source.asked).toHaveLength(3)
  })

  test('goes on where a download was cut: what came stays, only the rest is asked for', async () => {
    let left = 9_500
    const cut = rig({
      onPiece: (piece, { path }) => {
        left -= path === 'onnx/model.onnx' ? piece.length : 0
        if (left < 0) {
          throw new CodedError('source_unavailable', 'cut')
        }
        return piece
      },
      concurrency: 1,
    })
    expect(await codeOf(cut.store.ensure('first', forever))).toBe('source_unavailable')
    expect([...cut.storage.chunks.keys()]).toEqual(graphChunks.slice(0, 2))

    const again = rig({ storage: cut.storage })
    const first: ModelProgress[] = []
    await again.store.ensure('first', forever, (step) => first.push(step))
    expect(first[0]?.receivedBytes).toBe(8_192)
    expect(again.source.asked[0]).toMatchObject({
      path: 'onnx/model.onnx',
      offset: 8_192,
      length: graphBytes.length - 8_192,
      fileBytes: graphBytes.length,
    })
    await expectWhole(again.store, model)
  })

  test('a flipped byte is refused; without a source the chunk then counts as missing', async () => {
    const { storage } = rig()
    await rig({ storage }).store.ensure('first', forever)
    storage.flip(graphChunks[1] as string)
    const { store } = rig({ storage, hasSource: false })
    const failure = await store.readFile('first', 'onnx/model.onnx', forever).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'damaged_model',
      fields: { model: 'first', file: 'onnx/model.onnx', chunk: 1 },
    })
    expect(await store.has('first')).toBe(false)
    expect(await codeOf(store.readFile('first', 'onnx/model.onnx', forever))).toBe('model_unavailable')
    expect(await codeOf(store.ensure('first', forever))).toBe('model_unavailable')
    expect(await store.readFile('first', 'tokenizer.json', forever)).toEqual(model.files.get('tokenizer.json'))
  })

  test('a flipped byte costs one chunk where there is a source', async () => {
    const { store, storage, source } = rig()
    await store.ensure('first', forever)
    storage.flip(graphChunks[3] as string)
    source.asked.length = 0
    expect(await store.readFile('first', 'onnx/model.onnx', forever)).toEqual(graphBytes)
    expect(source.asked).toEqual([
      { path: 'onnx/model.onnx', offset: 3 * 4_096, length: 4_096, fileBytes: graphBytes.length },
    ])
    await expectOnlyVerified(storage)
  })

  test('a chunk that is cut short or too long is damaged as well', async () => {
    const { storage } = rig()
    await rig({ storage }).store.ensure('first', forever)
    const [first, second] = graphChunks as [string, string]
    storage.chunks.set(first, graphBytes.slice(0, 4_000))
    storage.chunks.set(second, graphBytes.slice(4_096, 9_000))
    expect(await codeOf(rig({ storage, hasSource: false }).store.readFile('first', 'onnx/model.onnx', forever))).toBe(
      'damaged_model',
    )
    expect(await rig({ storage }).store.readFile('first', 'onnx/model.onnx', forever)).toEqual(graphBytes)
  })

  test('a storage that spoils what it is given ends in damaged_model, not in a loop', async () => {
    const { store, storage } = rig()
    storage.read = async () => new Uint8Array(10)
    expect(await codeOf(store.readFile('first', 'tokenizer.json', forever))).toBe('damaged_model')
  })
})

describe('a source of a model store', () => {
  test('that sends a chunk wrong once is asked again from that chunk on', async () => {
    let wrong = 1
    const { store, storage, source } = rig({
      onPiece: (piece, { path, offset }) => {
        if (path === 'onnx/model.onnx' && offset === 0 && wrong > 0 && source.asked.length === 1) {
          wrong -= 1
          piece[3] = (piece[3] as number) ^ 255
        }
        return piece
      },
      concurrency: 1,
    })
    await store.ensure('first', forever)
    expect(source.asked.slice(0, 2).map(({ offset }) => offset)).toEqual([0, 0])
    await expectWhole(store, model)
    await expectOnlyVerified(storage)
  })

  test('that always sends other bytes is given up, and nothing of it is kept', async () => {
    const { store, storage, source } = rig({ onPiece: (piece) => piece.fill(7), concurrency: 1 })
    expect(await codeOf(store.ensure('first', forever))).toBe('source_mismatch')
    expect(source.asked).toHaveLength(3)
    expect(storage.chunks.size).toBe(0)
    expect(source.open).toBe(0)
  })

  test('that ends early is unavailable; one that goes on too long is cut', async () => {
    const short = rig({ onPiece: (piece) => piece.subarray(0, 999) })
    expect(await codeOf(short.store.ensure('first', forever))).toMatch(/source_unavailable|source_mismatch/)
    await expectOnlyVerified(short.storage)
    const empty = rig({ onPiece: () => new Uint8Array(0) })
    expect(await codeOf(empty.store.ensure('first', forever))).toBe('source_unavailable')
    const long = rig({ onPiece: (piece) => new Uint8Array([...piece, ...new Uint8Array(10)]), pieceBytes: 1 << 20 })
    await long.store.ensure('first', forever).catch(() => undefined)
    await expectOnlyVerified(long.storage)
  })

  test('is asked for no more than the bound at a time', async () => {
    const { store, storage, source } = rig({ concurrency: 2 })
    await store.ensure('first', forever)
    for (const index of [0, 2, 4]) {
      storage.chunks.delete(graphChunks[index] as string)
    }
    await store.ensure('first', forever)
    expect(source.asked.slice(3).map(({ offset }) => offset)).toEqual([0, 8_192, 16_384])
    expect(source.mostOpen).toBe(2)
  })
})

describe('ensure', () => {
  test('ends with the reason of its signal; what came stays; no request is left open', async () => {
    const stop = new AbortController()
    const reason = new CodedError('stopped', 'enough')
    const { store, storage, source } = rig()
    const work = store.ensure('first', stop.signal, ({ receivedBytes }) => {
      if (receivedBytes > 4_096) {
        stop.abort(reason)
      }
    })
    await expect(work).rejects.toBe(reason)
    expect(storage.chunks.size).toBeGreaterThan(0)
    expect(source.open).toBe(0)
    await expectOnlyVerified(storage)
    await expect(store.ensure('first', stop.signal)).rejects.toBe(reason)
  })

  test('called twice at once shares the work; the second goes on when the first is stopped', async () => {
    const both = rig()
    await Promise.all([both.store.ensure('first', forever), both.store.ensure('first', forever)])
    expect(both.source.asked).toHaveLength(3)

    const stop = new AbortController()
    const { store, source } = rig({
      onPiece: (piece) => {
        stop.abort()
        return piece
      },
      concurrency: 1,
    })
    const [first, second] = await Promise.allSettled([
      store.ensure('first', stop.signal),
      store.ensure('first', forever),
    ])
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
    expect(source.asked.length).toBeGreaterThan(3)
    await expectWhole(store, model)
  })

  test('who waits for another can stop waiting', async () => {
    const gate = Promise.withResolvers<void>()
    const { store } = rig({
      onPiece: async (piece) => {
        await gate.promise
        return piece
      },
    })
    const first = store.ensure('first', forever)
    const stop = new AbortController()
    const second = store.ensure('first', stop.signal)
    stop.abort()
    expect(await codeOf(second)).toBe('aborted')
    gate.resolve()
    await first
    expect(await store.has('first')).toBe(true)
  })

  test('a full storage is storage_full, and goes on when there is room', async () => {
    const { store, storage, source } = rig()
    storage.roomBytes = 9_000
    expect(await codeOf(store.ensure('first', forever))).toBe('storage_full')
    expect(source.open).toBe(0)
    await expectOnlyVerified(storage)
    storage.roomBytes = 1_000_000
    await store.ensure('first', forever)
    await expectWhole(store, model)
  })

  test('however often it is cut and spoiled, it ends with the right bytes and never keeps a wrong one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('fine', 'cut', 'flip', 'empty'), { maxLength: 30 }),
        fc.integer({ min: 1, max: 9_000 }),
        async (fates, pieceBytes) => {
          const { store, storage } = rig({
            pieceBytes,
            onPiece: (piece) => {
              const fate = fates.shift()
              if (fate === 'cut') {
                throw new CodedError('source_unavailable', 'cut')
              }
              if (fate === 'flip') {
                piece[0] = (piece[0] as number) ^ 1
              }
              return fate === 'empty' ? piece.subarray(0, 0) : piece
            },
          })
          for (let i = 0; i < 40 && !(await store.has('first')); i++) {
            await store.ensure('first', forever).catch((error: unknown) => {
              expect(['source_unavailable', 'source_mismatch']).toContain(errorCode(error))
            })
            await expectOnlyVerified(storage)
          }
          await expectWhole(store, model)
        },
      ),
      { numRuns: 60 },
    )
  })
})
