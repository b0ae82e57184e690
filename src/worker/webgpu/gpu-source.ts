import { CodedError } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { RaceModel } from '../../race/model.ts'
import type { ShapeName } from '../../race/shapes.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import type { GpuSource } from '../backend-pool.ts'
import type { AdapterDescription, RaceBackend } from '../race-engine.ts'
import { DeviceTuner } from './device-tuner.ts'
import type { GpuContext } from './gpu-context.ts'
import { openGpuContext } from './gpu-context.ts'
import type { RaceTuning } from './race-tuning.ts'
import { listTunings } from './race-tuning.ts'
import { TuningCache } from './tuning-cache.ts'
import { WebgpuBackend } from './webgpu-backend.ts'

export interface WebgpuSourceOptions {
  /** Remembers choices of tunings; default: as long as this worker. */
  readonly tunings?: TuningCache
  /** Of the browser: its compiler of shaders changes with it. */
  readonly userAgent?: string
}

/**
 * The GPU of this worker: one device at a time, opened when first asked for and again after a loss. A GPU that gives no device counts
 * as absent until it is asked again: a driver that is being reset refuses for a while.
 */
export class WebgpuSource implements GpuSource {
  readonly #gpu: GPU | undefined
  readonly #tuner: DeviceTuner
  /** Most attempts a batch by shape, where memory was short. */
  readonly #attemptLimits = new Map<ShapeName, number>()
  #context: GpuContext | undefined
  #opening: Promise<GpuContext | undefined> | undefined
  #deviceNumber = 0
  #isClosed = false

  constructor(gpu: GPU | undefined, options: WebgpuSourceOptions = {}) {
    this.#gpu = gpu
    this.#tuner = new DeviceTuner({
      cache: options.tunings ?? new TuningCache(),
      userAgent: options.userAgent ?? '',
      createBackend: (...args) => this.#backend(...args),
    })
  }

  get deviceNumber(): number {
    return this.#deviceNumber
  }

  async adapter(): Promise<AdapterDescription | undefined> {
    return (await this.#current())?.adapter
  }

  async createBackend(model: RaceModel): Promise<RaceBackend> {
    const context = await this.#required()
    const tuning = await this.#tuner.remembered(context, model.shape)
    return this.#backend(context, model, tuning ?? listTunings(context, model.shape)[0])
  }

  /**
   * Chooses the tuning of a shape by measurement, unless a choice for this device is remembered. Backends made afterwards use it.
   * @throws CodedError `no_backend`, `device_lost`; the signal's reason.
   */
  async tune(shapeName: ShapeName, clock: Clock, signal: AbortSignal): Promise<void> {
    const context = await this.#required()
    const shape = RACE_SHAPES[shapeName]
    if ((await this.#tuner.remembered(context, shape)) === undefined) {
      await this.#tuner.tune(context, shape, clock, signal)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#context?.destroy()
    this.#context = undefined
  }

  #backend(context: GpuContext, model: RaceModel, tuning: RaceTuning, mostAttempts?: number): WebgpuBackend {
    const { name } = model.shape
    const limit = Math.min(this.#attemptLimits.get(name) ?? Infinity, mostAttempts ?? Infinity)
    return new WebgpuBackend(context, model, {
      tuning,
      ...(Number.isFinite(limit) ? { attemptLimit: limit } : {}),
      onMemoryShort: (attempts) => this.#limitAttempts(name, attempts),
    })
  }

  /** Less than one is no limit to remember: the next race may find memory again. */
  #limitAttempts(shape: ShapeName, attempts: number): void {
    if (attempts >= 1) {
      this.#attemptLimits.set(shape, attempts)
    } else {
      this.#attemptLimits.delete(shape)
    }
  }

  async #required(): Promise<GpuContext> {
    const context = await this.#current()
    if (context === undefined) {
      throw new CodedError('no_backend', 'no WebGPU adapter')
    }
    return context
  }

  async #current(): Promise<GpuContext | undefined> {
    if (this.#isClosed) {
      throw new CodedError('not_started', 'the worker is disposed')
    }
    if (this.#context?.isUsable === true) {
      return this.#context
    }
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #open(): Promise<GpuContext | undefined> {
    this.#context?.destroy()
    this.#context = undefined
    this.#deviceNumber++
    const context = await openGpuContext(this.#gpu).catch(() => {
      // No adapter for now; who asks again later may get one.
      return undefined
    })
    if (this.#isClosed) {
      context?.destroy()
      return undefined
    }
    this.#context = context
    return context
  }
}
