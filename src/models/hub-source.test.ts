import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { HubFate, HubServer } from '../../test/support/hub-server.ts'
import { startHubServer } from '../../test/support/hub-server.ts'
import { MemoryChunks } from '../../test/support/model-chunks.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { concatBytes } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../lib/runtime.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { HubSourceOptions } from './hub-source.ts'
import { createHubSource, hubBaseUrl } from './hub-source.ts'
import { decodeManifest } from './manifest.ts'
import { createModelStore } from './model-store.ts'
import type { ModelSource } from './ports.ts'
import { createSha256 } from './ports.ts'

const folder = new URL('../../models/whale-0.9m/', import.meta.url)
const manifest = decodeManifest(readFileSync(new URL('manifest.json', folder), 'utf8'))
const files = new Map(
  manifest.files.map((file) => [file.path, new Uint8Array(readFileSync(new URL(file.path, folder)))]),
)
const graph = files.get('onnx/model.onnx') as Uint8Array
const config = files.get('config.json') as Uint8Array
const forever = new AbortController().signal
const SILENCE_MS = 12_345

/** Waits between requests pass at once and are noted; silence lasts until the test says so. */
class NotingClock implements Clock {
  readonly waitsMs: number[] = []
  readonly #silences = new Set<() => void>()

  nowMs(): number {
    return 1_700_000_000_000
  }

  sleep(delayMs: number, signal?: AbortSignalLike): Promise<void> {
    if (delayMs !== SILENCE_MS) {
      this.waitsMs.push(delayMs)
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      this.#silences.add(resolve)
      signal?.addEventListener('abort', () => {
        this.#silences.delete(resolve)
        reject(signal.reason)
      })
    })
  }

  silenceIsOver(): void {
    for (const resolve of this.#silences) {
      resolve()
    }
  }

  get watched(): number {
    return this.#silences.size
  }
}

let server: HubServer
let clock: NotingClock

beforeAll(async () => {
  server = await startHubServer(files)
})
afterAll(() => server.stop())
beforeEach(() => {
  clock = new NotingClock()
  server.fates.length = 0
  server.always = { kind: 'fine' }
  ;(server.requests as unknown[]).length = 0
})

const source = (options: Partial<HubSourceOptions> = {}): ModelSource =>
  createHubSource({ fetch, clock }, { baseUrl: server.baseUrl, silenceMs: SILENCE_MS, ...options })

async function readAll(
  path: string,
  offset: number,
  length: number,
  { from = source(), signal = forever }: { from?: ModelSource; signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of from.read(path, { offset, length, fileBytes: files.get(path)?.length ?? 1_000 }, signal)) {
    pieces.push(piece)
  }
  return concatBytes(...pieces)
}

const readPart = (): Promise<Uint8Array> => readAll('onnx/model.onnx', 1_000_000, 500_000)
const part = graph.subarray(1_000_000, 1_500_000)
const failureOf = (work: Promise<unknown>): Promise<{ code: string; fields?: unknown }> =>
  work.then(
    () => ({ code: 'nothing thrown' }),
    (error: CodedError) => ({ code: errorCode(error), fields: error.fields }),
  )

describe('a hub source reads', () => {
  test('a whole file without a range, a part with one, through redirects', async () => {
    expect(await readAll('config.json', 0, config.length)).toEqual(config)
    expect(await readPart()).toEqual(part)
    expect(server.requests).toEqual([
      { path: 'config.json', range: undefined },
      { path: 'onnx/model.onnx', range: 'bytes=1000000-1499999' },
    ])
    expect(clock.watched).toBe(0)
  })

  test('from a server that ignores ranges, by skipping', async () => {
    server.always = { kind: 'ignore-range' }
    expect(await readPart()).toEqual(part)
    expect(server.requests).toHaveLength(1)
    expect(await readAll('onnx/model.onnx', graph.length - 5, 5)).toEqual(graph.subarray(-5))
  })

  test('from a server that hides the range header, as other origins do in browsers', async () => {
    server.always = { kind: 'hide-range' }
    expect(await readPart()).toEqual(part)
  })

  test('on from where a body broke off', async () => {
    server.fates.push({ kind: 'truncate', bytes: 300_000 }, { kind: 'truncate', bytes: 10 })
    expect(await readPart()).toEqual(part)
    expect(server.requests).toHaveLength(3)
    const starts = server.requests.map(({ range }) => Number(/bytes=(\d+)-1499999/.exec(range ?? '')?.[1]))
    expect(starts[0]).toBe(1_000_000)
    expect(starts).toEqual([...starts].sort((a, b) => a - b))
    expect(starts[2]).toBeGreaterThan(1_000_000)
  })

  test('on from where a body was shorter than asked for', async () => {
    server.fates.push({ kind: 'short', bytes: 100_000 })
    expect(await readPart()).toEqual(part)
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=1000000-1499999', 'bytes=1100000-1499999'])
  })

  test.each<HubFate>([
    { kind: 'status', status: 416 },
    { kind: 'status', status: 206, headers: { 'content-encoding': 'gzip' } },
    { kind: 'wrong-range' },
    { kind: 'wrong-total' },
  ])('the whole file where a range is answered with %j', async (fate) => {
    server.fates.push(fate)
    expect(await readPart()).toEqual(part)
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=1000000-1499999', undefined])
    expect(clock.waitsMs).toEqual([0])
  })
})

describe('a hub source waits', () => {
  test('as long as the server asks, in seconds or until a date', async () => {
    const date = new Date(clock.nowMs() + 30_000).toUTCString()
    server.fates.push(
      { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
      { kind: 'status', status: 503, headers: { 'retry-after': date } },
      { kind: 'status', status: 503, headers: { 'retry-after': 'soon' } },
      { kind: 'status', status: 500 },
    )
    expect(await readPart()).toEqual(part)
    expect(clock.waitsMs).toEqual([7_000, 30_000, 2_000, 4_000])
  })

  test('not for ever: then the caller hears how long', async () => {
    server.always = { kind: 'status', status: 429, headers: { 'retry-after': '3600' } }
    expect(await failureOf(readPart())).toMatchObject({
      code: 'source_unavailable',
      fields: { status: 429, retryAfterMs: 3_600_000 },
    })
    expect(server.requests).toHaveLength(1)
  })

  test('longer and longer, and gives up', async () => {
    server.always = { kind: 'status', status: 503 }
    expect(await failureOf(readPart())).toMatchObject({ code: 'source_unavailable', fields: { status: 503 } })
    expect(server.requests).toHaveLength(5)
    expect(clock.waitsMs).toEqual([500, 1_000, 2_000, 4_000])
  })

  test('and gives up on one that sends a byte and breaks off, again and again', async () => {
    server.always = { kind: 'truncate', bytes: 1 }
    expect(await failureOf(readPart())).toMatchObject({ code: 'source_unavailable' })
    expect(server.requests).toHaveLength(5)
  })

  test('and counts anew after progress', async () => {
    for (let i = 0; i < 8; i++) {
      server.fates.push({ kind: 'short', bytes: 300_000 })
    }
    expect(await readAll('onnx/model.onnx', 100, 2_700_000)).toEqual(graph.subarray(100, 2_700_100))
    expect(server.requests).toHaveLength(9)
    expect(new Set(clock.waitsMs)).toEqual(new Set([500]))
  })

  test('no longer than the silence that it bears', async () => {
    server.fates.push({ kind: 'silent' })
    const work = readPart()
    await waitFor('the request', () => server.requests.length === 1 && clock.watched === 1)
    clock.silenceIsOver()
    expect(await work).toEqual(part)
    expect(server.requests).toHaveLength(2)
    expect(clock.watched).toBe(0)
  })

  test('where nobody listens, as for a server that failed', async () => {
    const gone = await startHubServer(files)
    await gone.stop()
    const from = source({ baseUrl: gone.baseUrl, attempts: 2 })
    expect(await failureOf(readAll('config.json', 0, 10, { from }))).toMatchObject({ code: 'source_unavailable' })
    expect(clock.waitsMs).toEqual([500])
  })
})

describe('a hub source refuses at once', () => {
  test.each<HubFate>([
    { kind: 'status', status: 401 },
    { kind: 'status', status: 403 },
    { kind: 'status', status: 204 },
  ])('%j', async (fate) => {
    server.always = fate
    expect(await failureOf(readPart())).toMatchObject({ code: 'source_mismatch' })
    expect(server.requests).toHaveLength(1)
  })

  test('a file that is not there, or has another size', async () => {
    expect(await failureOf(readAll('no/such.file', 0, 10))).toMatchObject({
      code: 'source_mismatch',
      fields: { status: 404 },
    })
    server.always = { kind: 'short', bytes: 100 }
    expect(await failureOf(readAll('config.json', 0, config.length))).toMatchObject({ code: 'source_mismatch' })
    server.always = { kind: 'status', status: 416 }
    expect(await failureOf(readPart())).toMatchObject({ code: 'source_mismatch', fields: { status: 416 } })
  })

  test.each(['file:///etc/', 'http://x', 'https://user:pass@x/', 'https://x/?q=/', 'https://x/#/', 'x/', ''])(
    '%j as the address of a hub',
    (baseUrl) => {
      expect(() => source({ baseUrl: baseUrl === 'http://x' ? 'http://x/y' : baseUrl })).toThrow(CodedError)
    },
  )

  test('names that are none of a repository', () => {
    expect(hubBaseUrl('https://huggingface.co', 'owner/name', 'main')).toBe(
      'https://huggingface.co/owner/name/resolve/main/',
    )
    for (const [repository, revision] of [
      ['name', 'main'],
      ['../x', 'main'],
      ['a/b/c', 'main'],
      ['a/b', '../../x'],
      ['a/b', ''],
      ['a/b?x', 'main'],
    ] as const) {
      expect(() => hubBaseUrl('https://huggingface.co', repository, revision)).toThrow(CodedError)
    }
  })
})

describe('a hub source ends', () => {
  test('with the reason of its signal, in the middle of a body or before an answer', async () => {
    const reason = new CodedError('stopped', 'enough')
    for (const fate of [{ kind: 'silent' }, { kind: 'fine' }] as const) {
      const stop = new AbortController()
      server.fates.push(fate)
      const before = server.requests.length
      const reading = (async () => {
        for await (const _ of source().read('onnx/model.onnx', wholeGraph, stop.signal)) {
          stop.abort(reason)
        }
      })()
      if (fate.kind === 'silent') {
        await waitFor('the request', () => server.requests.length > before)
        stop.abort(reason)
      }
      await expect(reading).rejects.toBe(reason)
    }
    expect(clock.watched).toBe(0)
    await waitFor('both connections to close', () => server.abandoned() >= 1)
  })

  test('where its reader has enough', async () => {
    const before = server.abandoned()
    server.fates.push({ kind: 'truncate', bytes: graph.length - 1 })
    for await (const piece of source().read('onnx/model.onnx', wholeGraph, forever)) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    await waitFor('the connection to close', () => server.abandoned() > before)
    expect(server.requests).toHaveLength(1)
    expect(clock.watched).toBe(0)
  })
})

const wholeGraph = { offset: 0, length: graph.length, fileBytes: graph.length }

describe('a store behind a hub', () => {
  test('gets the whole model through everything that a server may do', async () => {
    const fate = fc.oneof(
      fc.constantFrom<HubFate>(
        { kind: 'fine' },
        { kind: 'ignore-range' },
        { kind: 'wrong-range' },
        { kind: 'hide-range' },
        { kind: 'status', status: 503 },
      ),
      fc.integer({ min: 0, max: 3_000_000 }).map((bytes): HubFate => ({ kind: 'truncate', bytes })),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 12 }), async (fates) => {
        server.fates.splice(0, Number.POSITIVE_INFINITY, ...fates)
        const store = createModelStore(
          {
            storage: new MemoryChunks(),
            sha256: createSha256(crypto.subtle),
            logger: SILENT_LOGGER,
            sourceOf: () => source({ attempts: 20 }),
          },
          { manifests: [manifest] },
        )
        await store.ensure('whale-0.9m', forever)
        for (const [path, bytes] of files) {
          expect(Buffer.compare(await store.readFile('whale-0.9m', path, forever), bytes)).toBe(0)
        }
      }),
      { numRuns: 15 },
    )
  })
})
