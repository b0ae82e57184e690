import { AutoModelForCausalLM, env, Tensor } from '@huggingface/transformers'
import { createInferenceEngine } from '../../src/worker/inference/create-engine.ts'
import { createPageOrtLoader } from '../../src/worker/inference/ort/ort-page-loader.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { fetchWhale, generateInPage, NEVER, pageJob, WHALE } from '../../test/support/inference/page-model.ts'

/** The page of bench/inference.ts: our decode loop and the one of a stock runtime, on one model and one thread of WASM. */
export interface DecodeRates {
  /** Tokens per second, greedy. */
  readonly ours: number
  readonly stock: number
  /** Ours with bound sampling at temperature 1. */
  readonly sampled: number
  /** Both gave the same greedy tokens. */
  readonly isSame: boolean
}

declare global {
  interface Window {
    measureDecoding?: (tokens: number) => Promise<DecodeRates>
  }
}

const ROUNDS = 4
const STOCK_RUNTIME = '/node_modules/@huggingface/transformers/node_modules/onnxruntime-web/dist/'

type Generate = (tokens: number) => Promise<readonly number[]>

async function createOurs(temperature: number): Promise<Generate> {
  const whale = await fetchWhale()
  const engine = createInferenceEngine(
    { loader: createPageOrtLoader(), models: { open: async () => whale }, clock: systemClock, gpu: undefined },
    { backend: 'wasm', threads: 1 },
  )
  await engine.load(WHALE, NEVER)
  return async (tokens) => (await generateInPage(engine, pageJob(temperature, tokens))).tokens
}

async function createStock(): Promise<Generate> {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = '/models/'
  const { wasm } = env.backends.onnx
  if (wasm !== undefined) {
    wasm.wasmPaths = STOCK_RUNTIME
    wasm.numThreads = 1
    wasm.proxy = false
  }
  const model = await AutoModelForCausalLM.from_pretrained(WHALE, { dtype: 'fp32', device: 'wasm' })
  const { prompt } = pageJob(0, 1)
  return async (tokens) => {
    const inputs = {
      input_ids: new Tensor('int64', BigInt64Array.from(prompt, BigInt), [1, prompt.length]),
      attention_mask: new Tensor('int64', new BigInt64Array(prompt.length).fill(1n), [1, prompt.length]),
    }
    const output = (await model.generate({
      ...inputs,
      max_new_tokens: tokens,
      min_new_tokens: tokens,
      do_sample: false,
    })) as Tensor
    return Array.from(output.data as BigInt64Array, Number).slice(prompt.length)
  }
}

/** In turns, so that a change of the machine's mood meets all; the best of the rounds after the first. */
async function bestRates(variants: readonly Generate[], tokens: number): Promise<number[]> {
  const best = variants.map(() => 0)
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, generate] of variants.entries()) {
      const startedMs = performance.now()
      const { length } = await generate(tokens)
      const rate = (length * 1_000) / (performance.now() - startedMs)
      best[index] = round === 0 ? 0 : Math.max(best[index] as number, rate)
    }
  }
  return best
}

window.measureDecoding = async (tokens) => {
  const variants = [await createOurs(0), await createStock(), await createOurs(1)] as const
  const isSame = (await variants[0](32)).join() === (await variants[1](32)).join()
  const [ours, stock, sampled] = (await bestRates(variants, tokens)) as [number, number, number]
  return { ours, stock, sampled, isSame }
}
