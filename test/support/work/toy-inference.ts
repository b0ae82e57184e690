/** An InferencePort at the pace of the virtual clock: real bound sampling on pseudo-random logits. */
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../../src/lib/runtime.ts'
import type {
  GenerateJob,
  GenerateListener,
  GenerateResult,
  InferencePort,
  InferenceReport,
  ScoreJob,
  ScoreResult,
} from '../../../src/protocol/inference.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import { createSampler } from '../../../src/protocol/sampling/sampler.ts'
import { writeScores } from '../../../src/protocol/sampling/scores.ts'
import { generateLogits } from '../sampling-logits.ts'

export interface ToyInferenceOptions {
  readonly stepMs?: number
  readonly report?: Partial<InferenceReport>
}

export interface ToyInference extends InferencePort {
  /** What the next calls do, where they shall fail. */
  readonly faults: { load?: string; generate?: string }
  /** Outputs begun so far. */
  readonly begun: GenerateJob[]
  /** As when the page with the GPU was closed and another opened. */
  nextGeneration(report?: Partial<InferenceReport>): void
}

const VOCABULARY = 64
const END_TOKEN = 0

export function createToyInference(clock: Clock, options: ToyInferenceOptions = {}): ToyInference {
  return new Toy(clock, options)
}

class Toy implements ToyInference {
  readonly faults: { load?: string; generate?: string } = {}
  readonly begun: GenerateJob[] = []
  readonly #clock: Clock
  readonly #stepMs: number
  #generation = 0
  #changes: Partial<InferenceReport>

  constructor(clock: Clock, { stepMs = 100, report = {} }: ToyInferenceOptions) {
    this.#clock = clock
    this.#stepMs = stepMs
    this.#changes = report
  }

  async load(model: string): Promise<InferenceReport> {
    failIf(this.faults.load)
    return { ...REPORT, model, ...this.#changes }
  }

  async generate(job: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult> {
    this.begun.push(job)
    const sampler = createSampler(job.sampling, job.samplingSeed, job.choice, VOCABULARY)
    for (let outputTokens = 0; ; ) {
      try {
        await this.#clock.sleep(this.#stepMs, signal)
      } catch {
        // Only the signal ends a sleep.
        return { finish: 'cancelled', outputTokens }
      }
      failIf(this.faults.generate)
      const logits = logitsOf(job, outputTokens)
      const token = sampler.choose(logits)
      const scores = new Uint8Array(SCORE_BYTES)
      writeScores(logits, token, new DataView(scores.buffer), 0)
      sampler.accept(token)
      outputTokens += 1
      await listener.onTokens({ tokens: [token], scores })
      if (signal.aborted) {
        return { finish: 'cancelled', outputTokens }
      }
      if (token === END_TOKEN || outputTokens >= job.maxTokens) {
        return { finish: token === END_TOKEN ? 'stop' : 'length', outputTokens }
      }
    }
  }

  async score(job: ScoreJob): Promise<ScoreResult> {
    const sampler = createSampler(job.sampling, job.samplingSeed, job.choice, VOCABULARY)
    const scores = new Uint8Array(job.output.length * SCORE_BYTES)
    const margins = new Int32Array(job.output.length)
    for (const [position, token] of job.output.entries()) {
      const logits = logitsOf(job, position)
      writeScores(logits, token, new DataView(scores.buffer), position * SCORE_BYTES)
      margins[position] = sampler.margin(logits, token)
      sampler.accept(token)
    }
    const ending = job.output.at(-1) === END_TOKEN ? 'end_token' : 'open'
    return { numericClass: REPORT.numericClass, scores, margins, ending }
  }

  generation(): number {
    return this.#generation
  }

  nextGeneration(report: Partial<InferenceReport> = {}): void {
    this.#generation += 1
    this.#changes = report
  }
}

function failIf(code: string | undefined): void {
  if (code !== undefined) {
    throw new CodedError(code, 'the toy was told to fail')
  }
}

const REPORT: InferenceReport = {
  model: '',
  backend: 'wasm',
  numericClass: 'fp32-wasm',
  adapter: 'toy',
  contextTokens: 256,
  tokensPerSecond: 100,
  choiceReason: '',
  canaryDifference: 0,
}

function logitsOf({ prompt }: { readonly prompt: readonly number[] }, position: number): Int32Array {
  const start = prompt.reduce((sum, token) => (Math.imul(sum, 31) + token) >>> 0, 7)
  return generateLogits({ start, size: VOCABULARY, spread: 400_000, grain: 1, masked: [] }, position)
}
