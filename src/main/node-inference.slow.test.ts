import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { generateAll, jobOn, NEVER, scoreJobOf } from '../../test/support/inference/test-engine.ts'
import { loadWhale, MODELS_FOLDER, WHALE } from '../../test/support/inference/whale-model.ts'
import { tempTree } from '../../test/support/temp-tree.ts'
import type { NodeInference } from './node-inference.ts'
import { createNodeInference } from './node-inference.ts'

const whale = loadWhale()

function startInference(file: string, modelsFolder: string, threads = 1): NodeInference {
  const workerFile = new URL(file, import.meta.url)
  const inference = createNodeInference({ workerFile, modelsFolder, threads })
  onTestFinished(() => inference.stop())
  return inference
}

test('a worker that dies fails what is under way; the next request starts another one, which loads by itself', async () => {
  const folder = tempTree({})
  cpSync(fileURLToPath(new URL(`${WHALE}/`, MODELS_FOLDER)), `${folder}/${WHALE}`, { recursive: true })
  const inference = startInference('../../test/support/inference/mortal-worker.ts', folder)
  await expect(inference.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'worker_gone' })
  const job = jobOn(whale, { temperature: 0.5, maxTokens: 10 })
  const { tokens } = await generateAll(inference, job)
  expect(tokens).toHaveLength(10)
  expect(await inference.score(scoreJobOf(job, tokens, 'reference'), NEVER)).toMatchObject({ ending: 'open' })
})

test('after the stop nothing is started any more, and what was under way ends', async () => {
  const inference = startInference('../worker/inference-entry-node.ts', fileURLToPath(MODELS_FOLDER))
  const open = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const onTokens = (): Promise<void> => {
    begun.resolve()
    return open.promise
  }
  const generating = inference.generate(jobOn(whale), { onTokens }, NEVER)
  const ended = expect(generating).rejects.toMatchObject({ code: 'worker_gone' })
  await begun.promise
  await inference.stop()
  await ended
  await expect(inference.load(WHALE, NEVER)).rejects.toMatchObject({ code: 'worker_gone' })
})

test('several threads compute the same within the class; the reference engine has one thread always', async () => {
  const folder = fileURLToPath(MODELS_FOLDER)
  const [two, one] = [2, 1].map((threads) => startInference('../worker/inference-entry-node.ts', folder, threads)) as [
    NodeInference,
    NodeInference,
  ]
  expect(await two.load(WHALE, NEVER)).toMatchObject({ adapter: 'WASM, 2 threads' })
  const job = jobOn(whale, { temperature: 0.9, maxTokens: 50 })
  const { tokens } = await generateAll(two, job)
  expect(tokens).toEqual((await generateAll(one, job)).tokens)
  const check = scoreJobOf(job, tokens, 'reference')
  expect(await two.score(check, NEVER)).toEqual(await one.score(check, NEVER))
})
