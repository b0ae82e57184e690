/**
 * The engine of an inference worker: loads models, generates, scores. The worker's end of InferencePort; inference-server.ts
 * puts it behind messages.
 *
 * Invariant: a model serves only on a backend whose logits agree with the reference engine's, and jobs beyond the bounds are
 * refused at once, never kept.
 *
 * Read next: serving-model.ts (how a backend is chosen), sequence.ts (steps, device loss), generate.ts and score.ts.
 */
import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type {
  GenerateJob,
  GenerateListener,
  GenerateResult,
  InferencePort,
  InferenceReport,
  ScoreJob,
  ScoreResult,
} from '../../protocol/inference.ts'
import { createEndDetector } from './end-detector.ts'
import { generateTokens } from './generate.ts'
import { abortedError, JobGate, throwIfAborted } from './mutex.ts'
import { scoreTokens } from './score.ts'
import { Sequence } from './sequence.ts'
import type { LoadedModel, ServingComponents, ServingModel } from './serving-model.ts'
import { openServingModel } from './serving-model.ts'

/** Where models come from. */
export interface ModelProvider {
  /** @throws CodedError `unknown_model`, `model_unavailable`, `damaged_model`, … */
  open(model: string, signal: AbortSignalLike): Promise<LoadedModel>
}

export interface InferenceEngineComponents extends ServingComponents {
  readonly models: ModelProvider
}

export interface InferenceEngineOptions {
  readonly maxModels?: number
  /** Generations whose caches are held at once; their steps take turns. */
  readonly maxActive?: number
  readonly maxWaiting?: number
}

const DEFAULTS = { maxModels: 4, maxActive: 4, maxWaiting: 16 }

interface Loading {
  readonly serving: Promise<ServingModel>
  readonly controller: AbortController
  waiters: number
  isDone: boolean
}

export class InferenceEngine implements InferencePort {
  readonly #components: InferenceEngineComponents
  readonly #maxModels: number
  readonly #models = new Map<string, Loading>()
  readonly #generations: JobGate
  /** Checks wait for no generation: whoever reads one slowly would stop them. */
  readonly #scores: JobGate
  #isClosed = false

  constructor(components: InferenceEngineComponents, options: InferenceEngineOptions = {}) {
    const { maxModels, maxActive, maxWaiting } = { ...DEFAULTS, ...options }
    this.#components = components
    this.#maxModels = maxModels
    this.#generations = new JobGate({ maxActive, maxWaiting })
    this.#scores = new JobGate({ maxActive: 1, maxWaiting })
  }

  async load(model: string, signal: AbortSignalLike): Promise<InferenceReport> {
    return (await this.#serving(model, signal)).report
  }

  /** Loads the model where that is still to be done. @throws CodedError `worker_busy`, `invalid_job`, `device_lost`, … */
  async generate(job: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult> {
    try {
      return await this.#generations.run(async () => {
        const model = await this.#serving(job.model, signal)
        const { contextTokens, eosTokens, vocabularySize } = model.manifest
        checkTokens(model, job.prompt, [])
        const sequence = this.#sequence(model, 'own')
        try {
          const end = createEndDetector(model.text, eosTokens, job.stop)
          const room = contextTokens - job.prompt.length
          return await generateTokens({ sequence, end, vocabularySize }, job, room, listener, signal)
        } finally {
          sequence.close()
        }
      }, signal)
    } catch (error) {
      if (signal.aborted) {
        return { finish: 'cancelled', outputTokens: 0 }
      }
      throw error
    }
  }

  /** @throws CodedError `worker_busy`, `invalid_job`, `device_lost`, `aborted`, … */
  async score(job: ScoreJob, signal: AbortSignalLike): Promise<ScoreResult> {
    return this.#scores.run(async () => {
      const model = await this.#serving(job.model, signal)
      checkTokens(model, job.prompt, job.output)
      const sequence = this.#sequence(model, job.engine)
      try {
        const { eosTokens, vocabularySize } = model.manifest
        const end = createEndDetector(model.text, eosTokens, job.stop)
        const scored = await scoreTokens({ sequence, end, vocabularySize }, job, signal)
        return { numericClass: model[job.engine].source.numericClass, ...scored }
      } finally {
        sequence.close()
      }
    }, signal)
  }

  /** Frees everything; what is under way fails. */
  async stop(): Promise<void> {
    this.#isClosed = true
    const loadings = [...this.#models.values()]
    this.#models.clear()
    for (const loading of loadings) {
      loading.controller.abort()
      const serving = await loading.serving.catch(() => undefined)
      await serving?.close()
    }
  }

  #sequence(model: ServingModel, engine: 'own' | 'reference'): Sequence {
    const { source, device } = model[engine]
    return new Sequence(device, source.layout)
  }

  /** One load for all who ask; it is given up when the last of them has gone. */
  async #serving(model: string, signal: AbortSignalLike): Promise<ServingModel> {
    throwIfAborted(signal)
    const loading = this.#models.get(model) ?? this.#startLoading(model)
    if (loading.isDone) {
      return loading.serving
    }
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(abortedError(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    loading.waiters += 1
    try {
      return await Promise.race([loading.serving, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      loading.waiters -= 1
      if (loading.waiters === 0 && !loading.isDone) {
        this.#models.delete(model)
        loading.controller.abort()
      }
    }
  }

  #startLoading(model: string): Loading {
    if (this.#isClosed) {
      throw new CodedError('not_started', 'the worker is disposed')
    }
    if (this.#models.size >= this.#maxModels) {
      throw new CodedError('too_many_models', 'this worker serves no more models', { fields: { max: this.#maxModels } })
    }
    const controller = new AbortController()
    const open = async (): Promise<ServingModel> => {
      const files = await this.#components.models.open(model, controller.signal)
      return openServingModel(this.#components, files, controller.signal)
    }
    const loading: Loading = { serving: open(), controller, waiters: 0, isDone: false }
    this.#models.set(model, loading)
    loading.serving.then(
      (serving) => {
        loading.isDone = true
        if (this.#models.get(model) !== loading) {
          // Given up a moment too late.
          void serving.close()
        }
      },
      () => {
        if (this.#models.get(model) === loading) {
          this.#models.delete(model)
        }
      },
    )
    return loading
  }
}

/** @throws CodedError `invalid_job` */
function checkTokens(model: ServingModel, prompt: readonly number[], output: readonly number[]): void {
  const { contextTokens, vocabularySize } = model.manifest
  const isToken = (token: number): boolean => Number.isInteger(token) && token >= 0 && token < vocabularySize
  if (!prompt.every(isToken) || !output.every(isToken)) {
    throw new CodedError('invalid_job', 'a token is outside the vocabulary', { fields: { vocabularySize } })
  }
  if (prompt.length === 0 || prompt.length >= contextTokens || prompt.length + output.length > contextTokens) {
    throw new CodedError('invalid_job', 'no prompt, or more tokens than the context holds', {
      fields: { contextTokens, promptTokens: prompt.length, outputTokens: output.length },
    })
  }
}
