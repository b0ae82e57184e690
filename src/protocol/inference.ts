/**
 * What a device is asked for when it serves a model, in the same words for the host that asks, the lease that carries it to a
 * tab, and the worker that does it. Types alone, as compute.ts is for races: each boundary has its own codec.
 */
import type { AbortSignalLike } from '../lib/runtime.ts'
import type { SamplingParams } from './gen/tailrace/v1/work.ts'

export type InferenceBackend = 'webgpu' | 'wasm'

/** Bytes of one output position in a scores blob (work/scores.ts). */
export const SCORE_BYTES = 48
/** Best candidates whose scores are always reported. */
export const TOP_SCORES = 5

export interface InferenceReport {
  readonly model: string
  readonly backend: InferenceBackend
  /** Numeric class of what it serves with, e.g. `fp32-wasm`, `fp32-webgpu`. */
  readonly numericClass: string
  /** Description for people, at most 128 characters. */
  readonly adapter: string
  readonly contextTokens: number
  /** As measured at load. */
  readonly tokensPerSecond: number
  /** Why not the other backend: a code, e.g. `no_adapter`, `canary_mismatch`, `slower`; empty where there is no question. */
  readonly choiceReason: string
  /** Greatest difference to the reference engine in the canary, Q16.16 logits. */
  readonly canaryDifference: number
}

export interface GenerateJob {
  readonly model: string
  readonly prompt: readonly number[]
  readonly maxTokens: number
  readonly sampling: SamplingParams
  /** 32 bytes (work/order.ts: samplingSeed). */
  readonly samplingSeed: Uint8Array
  readonly choice: number
  /** Ends the generation when the text of the output contains one of them. */
  readonly stop: readonly string[]
}

export interface GeneratedTokens {
  readonly tokens: readonly number[]
  /** SCORE_BYTES for each token. */
  readonly scores: Uint8Array
}

export interface GenerateListener {
  /** Tokens in order, each once. Awaited before the next step: slow receivers slow the worker (backpressure). */
  onTokens(chunk: GeneratedTokens): void | Promise<void>
}

export type GenerateFinish = 'stop' | 'length' | 'cancelled'

export interface GenerateResult {
  readonly finish: GenerateFinish
  readonly outputTokens: number
}

export interface ScoreJob {
  readonly model: string
  readonly prompt: readonly number[]
  readonly output: readonly number[]
  readonly sampling: SamplingParams
  readonly samplingSeed: Uint8Array
  readonly choice: number
  readonly stop: readonly string[]
  /** `reference`: the pinned single-threaded WASM build, bit-equal everywhere. `own`: what this device serves with. */
  readonly engine: 'own' | 'reference'
}

export interface ScoreResult {
  readonly numericClass: string
  /** SCORE_BYTES for each output token, from this engine's own logits. */
  readonly scores: Uint8Array
  /** Per output token, Q16.16 logits: how far the token was from being this engine's choice (protocol §4). */
  readonly margins: Int32Array
  /** How the output ends: its last token is an end token, its text contains a stop, or neither. */
  readonly ending: 'end_token' | 'stop_text' | 'open'
}

export interface InferencePort {
  /** Loads the model (verified files), runs the canary, measures. Idempotent. @throws CodedError `unknown_model`, `model_unavailable`, `canary_mismatch` … */
  load(model: string, signal: AbortSignalLike): Promise<InferenceReport>
  /** Resolves with finish `cancelled` when the signal aborts, within one token; tokens already reported stand. */
  generate(job: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult>
  /** Teacher-forced scoring in one pass. */
  score(job: ScoreJob, signal: AbortSignalLike): Promise<ScoreResult>
  /** Changes whenever what `load` said may no longer hold: a tab came or went. Absent where it never does. */
  generation?(): number
}
