/** The built-in model in a page of the browser tests, and a job on it: whale-model.ts without a file system. */
import { decodeManifest } from '../../../src/models/manifest.ts'
import { createModelText } from '../../../src/models/text.ts'
import type { GenerateJob, GenerateResult, InferencePort, ScoreJob } from '../../../src/protocol/inference.ts'
import type { LoadedModel } from '../../../src/worker/inference/serving-model.ts'

export const WHALE = 'whale-0.9m'
/** Where the test server has the models of this repository. */
export const MODELS_URL = new URL('/models/', location.href).href
export const NEVER: AbortSignal = new AbortController().signal

export async function fetchWhale(): Promise<LoadedModel> {
  const read = async (path: string): Promise<Response> => fetch(`${MODELS_URL}${WHALE}/${path}`)
  const manifest = decodeManifest(await (await read('manifest.json')).text())
  const tokenizer = await (await read(manifest.tokenizer)).text()
  const config = await (await read(manifest.tokenizerConfig)).text()
  const graph = new Uint8Array(await (await read(manifest.graph)).arrayBuffer())
  return { manifest, graph, text: createModelText(tokenizer, config) }
}

export function pageJob(temperature: number, maxTokens: number): GenerateJob {
  const sampling = {
    temperature: Math.round(temperature * 65_536),
    topK: 0,
    topP: 65_536,
    frequencyPenalty: 0,
    presencePenalty: 0,
    logitBias: [],
  }
  const prompt = [400, 277, 300, 261, 512, 33, 270, 290, 265]
  return { model: WHALE, prompt, maxTokens, sampling, samplingSeed: new Uint8Array(32).fill(1), choice: 0, stop: [] }
}

export function pageCheck(
  { maxTokens: _, ...job }: GenerateJob,
  output: readonly number[],
  engine: ScoreJob['engine'],
): ScoreJob {
  return { ...job, output, engine }
}

export interface PageOutput extends GenerateResult {
  readonly tokens: readonly number[]
  readonly scores: Uint8Array
}

/** `onToken` sees how many tokens there are. */
export async function generateInPage(
  port: InferencePort,
  job: GenerateJob,
  onToken: (count: number) => void = () => undefined,
  signal: AbortSignal = NEVER,
): Promise<PageOutput> {
  const tokens: number[] = []
  const scores: number[] = []
  const onTokens = (chunk: { readonly tokens: readonly number[]; readonly scores: Uint8Array }): void => {
    tokens.push(...chunk.tokens)
    scores.push(...chunk.scores)
    onToken(tokens.length)
  }
  const result = await port.generate(job, { onTokens }, signal)
  return { ...result, tokens, scores: Uint8Array.from(scores) }
}
