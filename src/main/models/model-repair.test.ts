import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { createModelStore } from '../../models/model-store.ts'
import { createSha256 } from '../../models/ports.ts'
import { createFolderSource, createModelFiles, readManifestFile } from './model-files.ts'
import { repairModels } from './model-repair.ts'

const WHALE = fileURLToPath(new URL('../../../models/whale-0.9m', import.meta.url))
const forever = new AbortController().signal

async function scene({ hasCopy }: { readonly hasCopy: boolean }) {
  const root = tempTree({})
  const folder = join(root, 'whale')
  const cacheFolder = join(root, 'cache')
  cpSync(WHALE, folder, { recursive: true })
  const manifest = await readManifestFile(folder)
  if (hasCopy) {
    const storage = createModelFiles(cacheFolder)
    const sha256 = createSha256(crypto.subtle)
    const sourceOf = () => createFolderSource(folder)
    await createModelStore({ storage, sha256, logger: SILENT_LOGGER, sourceOf }, { manifests: [manifest] }).ensure(
      manifest.id,
      forever,
    )
  }
  const repair = () => repairModels({ logger: SILENT_LOGGER, folderOf: () => folder, cacheFolder }, [manifest], forever)
  return { folder, cacheFolder, manifest, repair }
}

function flip(file: string): void {
  const bytes = readFileSync(file)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(file, bytes)
}

test('whole files are left alone', async () => {
  const { folder, repair } = await scene({ hasCopy: false })
  expect(await repair()).toEqual({ repaired: [], left: [] })
  expect(readdirSync(folder).sort()).toEqual(readdirSync(WHALE).sort())
})

test('a flipped bit, a cut file and a missing one are written anew from verified chunks', async () => {
  const { folder, manifest, repair } = await scene({ hasCopy: true })
  const [first, second, third] = manifest.files.map(({ path }) => path)
  flip(join(folder, first ?? ''))
  writeFileSync(join(folder, second ?? ''), '{')
  rmSync(join(folder, third ?? ''))
  expect(await repair()).toEqual({
    repaired: [first, second, third].map((file) => ({ model: manifest.id, file })),
    left: [],
  })
  for (const { path } of manifest.files) {
    expect(Buffer.compare(readFileSync(join(folder, path)), readFileSync(join(WHALE, path)))).toBe(0)
  }
})

test('without a copy, or with a copy that is damaged too, it is named and nothing is written', async () => {
  const { folder, manifest, repair } = await scene({ hasCopy: false })
  const [file] = manifest.files
  const path = join(folder, file?.path ?? '')
  flip(path)
  const damaged = readFileSync(path)
  expect(await repair()).toEqual({ repaired: [], left: [{ model: manifest.id, file: file?.path }] })
  expect(Buffer.compare(readFileSync(path), damaged)).toBe(0)

  const other = await scene({ hasCopy: true })
  flip(join(other.folder, file?.path ?? ''))
  const [hash = ''] = file?.chunks ?? []
  copyFileSync(join(other.folder, file?.path ?? ''), join(other.cacheFolder, hash.slice(0, 2), hash))
  expect(await other.repair()).toEqual({ repaired: [], left: [{ model: manifest.id, file: file?.path }] })
})
