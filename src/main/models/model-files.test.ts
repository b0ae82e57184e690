import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { describeChunkNames, describeStoragePort } from '../../../test/conformance/storage-port.ts'
import { makeModel } from '../../../test/support/model-chunks.ts'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { concatBytes } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { encodeManifest, MANIFEST_LIMITS } from '../../models/manifest.ts'
import type { ModelStore } from '../../models/model-store.ts'
import { createModelStore } from '../../models/model-store.ts'
import type { ByteRange } from '../../models/ports.ts'
import { createSha256 } from '../../models/ports.ts'
import { createFolderSource, createModelFiles, readManifestFile } from './model-files.ts'

const whaleFolder = fileURLToPath(new URL('../../../models/whale-0.9m', import.meta.url))
const forever = new AbortController().signal
const HASH = '0f'.repeat(32)

describeStoragePort('a folder', async () => createModelFiles(join(tempTree({}), 'models')))
describeChunkNames('a folder', async () => createModelFiles(tempTree({})))

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing thrown',
    (error: unknown) => errorCode(error),
  )

describe('chunks in a folder', () => {
  test('are named by their hashes and leave no drafts', async () => {
    const folder = tempTree({})
    await createModelFiles(folder).write(HASH, Uint8Array.of(1, 2))
    expect(readdirSync(folder).sort()).toEqual(['0f', 'writing'])
    expect([...readFileSync(join(folder, '0f', HASH))]).toEqual([1, 2])
    expect(readdirSync(join(folder, 'writing'))).toEqual([])
  })

  test('drafts of a process that died are swept away; those of today stay', async () => {
    const folder = tempTree({ 'writing/old': 'x', 'writing/new': 'x' })
    utimesSync(join(folder, 'writing/old'), 1_000_000, 1_000_000)
    await createModelFiles(folder).write(HASH, Uint8Array.of(1))
    expect(readdirSync(join(folder, 'writing'))).toEqual(['new'])
  })

  test('a file too large to be a chunk is not read to its end', async () => {
    const folder = tempTree({})
    mkdirSync(join(folder, '0f'))
    writeFileSync(join(folder, '0f', HASH), new Uint8Array(MANIFEST_LIMITS.maxChunkBytes + 5_000))
    const read = await createModelFiles(folder).read(HASH)
    expect(read?.length).toBe(MANIFEST_LIMITS.maxChunkBytes + 1)
  })

  test('a place that cannot be used is storage_failed, and what is there stays', async () => {
    const folder = tempTree({ '0f': 'a file where a folder should be' })
    const storage = createModelFiles(folder)
    expect(await codeOf(storage.write(HASH, Uint8Array.of(1)))).toBe('storage_failed')
    expect(await codeOf(storage.exists(HASH))).toBe('storage_failed')
    expect(await codeOf(storage.read(HASH))).toBe('storage_failed')
    expect(readFileSync(join(folder, '0f'), 'utf8')).toBe('a file where a folder should be')
    expect(readdirSync(join(folder, 'writing'))).toEqual([])
  })

  test('a full disk is storage_full, leaves no draft, and the next write may succeed', async (context) => {
    if (!existsSync('/dev/full')) {
      context.skip('needs /dev/full, whose every write fails as on a full disk')
    }
    let isFull = true
    const folder = tempTree({})
    const storage = createModelFiles(folder, async (draft, bytes) => {
      await writeFile(draft, bytes.subarray(0, isFull ? 3 : bytes.length), { flag: 'wx' })
      await (isFull ? writeFile('/dev/full', bytes, { flag: 'r+' }) : undefined)
    })
    expect(await codeOf(storage.write(HASH, new Uint8Array(10)))).toBe('storage_full')
    expect(await storage.exists(HASH)).toBe(false)
    expect(readdirSync(join(folder, 'writing'))).toEqual([])
    isFull = false
    await storage.write(HASH, new Uint8Array(10))
    expect(await storage.exists(HASH)).toBe(true)
  })
})

describe('a folder of model files', () => {
  const readAll = async (folder: string, path: string, range: ByteRange, signal = forever): Promise<Uint8Array> => {
    const pieces: Uint8Array[] = []
    for await (const piece of createFolderSource(folder).read(path, range, signal)) {
      pieces.push(piece)
    }
    return concatBytes(...pieces)
  }

  test('gives any range', async () => {
    const bytes = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 7) % 256)
    const folder = tempTree({})
    writeFileSync(join(folder, 'graph'), bytes)
    for (const [offset, length] of [
      [0, 2_500_000],
      [1, 1_048_577],
      [2_499_999, 1],
    ] as const) {
      const read = await readAll(folder, 'graph', { offset, length, fileBytes: bytes.length })
      expect(Buffer.compare(read, bytes.subarray(offset, offset + length))).toBe(0)
    }
  })

  test('is a mismatch where a file is too short, unavailable where it is missing, and stays in its folder', async () => {
    const folder = join(tempTree({ secret: 'secret', 'model/config.json': '{}' }), 'model')
    const range = { offset: 0, length: 3, fileBytes: 3 }
    expect(await codeOf(readAll(folder, 'config.json', range))).toBe('source_mismatch')
    expect(await codeOf(readAll(folder, 'none.json', range))).toBe('source_unavailable')
    expect(await codeOf(readAll(folder, '../secret', range))).toBe('source_mismatch')
    expect(await codeOf(readAll(folder, '/etc/passwd', range))).toBe('source_mismatch')
  })

  test('stops with the reason of its signal', async () => {
    const reason = new CodedError('stopped', 'enough')
    const range = { offset: 0, length: 100, fileBytes: 380 }
    await expect(readAll(whaleFolder, 'config.json', range, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('has a manifest, or says what is wrong', async () => {
    expect((await readManifestFile(whaleFolder)).id).toBe('whale-0.9m')
    expect(await codeOf(readManifestFile(tempTree({})))).toBe('invalid_manifest')
    expect(await codeOf(readManifestFile(tempTree({ 'manifest.json': '{"id": 1}' })))).toBe('invalid_manifest')
    const { manifest } = makeModel('other')
    expect(await readManifestFile(tempTree({ 'manifest.json': encodeManifest(manifest) }))).toEqual(manifest)
  })
})

describe('the built-in model on disk', () => {
  async function openStore(folder: string, from = whaleFolder): Promise<ModelStore> {
    return createModelStore(
      {
        storage: createModelFiles(folder),
        sha256: createSha256(crypto.subtle),
        logger: SILENT_LOGGER,
        sourceOf: () => (from === '' ? undefined : createFolderSource(from)),
      },
      { manifests: [await readManifestFile(whaleFolder)] },
    )
  }

  test('is copied from its folder, read back, refused when a byte flips, and repaired from its folder', async () => {
    const folder = tempTree({})
    const store = await openStore(folder)
    await store.ensure('whale-0.9m', forever)
    const { graph, files } = store.manifest('whale-0.9m')
    const bytes = readFileSync(join(whaleFolder, graph))
    expect(Buffer.compare(await store.readFile('whale-0.9m', graph, forever), bytes)).toBe(0)

    const hash = files.find((file) => file.path === graph)?.chunks[2] as string
    const place = join(folder, hash.slice(0, 2), hash)
    const chunk = readFileSync(place)
    chunk[12_345] = (chunk[12_345] as number) ^ 4
    writeFileSync(place, chunk)
    expect(Buffer.compare(await store.readFile('whale-0.9m', graph, forever), bytes)).toBe(0)

    writeFileSync(place, chunk)
    const alone = await openStore(folder, '')
    expect(await codeOf(alone.readFile('whale-0.9m', graph, forever))).toBe('damaged_model')
    expect(existsSync(place)).toBe(false)
  })

  test('a second process goes on where the first was killed', async () => {
    const folder = tempTree({})
    const stop = new AbortController()
    const first = await openStore(folder)
    await first
      .ensure('whale-0.9m', stop.signal, ({ receivedBytes }) => (receivedBytes > 1_500_000 ? stop.abort() : undefined))
      .catch(() => undefined)
    const second = await openStore(folder)
    const received: number[] = []
    await second.ensure('whale-0.9m', forever, (step) => received.push(step.receivedBytes))
    expect(received[0]).toBeGreaterThan(1_500_000)
    expect(await second.has('whale-0.9m')).toBe(true)
  })
})
