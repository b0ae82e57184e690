import { describe, expect, onTestFinished, test } from 'vitest'
import {
  generateInPage,
  MODELS_URL,
  NEVER,
  pageCheck,
  pageJob,
  WHALE,
} from '../../test/support/inference/page-model.ts'
import { REFERENCE_CHECK, REFERENCE_SCORES_SHA256 } from '../../test/support/inference/reference-scores.ts'
import { toHex } from '../lib/bytes.ts'
import { sha256 } from '../protocol/hash.ts'
import { decodeScores } from '../protocol/sampling/scores.ts'
import { NUMERIC_CLASSES } from '../protocol/work/classes.ts'
import { channelOfBrowserPort } from './compute-channel.ts'
import type { PageInit } from './inference/contract.ts'
import type { InferenceClient } from './inference/inference-client.ts'
import { createInferenceClient } from './inference/inference-client.ts'

const LIMITS = NUMERIC_CLASSES['fp32-webgpu']

function startWorker(backend: PageInit['backend'], modelsUrl: string = MODELS_URL): InferenceClient {
  const worker = new Worker(new URL('./inference-entry-browser.ts', import.meta.url), { type: 'module' })
  const channel = channelOfBrowserPort(worker)
  channel.send({ modelsUrl, backend } satisfies PageInit)
  const client = createInferenceClient(channel)
  worker.addEventListener('error', (event) => {
    event.preventDefault()
    client.close(event.message)
  })
  onTestFinished(() => worker.terminate())
  return client
}

function topTokens(scores: Uint8Array, positions: number): number[][] {
  return decodeScores(scores, positions).map(({ top }) => top.map(({ token }) => token))
}

async function storageFolder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle('tailrace-models', { create: true })
}

async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = []
  for await (const name of folder.keys()) {
    names.push(name)
  }
  return names
}

/** A software GPU shares the processors with everything else. */
const TIMEOUT_MS = 300_000

describe('the inference worker of the page', { timeout: TIMEOUT_MS }, () => {
  test('WebGPU and WASM agree: equal tokens and top-5, margins within the class limit', async () => {
    const gpu = startWorker('webgpu')
    const report = await gpu.load(WHALE, NEVER)
    expect(report).toMatchObject({ backend: 'webgpu', numericClass: 'fp32-webgpu', choiceReason: '' })
    expect(report.adapter).toMatch(/^WebGPU .*swiftshader/)
    expect(2 * report.canaryDifference).toBeLessThanOrEqual(LIMITS.hardMargin)
    const wasm = startWorker('wasm')
    expect(await wasm.load(WHALE, NEVER)).toMatchObject({ backend: 'wasm', adapter: 'WASM', choiceReason: '' })
    const job = pageJob(0.7, 24)
    const output = await generateInPage(gpu, job)
    expect(output.finish).toBe('length')
    for (const engine of ['own', 'reference'] as const) {
      const checked = await wasm.score(pageCheck(job, output.tokens, engine), NEVER)
      expect(topTokens(checked.scores, 24)).toEqual(topTokens(output.scores, 24))
      expect(Math.max(...checked.margins)).toBeLessThanOrEqual(LIMITS.softMargin)
    }
    const long = pageJob(1, 90)
    const other = await generateInPage(wasm, long)
    const checkedByGpu = await gpu.score(pageCheck(long, other.tokens, 'own'), NEVER)
    expect(checkedByGpu.numericClass).toBe('fp32-webgpu')
    expect(Math.max(...checkedByGpu.margins)).toBeLessThanOrEqual(LIMITS.softMargin)
    const altered = other.tokens.with(50, ((other.tokens[50] as number) + 1) % 1024)
    const caught = await gpu.score(pageCheck(long, altered, 'own'), NEVER)
    expect(Math.max(...caught.margins)).toBeGreaterThan(LIMITS.hardMargin)
  })

  test('the reference engine gives the bytes that it gives in Node, also beside WebGPU', async () => {
    for (const backend of ['wasm', 'webgpu'] as const) {
      const { scores, numericClass } = await startWorker(backend).score(REFERENCE_CHECK, NEVER)
      expect(numericClass).toBe('fp32-wasm')
      expect(toHex(sha256(scores))).toBe(REFERENCE_SCORES_SHA256)
    }
  })

  test('compares both backends by itself and says why it took the one it took', async () => {
    const client = startWorker('auto')
    const report = await client.load(WHALE, NEVER)
    expect(report.choiceReason).toBe('slower')
    const stop = new AbortController()
    const output = await generateInPage(client, pageJob(0.7, 200), (count) => count === 3 && stop.abort(), stop.signal)
    expect(output.finish).toBe('cancelled')
    expect(output.outputTokens).toBeLessThanOrEqual(4)
    await client.dispose()
  })

  test('models come from the private file system; a flipped byte there is found and fetched again', async () => {
    const folder = await storageFolder()
    for (const name of await namesIn(folder)) {
      await folder.removeEntry(name)
    }
    await startWorker('wasm').load(WHALE, NEVER)
    const names = await namesIn(folder)
    expect(names.length).toBeGreaterThan(2)
    const sizes = await Promise.all(
      names.map(async (name) => [(await (await folder.getFileHandle(name)).getFile()).size, name] as const),
    )
    const [, largest] = sizes.toSorted(([a], [b]) => b - a)[0] as readonly [number, string]
    const file = await folder.getFileHandle(largest)
    const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer())
    const intact = toHex(sha256(bytes))
    bytes[1_000] = (bytes[1_000] as number) ^ 1
    const writable = await file.createWritable()
    await writable.write(bytes)
    await writable.close()
    expect(await startWorker('wasm').load(WHALE, NEVER)).toMatchObject({ backend: 'wasm' })
    const healed = new Uint8Array(await (await (await folder.getFileHandle(largest)).getFile()).arrayBuffer())
    expect(toHex(sha256(healed))).toBe(intact)
  })

  test('a model that is nowhere, and a start that is none', async () => {
    const client = startWorker('wasm')
    await expect(client.load('../secret', NEVER)).rejects.toMatchObject({ code: 'unknown_model' })
    await expect(client.load('no-such-model', NEVER)).rejects.toMatchObject({
      code: expect.stringMatching(/^(unknown_model|invalid_manifest)$/),
    })
    const broken = startWorker('cpu' as 'wasm')
    await expect(broken.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'worker_gone' })
  })
})
