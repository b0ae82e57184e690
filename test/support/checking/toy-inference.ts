/**
 * A language model of a few lines behind the real bound sampling: its logits are a hash of the last tokens. Other weights are another model;
 * noise is what another device would round differently.
 */
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { AbortSignalLike } from '../../../src/lib/runtime.ts'
import type {
  GenerateJob,
  GenerateResult,
  InferencePort,
  ScoreJob,
  ScoreResult,
} from '../../../src/protocol/inference.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import { MAX_MARGIN } from '../../../src/protocol/sampling/margin.ts'
import { ONE, quantizeLogits } from '../../../src/protocol/sampling/quantize.ts'
import { createSampler } from '../../../src/protocol/sampling/sampler.ts'
import { writeScores } from '../../../src/protocol/sampling/scores.ts'

export const TOY_VOCABULARY = 64
export const TOY_CONTEXT = 256
export const TOY_END_TOKEN = 0
/** Tokens that decide the next one. */
const WINDOW = 4

export interface ToyOptions {
  /** Another number is another model. Default 1. */
  readonly weights?: number
  /** Logits of the own engine are off by up to so many units of Q16.16. Default 0. */
  readonly noise?: number
  /** Another number is other noise. Default 1. */
  readonly noiseSeed?: number
  readonly numericClass?: string
  /** Called before each pass; throws where it is to fail. */
  readonly onScore?: (job: ScoreJob) => void | Promise<void>
}

export function createToyInference(options: ToyOptions = {}): InferencePort & { readonly passes: ScoreJob[] } {
  const { numericClass = 'fp32-wasm' } = options
  const passes: ScoreJob[] = []
  return {
    passes,
    load: async (model) => ({
      model,
      backend: 'wasm',
      numericClass,
      adapter: 'toy',
      contextTokens: TOY_CONTEXT,
      tokensPerSecond: 100,
      choiceReason: '',
      canaryDifference: 0,
    }),
    async generate(job, listener): Promise<GenerateResult> {
      const { tokens, scores, finish } = toyGenerate(job, options)
      await listener.onTokens({ tokens, scores })
      return { finish, outputTokens: tokens.length }
    },
    async score(job, signal): Promise<ScoreResult> {
      passes.push(job)
      await Promise.race([options.onScore?.(job), aborted(signal)])
      const isOwn = job.engine === 'own'
      return {
        numericClass: isOwn ? numericClass : 'fp32-wasm',
        ...toyScore(job, isOwn ? options : { ...options, noise: 0 }),
      }
    },
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignalLike): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = () => reject(new CodedError('aborted', 'the pass was given up'))
    if (signal.aborted) {
      give()
    }
    signal.addEventListener('abort', give, { once: true })
  })
}

export interface ToyOutput {
  readonly tokens: number[]
  readonly scores: Uint8Array
  readonly finish: 'stop' | 'length'
}

export function toyGenerate(job: GenerateJob, options: ToyOptions = {}): ToyOutput {
  const sampler = createSampler(job.sampling, job.samplingSeed, job.choice, TOY_VOCABULARY)
  const most = Math.min(job.maxTokens, TOY_CONTEXT - job.prompt.length)
  const tokens: number[] = []
  const scores = new Uint8Array(most * SCORE_BYTES)
  while (tokens.length < most) {
    const logits = toyLogits([...job.prompt, ...tokens], options)
    const token = sampler.choose(logits)
    writeScores(logits, token, new DataView(scores.buffer), tokens.length * SCORE_BYTES)
    sampler.accept(token)
    tokens.push(token)
    if (endingOf(tokens, job.stop) !== 'open') {
      return { tokens, scores: scores.slice(0, tokens.length * SCORE_BYTES), finish: 'stop' }
    }
  }
  return { tokens, scores, finish: 'length' }
}

function toyScore(job: ScoreJob, options: ToyOptions): Omit<ScoreResult, 'numericClass'> {
  const { prompt, output } = job
  if ([...prompt, ...output].some((token) => token >= TOY_VOCABULARY) || prompt.length + output.length > TOY_CONTEXT) {
    throw new CodedError('invalid_job', 'a token is outside the vocabulary, or there is no room')
  }
  const sampler = createSampler(job.sampling, job.samplingSeed, job.choice, TOY_VOCABULARY)
  const scores = new Uint8Array(output.length * SCORE_BYTES)
  const margins = new Int32Array(output.length)
  let ending: ScoreResult['ending'] = 'open'
  for (const [position, token] of output.entries()) {
    const logits = toyLogits([...prompt, ...output.slice(0, position)], options)
    writeScores(logits, token, new DataView(scores.buffer), position * SCORE_BYTES)
    margins[position] = ending === 'open' ? sampler.margin(logits, token) : MAX_MARGIN
    sampler.accept(token)
    ending = ending === 'open' ? endingOf(output.slice(0, position + 1), job.stop) : ending
  }
  return { scores, margins, ending }
}

/** Every token is one letter. */
function endingOf(tokens: readonly number[], stop: readonly string[]): ScoreResult['ending'] {
  if (tokens.at(-1) === TOY_END_TOKEN) {
    return 'end_token'
  }
  const text = String.fromCharCode(...tokens.map((token) => 97 + (token % 26)))
  return stop.some((entry) => text.includes(entry)) ? 'stop_text' : 'open'
}

function toyLogits(tokens: readonly number[], { weights = 1, noise = 0, noiseSeed = 1 }: ToyOptions): Int32Array {
  const state = tokens.slice(-WINDOW).reduce((hash, token) => mix(hash, token), mix(0, weights))
  const logits = Float32Array.from({ length: TOY_VOCABULARY }, (_, token) => {
    const word = mix(state, token)
    const error = noise === 0 ? 0 : (mix(mix(word, noiseSeed), tokens.length) % (2 * noise + 1)) - noise
    // 24 bits: exact as a float32, in steps of 2^-16.
    return ((word >>> 13) + error) / ONE - 4
  })
  return quantizeLogits(logits)
}

function mix(a: number, b: number): number {
  let word = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
