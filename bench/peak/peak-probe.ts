import { CodedError, errorMessage } from '../../src/lib/coded-error.ts'
import type { GpuTimer } from './gpu-timer.ts'
import { createGpuTimer } from './gpu-timer.ts'
import { peakKernel } from './peak-kernel.ts'
import type { PeakShape } from './peak-shape.ts'
import { macsPerStep, peakShapeName } from './peak-shape.ts'
import { createPeakJob, MAX_STEPS, peakTwin, START_VALUES } from './peak-twin.ts'

/** A shape that compiled and equals its twin. */
export interface PeakCandidate {
  readonly shape: PeakShape
  /** Multiply-accumulates a second, the best of the screening. */
  readonly screenedMacsPerS: number
}

export interface PeakScreening {
  /** Fastest first. */
  readonly candidates: readonly PeakCandidate[]
  /** Shapes that do not count, with the reason. */
  readonly refused: readonly RefusedShape[]
}

/** A shape that does not compile here or differs from its twin. */
export interface RefusedShape {
  readonly shape: PeakShape
  readonly reason: string
}

interface Compiled {
  readonly shape: PeakShape
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
  /** What took the time of a pass when last tried. */
  size: Size
}

/** How much one pass does. */
interface Size {
  readonly workgroups: number
  readonly steps: number
}

const MAX_INVOCATIONS = 1 << 20
/** Steps of the pass that is compared with the twin, and how many invocations of it are. */
const VERIFIED_STEPS = 37
const VERIFIED_INVOCATIONS = 512
const SCREENING_ROUNDS = 3
/** Growth of a pass from one trial to the next until it takes its time. */
const MAX_GROWTH = 16

/** Times multiply-accumulates from registers on one device, which stays its caller's. */
export class PeakProbe {
  readonly #device: GPUDevice
  readonly #timer: GpuTimer
  readonly #job: GPUBuffer
  readonly #starts: GPUBuffer
  readonly #sums: GPUBuffer
  readonly #compiled = new Map<string, Compiled>()

  constructor(device: GPUDevice) {
    const { UNIFORM, STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage
    this.#device = device
    this.#timer = createGpuTimer(device)
    this.#job = device.createBuffer({ label: 'peak job', size: 64, usage: UNIFORM | COPY_DST })
    this.#starts = device.createBuffer({ label: 'peak starts', size: 4 * START_VALUES, usage: STORAGE | COPY_DST })
    this.#sums = device.createBuffer({ label: 'peak sums', size: 4 * MAX_INVOCATIONS, usage: STORAGE | COPY_SRC })
  }

  get timing(): GpuTimer['method'] {
    return this.#timer.method
  }

  /** Compiles and verifies every shape, then times all in turns; the best of their rounds counts, as others disturb but never speed up. */
  async screen(shapes: readonly PeakShape[], passMs: number): Promise<PeakScreening> {
    const refused: RefusedShape[] = []
    const rates = new Map<Compiled, number>()
    for (const shape of shapes) {
      const kernel = await this.#prepare(shape)
      if (typeof kernel === 'string') refused.push({ shape, reason: kernel })
      else rates.set(kernel, 0)
    }
    for (let round = 0; round < SCREENING_ROUNDS; round++) {
      for (const [kernel, best] of rates) rates.set(kernel, Math.max(best, await this.#rateAt(kernel, passMs)))
    }
    for (const kernel of rates.keys()) this.#compiled.set(peakShapeName(kernel.shape), kernel)
    const candidates = [...rates].map(([{ shape }, screenedMacsPerS]) => ({ shape, screenedMacsPerS }))
    return { candidates: candidates.sort((a, b) => b.screenedMacsPerS - a.screenedMacsPerS), refused }
  }

  /** One pass of about `passMs` of a screened shape, in multiply-accumulates a second. @throws CodedError `not_screened`. */
  async measure(shape: PeakShape, passMs: number): Promise<number> {
    const kernel = this.#compiled.get(peakShapeName(shape))
    if (kernel === undefined) throw new CodedError('not_screened', peakShapeName(shape))
    return this.#rateAt(kernel, passMs)
  }

  destroy(): void {
    this.#timer.destroy()
    for (const buffer of [this.#job, this.#starts, this.#sums]) buffer.destroy()
  }

  /** The kernel of a shape that counts, or why it does not. */
  async #prepare(shape: PeakShape): Promise<Compiled | string> {
    try {
      const kernel = await this.#compile(shape)
      return (await this.#differenceOf(kernel)) ?? kernel
    } catch (error) {
      return errorMessage(error)
    }
  }

  async #compile(shape: PeakShape): Promise<Compiled> {
    const label = peakShapeName(shape)
    const module = this.#device.createShaderModule({ label, code: peakKernel(shape) })
    const pipeline = await this.#device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } })
    const buffers = [this.#job, this.#starts, this.#sums]
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
    const group = this.#device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries })
    return { shape, pipeline, group, size: { workgroups: 4, steps: 64 } }
  }

  /** Length of one pass in milliseconds. */
  #run({ shape, pipeline, group }: Compiled, { workgroups, steps }: Size): Promise<number> {
    const { operands, addends, starts } = createPeakJob(shape.kind, steps)
    const { queue } = this.#device
    queue.writeBuffer(this.#job, 0, Int32Array.from([steps, 0, 0, 0, ...operands, ...addends]))
    queue.writeBuffer(this.#starts, 0, starts)
    return this.#timer.time((pass) => {
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, group)
      pass.dispatchWorkgroups(workgroups)
    })
  }

  /** Grows the pass until it takes `passMs`: first by invocations, so that every core has some, then by steps. */
  async #rateAt(kernel: Compiled, passMs: number): Promise<number> {
    const most = MAX_INVOCATIONS / kernel.shape.workgroup
    for (;;) {
      const { size } = kernel
      const tookMs = await this.#run(kernel, size)
      const isFull = size.workgroups === most && size.steps === MAX_STEPS
      if (tookMs >= passMs / 2 || isFull) return ratePerSecond(kernel.shape, size, tookMs)
      const growth = Math.min(MAX_GROWTH, passMs / Math.max(tookMs, 0.01))
      const workgroups = Math.min(most, Math.ceil(size.workgroups * growth))
      const rest = (growth * size.workgroups) / workgroups
      kernel.size = { workgroups, steps: Math.min(MAX_STEPS, Math.max(size.steps, Math.ceil(size.steps * rest))) }
    }
  }

  async #differenceOf(kernel: Compiled): Promise<string | undefined> {
    const { shape } = kernel
    await this.#run(kernel, { workgroups: Math.ceil(VERIFIED_INVOCATIONS / shape.workgroup), steps: VERIFIED_STEPS })
    const words = await readWords(this.#device, this.#sums, VERIFIED_INVOCATIONS)
    const job = createPeakJob(shape.kind, VERIFIED_STEPS)
    const at = words.findIndex((word, id) => word !== peakTwin(shape, job, id))
    return at < 0 ? undefined : `invocation ${at}: ${words[at]} instead of ${peakTwin(shape, job, at)}`
  }
}

function ratePerSecond(shape: PeakShape, { workgroups, steps }: Size, tookMs: number): number {
  return (workgroups * shape.workgroup * steps * macsPerStep(shape) * 1_000) / tookMs
}

async function readWords(device: GPUDevice, source: GPUBuffer, count: number): Promise<Int32Array> {
  const staging = device.createBuffer({ size: 4 * count, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ })
  try {
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(source, 0, staging, 0, 4 * count)
    device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    return new Int32Array(staging.getMappedRange().slice(0))
  } finally {
    staging.destroy()
  }
}
