import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createTestEngine, generateAll, jobOn, NEVER, scoreJobOf } from '../../test/support/inference/test-engine.ts'
import { MODELS_FOLDER, WHALE } from '../../test/support/inference/whale-model.ts'
import { tempTree } from '../../test/support/temp-tree.ts'
import { channelOfNodePort } from './compute-channel.ts'
import type { InferenceClient } from './inference/inference-client.ts'
import { createInferenceClient } from './inference/inference-client.ts'

const here = createTestEngine()
afterAll(() => here.engine.stop())

function startWorker(modelsFolder: string): InferenceClient {
  const workerData = { modelsFolder, threads: 1 }
  const worker = new Worker(new URL('./inference-entry-node.ts', import.meta.url), { workerData })
  const client = createInferenceClient(channelOfNodePort(worker))
  worker.on('error', (error) => client.close(String(error)))
  onTestFinished(async () => void (await worker.terminate()))
  return client
}

test('the Node worker loads, generates and checks in a thread of its own, as the engine does here', async () => {
  const client = startWorker(fileURLToPath(MODELS_FOLDER))
  expect(await client.load(WHALE, NEVER)).toMatchObject({ model: WHALE, backend: 'wasm', choiceReason: 'no_adapter' })
  const job = jobOn(here.whale, { temperature: 0.9, maxTokens: 50 })
  const output = await generateAll(client, job)
  expect(output).toEqual(await generateAll(here.engine, job))
  for (const engine of ['own', 'reference'] as const) {
    const check = scoreJobOf(job, output.tokens, engine)
    expect(await client.score(check, NEVER)).toEqual(await here.engine.score(check, NEVER))
  }
  const stop = new AbortController()
  let tokens = 0
  const onTokens = (): void => {
    tokens += 1
    if (tokens === 4) {
      stop.abort()
    }
  }
  const cancelled = await client.generate({ ...job, maxTokens: 200 }, { onTokens }, stop.signal)
  expect(cancelled).toEqual({ finish: 'cancelled', outputTokens: tokens })
  expect(tokens).toBeLessThanOrEqual(5)
  await client.dispose()
})

test('a flipped byte, a missing file and a name that is none are refused', async () => {
  const folder = tempTree({})
  cpSync(fileURLToPath(new URL(`${WHALE}/`, MODELS_FOLDER)), `${folder}/${WHALE}`, { recursive: true })
  const graph = `${folder}/${WHALE}/${here.whale.manifest.graph}`
  const bytes = readFileSync(graph)
  bytes.writeUInt8(bytes.readUInt8(1_000_000) ^ 1, 1_000_000)
  writeFileSync(graph, bytes)
  const client = startWorker(folder)
  await expect(client.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'damaged_model' })
  writeFileSync(graph, bytes.subarray(0, 1_000))
  await expect(client.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'model_unavailable' })
  for (const name of ['shark', '../models', `${WHALE}/onnx`, '', '.']) {
    await expect(client.load(name, NEVER)).rejects.toMatchObject({ code: 'unknown_model' })
  }
})
