import { CodedError } from '../../lib/coded-error.ts'
import type { RaceModel } from '../../race/model.ts'
import type { GpuSource } from '../backend-pool.ts'
import type { AdapterDescription, RaceBackend } from '../race-engine.ts'
import type { GpuContext } from './gpu-context.ts'
import { openGpuContext } from './gpu-context.ts'
import { WebgpuBackend } from './webgpu-backend.ts'

/**
 * The GPU of this worker: one device at a time, opened when first asked for and again after a loss. A GPU that gives no device counts
 * as absent until it is asked again: a driver that is being reset refuses for a while.
 */
export class WebgpuSource implements GpuSource {
  readonly #gpu: GPU | undefined
  #context: GpuContext | undefined
  #opening: Promise<GpuContext | undefined> | undefined
  #deviceNumber = 0
  #isClosed = false

  constructor(gpu: GPU | undefined) {
    this.#gpu = gpu
  }

  get deviceNumber(): number {
    return this.#deviceNumber
  }

  async adapter(): Promise<AdapterDescription | undefined> {
    return (await this.#current())?.adapter
  }

  async createBackend(model: RaceModel): Promise<RaceBackend> {
    const context = await this.#current()
    if (context === undefined) {
      throw new CodedError('no_backend', 'no WebGPU adapter')
    }
    return new WebgpuBackend(context, model)
  }

  close(): void {
    this.#isClosed = true
    this.#context?.destroy()
    this.#context = undefined
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
