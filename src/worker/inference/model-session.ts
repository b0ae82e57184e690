/**
 * One model on one backend: tokens in, logits out, keys and values kept where they were computed. Everything above this file
 * speaks of tokens and logits; everything of the ONNX runtime (tensors, names of inputs, devices) ends here.
 *
 * Invariant: every tensor that is made is disposed of once; the ledger counts both, and tests compare.
 *
 * Read next: sequence.ts (a text in the making), inference-engine.ts (jobs), canary.ts (whether a backend computes right).
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web'
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import { isOutOfMemory } from '../out-of-memory.ts'
import type { Mutex } from './mutex.ts'
import type { OrtModule } from './ort/ort-runtime.ts'
import { nextTurn } from './turn.ts'

/** What the runtime has to know of a model; a ModelManifest fits. */
export interface ModelShape {
  readonly id: string
  readonly contextTokens: number
  readonly vocabularySize: number
  readonly layers: number
  readonly keyValueHeads: number
  readonly headSize: number
}

/** Keys and values of all tokens so far. Never changed: each step makes new ones. */
export interface KeyValueCache {
  readonly tokens: number
  readonly tensors: readonly Tensor[]
}

export interface StepResult {
  /** One row of `vocabularySize` logits for each token. */
  readonly logits: Float32Array
  readonly cache: KeyValueCache
}

export interface ModelSession {
  readonly shape: ModelShape
  /**
   * Computes `tokens` behind those of `past`, which stays valid.
   * @throws CodedError `device_lost`, `out_of_memory`, `inference_failed`
   */
  step(tokens: readonly number[], past: KeyValueCache | undefined): Promise<StepResult>
  dispose(cache: KeyValueCache): void
  close(): Promise<void>
}

/** Counts tensors, so that a leak shows as a number. */
export class TensorLedger {
  created = 0
  disposed = 0

  get live(): number {
    return this.created - this.disposed
  }
}

export interface ModelSessionComponents {
  readonly ort: OrtModule
  readonly mutex: Mutex
  readonly ledger: TensorLedger
}

export interface ModelSessionOptions {
  readonly shape: ModelShape
  readonly graph: Uint8Array
  /** With a device the WebGPU provider runs on it; without, the WASM provider. */
  readonly device?: GPUDevice
}

/** @throws CodedError `out_of_memory`, `invalid_graph` where the runtime refuses the model or its inputs are not as expected. */
export async function openModelSession(
  components: ModelSessionComponents,
  options: ModelSessionOptions,
): Promise<ModelSession> {
  const { shape, graph, device } = options
  const caches = cacheNames(shape)
  // At its warning level the runtime tells of every shape operation that it leaves on the CPU.
  const logSeverityLevel = 3
  const onDevice: InferenceSession.SessionOptions =
    device === undefined
      ? { logSeverityLevel, executionProviders: ['wasm'] }
      : {
          logSeverityLevel,
          executionProviders: [{ name: 'webgpu', device }],
          preferredOutputLocation: Object.fromEntries(caches.map(({ present }) => [present, 'gpu-buffer' as const])),
        }
  const create = (): Promise<InferenceSession> => components.ort.InferenceSession.create(graph, onDevice)
  const session = await components.mutex.run(create).catch((cause: unknown) => {
    const code = isOutOfMemory(cause) ? 'out_of_memory' : 'invalid_graph'
    throw new CodedError(code, errorMessage(cause).slice(0, 512), { cause, fields: { model: shape.id } })
  })
  const expected = ['input_ids', 'attention_mask', 'position_ids', ...caches.map(({ past }) => past)]
  const missing = expected.find((name) => !session.inputNames.includes(name))
  if (missing !== undefined || session.inputNames.length !== expected.length) {
    await session.release()
    throw new CodedError('invalid_graph', `the graph has other inputs: ${missing ?? session.inputNames.join(', ')}`, {
      fields: { model: shape.id },
    })
  }
  return new OrtModelSession(components, session, shape, device)
}

interface CacheName {
  readonly past: string
  readonly present: string
}

function cacheNames(shape: ModelShape): CacheName[] {
  return Array.from({ length: shape.layers }, (_, layer) => ['key', 'value'].map((kind) => [layer, kind] as const))
    .flat()
    .map(([layer, kind]) => ({ past: `past_key_values.${layer}.${kind}`, present: `present.${layer}.${kind}` }))
}

class OrtModelSession implements ModelSession {
  readonly shape: ModelShape
  readonly #components: ModelSessionComponents
  readonly #session: InferenceSession
  readonly #caches: readonly CacheName[]
  readonly #device: GPUDevice | undefined
  #lost: CodedError | undefined
  /**
   * Fails the run that is under way. Not a promise that each run races with: one that never settles would keep them all.
   */
  #giveUp: ((lost: CodedError) => void) | undefined
  #isClosed = false

  constructor(
    components: ModelSessionComponents,
    session: InferenceSession,
    shape: ModelShape,
    device: GPUDevice | undefined,
  ) {
    this.shape = shape
    this.#components = components
    this.#session = session
    this.#caches = cacheNames(shape)
    this.#device = device
    void device?.lost.then(({ message }) => this.#onLost(message))
    device?.addEventListener('uncapturederror', (event) => this.#onLost(event.error.message))
  }

  step(tokens: readonly number[], past: KeyValueCache | undefined): Promise<StepResult> {
    return this.#components.mutex.run(() => this.#run(tokens, past))
  }

  dispose(cache: KeyValueCache): void {
    for (const tensor of cache.tensors) {
      this.#drop(tensor)
    }
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      // What cannot be released any more is gone with its device.
      await this.#components.mutex.run(() => this.#unlessLost(this.#session.release())).catch(() => undefined)
      this.#device?.destroy()
    }
  }

  async #run(tokens: readonly number[], past: KeyValueCache | undefined): Promise<StepResult> {
    if (this.#isClosed) {
      throw new CodedError('device_lost', 'the session is closed: another one took its place, or the worker stops')
    }
    if (this.#lost !== undefined) {
      throw this.#lost
    }
    const inputs = this.#inputs(tokens, past?.tokens ?? 0)
    const empty = past === undefined ? this.#emptyCache() : []
    const feeds: Record<string, Tensor> = { ...inputs }
    this.#caches.forEach((name, index) => {
      feeds[name.past] = (past?.tensors[index] ?? empty[index]) as Tensor
    })
    try {
      const outputs = await this.#unlessLost(this.#session.run(feeds))
      return this.#result(outputs, tokens.length, past?.tokens ?? 0)
    } catch (error) {
      throw await this.#failure(error)
    } finally {
      for (const tensor of [...Object.values(inputs), ...empty]) {
        this.#drop(tensor)
      }
    }
  }

  #result(outputs: InferenceSession.OnnxValueMapType, rows: number, before: number): StepResult {
    const tensors = this.#caches.map(({ present }) => this.#count(outputs[present] as Tensor))
    const logits = this.#count(outputs.logits as Tensor)
    const data = logits.data
    this.#drop(logits)
    if (!(data instanceof Float32Array) || data.length !== rows * this.shape.vocabularySize) {
      this.dispose({ tokens: 0, tensors })
      throw new CodedError('invalid_graph', 'the logits are not what the manifest says')
    }
    return { logits: data, cache: { tokens: before + rows, tensors } }
  }

  /** Work on a device that is lost meanwhile may never end. One at a time: the mutex is held. */
  #unlessLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject
      work.then(resolve, reject)
      if (this.#lost !== undefined) {
        reject(this.#lost)
      }
    })
  }

  /** An error that nobody caught counts as a loss: what the device computes from then on is not known. */
  #onLost(message: string): void {
    this.#lost ??= new CodedError('device_lost', message.slice(0, 512))
    this.#giveUp?.(this.#lost)
  }

  /** The loss of the device behind a failed run, where there is one; else the failure itself. */
  async #failure(error: unknown): Promise<CodedError> {
    // A failed run may be known a turn before the loss that caused it.
    await nextTurn()
    const cause = this.#lost ?? error
    return cause instanceof CodedError
      ? cause
      : new CodedError(isOutOfMemory(cause) ? 'out_of_memory' : 'inference_failed', errorMessage(cause).slice(0, 512), {
          cause,
        })
  }

  #inputs(tokens: readonly number[], before: number): Record<string, Tensor> {
    const rows = tokens.length
    const last = this.shape.contextTokens - 1
    const positions = BigInt64Array.from(tokens, (_, index) => BigInt(Math.min(before + index, last)))
    return {
      input_ids: this.#tensor(BigInt64Array.from(tokens, BigInt), [1, rows]),
      attention_mask: this.#tensor(new BigInt64Array(before + rows).fill(1n), [1, before + rows]),
      position_ids: this.#tensor(positions, [1, rows]),
    }
  }

  #emptyCache(): Tensor[] {
    const { keyValueHeads, headSize } = this.shape
    const { Tensor } = this.#components.ort
    return this.#caches.map(() =>
      this.#count(new Tensor('float32', new Float32Array(0), [1, keyValueHeads, 0, headSize])),
    )
  }

  #tensor(data: BigInt64Array, dims: readonly number[]): Tensor {
    return this.#count(new this.#components.ort.Tensor('int64', data, dims))
  }

  #count(tensor: Tensor): Tensor {
    this.#components.ledger.created += 1
    return tensor
  }

  #drop(tensor: Tensor): void {
    tensor.dispose()
    this.#components.ledger.disposed += 1
  }
}
