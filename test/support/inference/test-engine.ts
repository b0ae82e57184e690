/** The real engine in the process of the test, on the WASM build, and what tests read from its jobs. */
import type { AbortSignalLike, Clock } from '../../../src/lib/runtime.ts'
import type { GenerateJob, GenerateResult, InferencePort, ScoreJob } from '../../../src/protocol/inference.ts'
import type { BackendSource } from '../../../src/worker/inference/backends.ts'
import { createReferenceSource, createWasmSource } from '../../../src/worker/inference/backends.ts'
import type { InferenceEngineOptions } from '../../../src/worker/inference/inference-engine.ts'
import { InferenceEngine } from '../../../src/worker/inference/inference-engine.ts'
import { TensorLedger } from '../../../src/worker/inference/model-session.ts'
import { Mutex } from '../../../src/worker/inference/mutex.ts'
import { createNodeOrtLoader } from '../../../src/worker/inference/ort/ort-node-loader.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { loadWhale, samplingOf, WHALE } from './whale-model.ts'

export const NEVER: AbortSignalLike = new AbortController().signal

/** All engines of a process share one instance of the runtime, and so its turns. */
const MUTEX = new Mutex()

export interface TestEngine {
  readonly engine: InferenceEngine
  readonly ledger: TensorLedger
  readonly whale: ReturnType<typeof loadWhale>
}

export interface TestEngineOptions extends InferenceEngineOptions {
  /** In place of the model's graph. */
  readonly graph?: Uint8Array
  /** What serves, made from what would: the plain WASM source where it is not given. */
  readonly serveWith?: (wasm: BackendSource, reference: BackendSource) => readonly BackendSource[]
  readonly clock?: Clock
}

export function createTestEngine(options: TestEngineOptions = {}): TestEngine {
  const whale = loadWhale()
  const ledger = new TensorLedger()
  const parts = { loader: createNodeOrtLoader(), mutex: MUTEX, ledger }
  const reference = createReferenceSource(parts)
  const wasm = createWasmSource(parts, 1)
  const candidates = options.serveWith?.(wasm, reference) ?? [wasm]
  const open = async () => ({ ...whale, graph: options.graph ?? whale.graph })
  const engine = new InferenceEngine(
    { models: { open }, clock: options.clock ?? systemClock, reference, candidates },
    options,
  )
  return { engine, ledger, whale }
}

export type JobOptions = Partial<Omit<GenerateJob, 'sampling' | 'samplingSeed' | 'prompt'>> & {
  readonly prompt?: string
  readonly seed?: number
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
}

export function jobOn(whale: ReturnType<typeof loadWhale>, options: JobOptions = {}): GenerateJob {
  return {
    model: WHALE,
    prompt: whale.text.encode(options.prompt ?? 'The whale rose out of the sea and'),
    maxTokens: options.maxTokens ?? 32,
    sampling: samplingOf(options),
    samplingSeed: new Uint8Array(32).fill(options.seed ?? 1),
    choice: options.choice ?? 0,
    stop: options.stop ?? [],
  }
}

export interface Generated extends GenerateResult {
  readonly tokens: readonly number[]
  readonly scores: Uint8Array
}

export async function generateAll(
  port: InferencePort,
  job: GenerateJob,
  signal: AbortSignalLike = NEVER,
): Promise<Generated> {
  const tokens: number[] = []
  const scores: number[] = []
  const onTokens = (chunk: { tokens: readonly number[]; scores: Uint8Array }): void => {
    tokens.push(...chunk.tokens)
    scores.push(...chunk.scores)
  }
  const result = await port.generate(job, { onTokens }, signal)
  return { ...result, tokens, scores: Uint8Array.from(scores) }
}

/** The check of what came out of a job. */
export function scoreJobOf(
  { maxTokens: _, ...job }: GenerateJob,
  output: readonly number[],
  engine: ScoreJob['engine'],
): ScoreJob {
  return { ...job, output, engine }
}
