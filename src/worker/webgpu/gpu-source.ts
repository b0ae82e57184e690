import { CodedError } from '../../lib/coded-error.ts'
import type { RaceModel } from '../../race/model.ts'
import type { GpuSource } from '../backend-pool.ts'
import type { AdapterDescription, RaceBackend } from '../race-engine.ts'
import type { GpuContext } from './gpu-context.ts'
import { openGpuContext } from './gpu-context.ts'
import { WebgpuBackend } from './webgpu-backend.ts'

/** The GPU of this worker: one device at a time, opened when first asked for and again after a loss. */
export class WebgpuSource implements GpuSource {
  readonly #gpu: GPU | undefined
  #context: Promise<GpuContext | undefined> | undefined
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
    void this.#context?.then((context) => context?.destroy())
    this.#context = undefined
  }

  async #current(): Promise<GpuContext | undefined> {
    const known = await this.#context
    if (known?.isUsable === true) {
      return known
    }
    if (this.#isClosed) {
      throw new CodedError('not_started', 'the worker is disposed')
    }
    known?.destroy()
    this.#deviceNumber++
    this.#context = openGpuContext(this.#gpu)
    return this.#context
  }
}
