/**
 * The inference of the app's host: the page's worker while a tab holds the lease and is the faster one, else this process's own
 * WASM worker. Which of the two serves is decided at `load` from their measurements and stands until the next one; when a tab
 * comes or goes, `generation` changes and the host loads again. Rulings always run here, on the reference engine.
 */
import { errorCode } from '../lib/coded-error.ts'
import type { AbortSignalLike, Logger } from '../lib/runtime.ts'
import type {
  GenerateJob,
  GenerateListener,
  GenerateResult,
  InferencePort,
  InferenceReport,
  ScoreJob,
  ScoreResult,
} from '../protocol/inference.ts'
import type { LeaseWatch } from './leased-compute.ts'

export interface LeasedInferenceOptions {
  /** The tab's inference; fails with code `compute_unavailable` while no tab holds the lease. */
  readonly leased: InferencePort
  readonly lease: LeaseWatch
  readonly fallback: InferencePort
  readonly logger: Logger
}

/** A tab's texts are bounded; what does not fit is done here. */
const GOES_ON_HERE: readonly string[] = ['compute_unavailable', 'too_long_for_tab']

export interface ReloadableInference extends InferencePort {
  /** What could not be loaded may be now: a new `generation`. */
  reload(): void
}

export function createLeasedInference(options: LeasedInferenceOptions): ReloadableInference {
  return new LeasedInference(options)
}

class LeasedInference implements ReloadableInference {
  readonly #options: LeasedInferenceOptions
  /** Models that the tab serves at present. */
  readonly #inTab = new Set<string>()
  #generation = 0

  constructor(options: LeasedInferenceOptions) {
    this.#options = options
    options.lease.onChange(() => this.reload())
  }

  reload(): void {
    this.#generation += 1
    this.#inTab.clear()
  }

  generation(): number {
    return this.#generation
  }

  async load(model: string, signal: AbortSignalLike): Promise<InferenceReport> {
    const { leased, lease, fallback, logger } = this.#options
    const here = await fallback.load(model, signal)
    if (!lease.isHeld()) {
      return { ...here, choiceReason: 'no_tab' }
    }
    try {
      const generation = this.#generation
      const tab = await leased.load(model, signal)
      const isFaster = tab.tokensPerSecond > here.tokensPerSecond
      if (isFaster && generation === this.#generation) {
        this.#inTab.add(model)
        return tab
      }
      return { ...here, choiceReason: 'slower' }
    } catch (error) {
      if (signal.aborted) {
        throw error
      }
      logger.log('info', 'the tab does not serve', { model, code: errorCode(error) })
      return { ...here, choiceReason: errorCode(error) }
    }
  }

  /** A tab that goes away fails the job: another engine's tokens are other work, and the receipt names the class. */
  generate(job: GenerateJob, listener: GenerateListener, signal: AbortSignalLike): Promise<GenerateResult> {
    const { leased, fallback } = this.#options
    return (this.#inTab.has(job.model) ? leased : fallback).generate(job, listener, signal)
  }

  async score(job: ScoreJob, signal: AbortSignalLike): Promise<ScoreResult> {
    const { leased, fallback } = this.#options
    if (job.engine === 'reference' || !this.#inTab.has(job.model)) {
      return fallback.score(job, signal)
    }
    try {
      return await leased.score(job, signal)
    } catch (error) {
      if (!GOES_ON_HERE.includes(errorCode(error))) {
        throw error
      }
      return fallback.score(job, signal)
    }
  }
}
