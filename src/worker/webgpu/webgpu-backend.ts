import { CodedError } from '../../lib/coded-error.ts'
import { weightStream } from '../../race/keys.ts'
import type { RaceModel } from '../../race/model.ts'
import type { TracedStage } from '../../race/oracle.ts'
import { stageBytes, stagesOf } from '../../race/stages.ts'
import type { FoundAttempt, RaceBackend, RaceBatch, RaceTrace } from '../race-engine.ts'
import { EVERY_DIGEST } from '../race-engine.ts'
import type { GpuContext } from './gpu-context.ts'
import type { RaceBuffers } from './race-buffers.ts'
import {
  callBinding,
  createRaceBuffers,
  decodeResults,
  encodeBatch,
  maxAttemptsOf,
  tensorRowBytes,
} from './race-buffers.ts'
import type { KernelVariant, RaceKernels } from './race-kernels.ts'
import { raceKernels, variantFor } from './race-kernels.ts'
import type { PlannedCall, PlannedPass } from './race-plan.ts'
import { planRace } from './race-plan.ts'

/** Two batches: while the host reads the finds of one, the device computes the other. */
const BATCHES_IN_FLIGHT = 2

interface BoundCall {
  readonly call: PlannedCall
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
}

interface Running {
  readonly buffers: RaceBuffers
  readonly passes: readonly (readonly BoundCall[])[]
  /** Readback buffers that no batch uses. */
  readonly idle: GPUBuffer[]
  /** Batches that wait for a readback buffer. */
  readonly waiting: ((buffer: GPUBuffer) => void)[]
}

/**
 * The race on WebGPU. All buffers but the readback are shared by the batches in flight: the queue runs them in order, and
 * `run` writes and submits in one turn, so they cannot mix.
 */
export class WebgpuBackend implements RaceBackend {
  readonly kind = 'webgpu'
  readonly batchesInFlight = BATCHES_IN_FLIGHT
  readonly maxAttempts: number
  readonly model: RaceModel
  readonly #context: GpuContext
  readonly #variant: KernelVariant
  #running: Running | undefined

  constructor(context: GpuContext, model: RaceModel, options: { readonly variant?: KernelVariant } = {}) {
    this.#context = context
    this.model = model
    this.maxAttempts = maxAttemptsOf(model.shape)
    this.#variant = options.variant ?? variantFor(context.languageFeatures, context.adapter.isSoftware)
  }

  async start(): Promise<void> {
    const { device } = this.#context
    const { shape, epochSeed } = this.model
    const kernels = await this.#context.guard(raceKernels(this.#context.kernels, device, shape, this.#variant))
    const passes = planRace(shape)
    const buffers = createRaceBuffers(device, shape, passes)
    const stream = weightStream(shape, epochSeed)
    const blocks = shape.weightBytes / 16
    device.queue.writeBuffer(buffers.weightStream, 0, Int32Array.of(stream.key0, stream.key1, stream.lane, blocks))
    this.#expandWeights(kernels, buffers, blocks)
    const readbacks = Array.from({ length: BATCHES_IN_FLIGHT }, () =>
      device.createBuffer({
        label: 'readback',
        size: buffers.resultBytes(buffers.maxAttempts),
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      }),
    )
    this.#running = { buffers, passes: bindPasses(device, kernels, buffers, passes), idle: readbacks, waiting: [] }
    await this.#context.guard(device.queue.onSubmittedWorkDone())
  }

  async run(batch: RaceBatch, signal?: AbortSignal): Promise<readonly FoundAttempt[]> {
    if (batch.nonces.length > this.maxAttempts) {
      throw new CodedError('batch_too_large', 'too many attempts in one batch', { fields: { max: this.maxAttempts } })
    }
    signal?.throwIfAborted()
    if (batch.nonces.length === 0) {
      return []
    }
    const running = this.#started()
    const readback = await takeReadback(running)
    try {
      signal?.throwIfAborted()
      const bytes = this.#submit(running, batch, readback)
      await this.#context.guard(readback.mapAsync(GPUMapMode.READ, 0, bytes))
      const finds = decodeResults(new Uint32Array(readback.getMappedRange(0, bytes)), batch.nonces)
      readback.unmap()
      signal?.throwIfAborted()
      return finds
    } finally {
      if (this.#running === running) {
        giveReadback(running, readback)
      } else {
        readback.destroy()
      }
    }
  }

  async trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace> {
    const running = this.#started()
    const { device } = this.#context
    const { shape } = this.model
    const batch = { host, target: EVERY_DIGEST, nonces: BigUint64Array.of(nonce) }
    this.#writeBatch(running, batch)
    const byName = new Map(stagesOf(shape).map((stage) => [stage.name, stage]))
    const stages: TracedStage[] = []
    for (const bound of running.passes.flat()) {
      device.queue.submit([encodePass(device, [bound], 1)])
      for (const name of bound.call.stages) {
        const stage = byName.get(name)
        if (stage !== undefined) {
          const bytes = tensorRowBytes(shape, stage.tensor) * shape.positions
          const tensor = await this.#read(running.buffers.byName[stage.tensor], bytes)
          stages.push({ stage, bytes: stageBytes(shape, stage, tensor) })
        }
      }
    }
    const results = await this.#read(running.buffers.byName.results, running.buffers.resultBytes(1))
    const [find] = decodeResults(new Uint32Array(results.buffer), batch.nonces)
    if (find === undefined) {
      throw new CodedError('gpu_error', 'the device returned no digest')
    }
    return { stages, digest: find.digest }
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.buffers.destroy()
    for (const readback of running?.idle ?? []) {
      readback.destroy()
    }
  }

  #started(): Running {
    if (this.#running === undefined) {
      throw new CodedError('not_started', 'the backend is not running')
    }
    this.#context.check()
    return this.#running
  }

  #expandWeights(kernels: RaceKernels, buffers: RaceBuffers, blocks: number): void {
    const { device } = this.#context
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(kernels.expandWeights)
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: kernels.expandWeights.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: buffers.weightStream } },
          { binding: 1, resource: { buffer: buffers.byName.weights } },
        ],
      }),
    )
    pass.dispatchWorkgroups(Math.ceil(blocks / 64))
    pass.end()
    device.queue.submit([encoder.finish()])
  }

  #writeBatch(running: Running, batch: RaceBatch): void {
    const { queue } = this.#context.device
    queue.writeBuffer(running.buffers.batch, 0, encodeBatch(this.model, batch))
    // Low word first on every platform that has WebGPU; the copy also frees us from a shared or resizable buffer.
    queue.writeBuffer(running.buffers.byName.nonces, 0, BigUint64Array.from(batch.nonces))
    queue.writeBuffer(running.buffers.byName.results, 0, Uint32Array.of(0))
  }

  /** Queues the whole batch and the copy of its results; returns the bytes to map. */
  #submit(running: Running, batch: RaceBatch, readback: GPUBuffer): number {
    const { device } = this.#context
    const attempts = batch.nonces.length
    const bytes = running.buffers.resultBytes(attempts)
    this.#writeBatch(running, batch)
    for (const pass of running.passes) {
      // One submission a layer: a watchdog counts the time of one.
      device.queue.submit([encodePass(device, pass, attempts)])
    }
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(running.buffers.byName.results, 0, readback, 0, bytes)
    device.queue.submit([encoder.finish()])
    return bytes
  }

  async #read(source: GPUBuffer, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const { device } = this.#context
    const staging = device.createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ })
    try {
      const encoder = device.createCommandEncoder()
      encoder.copyBufferToBuffer(source, 0, staging, 0, bytes)
      device.queue.submit([encoder.finish()])
      await this.#context.guard(staging.mapAsync(GPUMapMode.READ))
      return new Uint8Array(staging.getMappedRange()).slice()
    } finally {
      staging.destroy()
    }
  }
}

function bindPasses(
  device: GPUDevice,
  kernels: RaceKernels,
  buffers: RaceBuffers,
  passes: readonly PlannedPass[],
): BoundCall[][] {
  let index = 0
  return passes.map((pass) =>
    pass.map((call) => {
      const pipeline = kernels[call.kernel]
      // In race-linear.wgsl the residual stream has its own binding behind the packed output.
      const bindingOf = (position: number): number =>
        call.kernel === 'accumulate' && position === call.buffers.length - 1 ? 5 : 2 + position
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: buffers.batch } },
          { binding: 1, resource: callBinding(buffers, index++) },
          ...call.buffers.map((name, position) => ({
            binding: bindingOf(position),
            resource: { buffer: buffers.byName[name] },
          })),
        ],
      })
      return { call, pipeline, group }
    }),
  )
}

function encodePass(device: GPUDevice, calls: readonly BoundCall[], attempts: number): GPUCommandBuffer {
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  for (const { call, pipeline, group } of calls) {
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    pass.dispatchWorkgroups(...call.workgroups(attempts))
  }
  pass.end()
  return encoder.finish()
}

async function takeReadback(running: Running): Promise<GPUBuffer> {
  const free = running.idle.pop()
  return free ?? new Promise((resolve) => running.waiting.push(resolve))
}

function giveReadback(running: Running, buffer: GPUBuffer): void {
  const next = running.waiting.shift()
  if (next === undefined) {
    running.idle.push(buffer)
  } else {
    next(buffer)
  }
}
