import type { Clock } from '../../lib/runtime.ts'
import type { BackendSource } from './backends.ts'
import { createReferenceSource, createWasmSource, createWebgpuSource } from './backends.ts'
import type { InferenceEngineOptions, ModelProvider } from './inference-engine.ts'
import { InferenceEngine } from './inference-engine.ts'
import { TensorLedger } from './model-session.ts'
import { Mutex } from './mutex.ts'
import type { OrtLoader } from './ort/ort-runtime.ts'

/** Which backends may serve: `auto` compares them. */
export type BackendChoice = 'auto' | 'webgpu' | 'wasm'

export interface EngineParts {
  readonly loader: OrtLoader
  readonly models: ModelProvider
  readonly clock: Clock
  /** Undefined where the runtime has no WebGPU. */
  readonly gpu: GPU | undefined
  readonly ledger?: TensorLedger
}

export interface EngineOptions extends InferenceEngineOptions {
  readonly backend: BackendChoice
  /** Of WASM where it serves; the reference engine has one always. */
  readonly threads: number
}

/** An engine of the real backends, with the one mutex of its worker. */
export function createInferenceEngine(parts: EngineParts, options: EngineOptions): InferenceEngine {
  const { models, clock, gpu } = parts
  const components = { loader: parts.loader, mutex: new Mutex(), ledger: parts.ledger ?? new TensorLedger() }
  const candidates: BackendSource[] = [
    createWebgpuSource(components, gpu),
    createWasmSource(components, options.threads),
  ].filter(({ kind }) => options.backend === 'auto' || options.backend === kind)
  return new InferenceEngine({ models, clock, reference: createReferenceSource(components), candidates }, options)
}
