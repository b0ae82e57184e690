/** Whether each file of the built-in models, and each chunk that was kept, has the digest that names it. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { readManifestFile } from '../models/model-files.ts'
import { ok, problem } from './check.ts'

export interface ModelVerdict {
  readonly model: string
  readonly files: readonly {
    readonly path: string
    readonly sizeBytes: number
    readonly state: 'ok' | 'damaged' | 'absent'
  }[]
  /** Undefined where the manifest could be read. */
  readonly manifestError: string | undefined
}

const CHUNK_NAME = /^[0-9a-f]{64}$/

/** The files of one model in its folder against its manifest. */
export async function verifyModel(builtInFolder: string, model: string, signal: AbortSignal): Promise<ModelVerdict> {
  const folder = join(builtInFolder, model)
  try {
    const manifest = await readManifestFile(folder)
    const files: ModelVerdict['files'][number][] = []
    for (const { path, sizeBytes, sha256 } of manifest.files) {
      files.push({ path, sizeBytes, state: await stateOf(join(folder, path), sha256, signal) })
    }
    return { model, files, manifestError: undefined }
  } catch (error) {
    signal.throwIfAborted()
    return { model, files: [], manifestError: errorCode(error) }
  }
}

export async function checkModels(
  builtInFolder: string,
  models: readonly string[],
  cacheFolder: string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const model of models) {
    const { files, manifestError } = await verifyModel(builtInFolder, model, signal)
    const bad = files.find(({ state }) => state !== 'ok')
    const count = files.length
    findings.push(
      manifestError !== undefined
        ? problem('model_files', { model, file: 'manifest.json', count, reason: 'damaged' })
        : bad === undefined
          ? ok('model_files', { model, file: '', count, reason: 'ok' })
          : problem('model_files', { model, file: bad.path, count, reason: bad.state }),
    )
  }
  const chunk = await damagedChunk(cacheFolder, signal)
  return chunk === undefined
    ? findings
    : [...findings, problem('model_files', { model: '', file: chunk, count: 1, reason: 'damaged' })]
}

/** A kept chunk is named by its digest. */
async function damagedChunk(cacheFolder: string, signal: AbortSignal): Promise<string | undefined> {
  for (const prefix of await namesIn(cacheFolder)) {
    if (/^[0-9a-f]{2}$/.test(prefix)) {
      for (const name of (await namesIn(join(cacheFolder, prefix))).filter((one) => CHUNK_NAME.test(one))) {
        const place = join(cacheFolder, prefix, name)
        if ((await stateOf(place, name, signal)) === 'damaged') {
          return place
        }
      }
    }
  }
  return undefined
}

async function stateOf(file: string, sha256: string, signal: AbortSignal): Promise<'ok' | 'damaged' | 'absent'> {
  const hash = createHash('sha256')
  try {
    for await (const piece of createReadStream(file, { signal })) {
      hash.update(piece as Buffer)
    }
  } catch (error) {
    signal.throwIfAborted()
    return errorCode(error) === 'ENOENT' ? 'absent' : 'damaged'
  }
  return hash.digest('hex') === sha256 ? 'ok' : 'damaged'
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch {
    // Nothing was kept yet.
    return []
  }
}
