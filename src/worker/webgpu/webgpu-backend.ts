import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { weightStream } from '../../race/keys.ts'
import type { RaceModel } from '../../race/model.ts'
import type { TracedStage } from '../../race/oracle.ts'
import { stageBytes, stagesOf } from '../../race/stages.ts'
import type { FoundAttempt, RaceBackend, RaceBatch, RaceTrace } from '../race-engine.ts'
import { EVERY_DIGEST } from '../race-engine.ts'
import type { BatchPlan } from './batch-plan.ts'
import { planBatch, tensorRowBytes } from './batch-plan.ts'
import type { GpuContext } from './gpu-context.ts'
import type { RaceBuffers } from './race-buffers.ts'
import {
  allocateBuffers,
  createRaceBuffers,
  decodeResults,
  encodeBatch,
  resultBytes,
  stageTensor,
} from './race-buffers.ts'
import type { BoundPass } from './race-commands.ts'
import { bindPasses, bindWeights, recordPass } from './race-commands.ts'
import { raceKernels } from './race-kernels.ts'
import type { PlannedPass } from './race-plan.ts'
import { planRace } from './race-plan.ts'
import type { PartTime } from './race-profile.ts'
import { profileBatch } from './race-profile.ts'
import type { RaceTuning } from './race-tuning.ts'
import { listTunings } from './race-tuning.ts'
import { SliceQueue, sliceEnds } from './submission.ts'

export interface WebgpuBackendOptions {
  /** Default: the best guess for this device. */
  readonly tuning?: RaceTuning
  /** No buffer is larger; the device's own limits hold anyway. */
  readonly maxBufferBytes?: number
  /** Most attempts of a batch, where memory was short before. */
  readonly attemptLimit?: number
  /** Called where the device had or has memory for no more attempts a batch than this, 0 where it has for none. */
  readonly onMemoryShort?: (attempts: number) => void
}

/** Two batches: while the host reads the finds of one, the device computes the other. */
const BATCHES_IN_FLIGHT = 2

interface Running {
  readonly buffers: RaceBuffers
  readonly passes: readonly BoundPass[]
  readonly slices: SliceQueue
  /** Readback buffers that no batch uses. */
  readonly idle: GPUBuffer[]
  /** Batches that wait for a readback buffer. */
  readonly waiting: ((buffer: GPUBuffer) => void)[]
  /** Commands of a next batch, recorded while the device works on this one. */
  recorded: { readonly attempts: number; readonly passes: readonly GPUCommandBuffer[] } | undefined
  /** Of the last batch; undefined before it. */
  msPerAttempt: number | undefined
  lastDoneMs: number
}

/**
 * The race on WebGPU. All buffers but the readbacks are shared by the batches in flight: the queue runs them in order, and a batch is
 * written and submitted in its turn, so they cannot mix.
 *
 * Read next: race-tuning.ts (what kernels there are), race-plan.ts (their calls), submission.ts (how a batch goes to the device),
 * batch-plan.ts (what fits), autotune.ts (which tuning a device gets).
 */
export class WebgpuBackend implements RaceBackend {
  readonly kind = 'webgpu'
  readonly batchesInFlight = BATCHES_IN_FLIGHT
  readonly model: RaceModel
  readonly tuning: RaceTuning
  /** What the limits of the device allow; memory may allow less. */
  readonly plannedAttempts: number
  readonly #context: GpuContext
  readonly #options: WebgpuBackendOptions
  #running: Running | undefined
  #maxAttempts: number

  constructor(context: GpuContext, model: RaceModel, options: WebgpuBackendOptions = {}) {
    this.#context = context
    this.#options = options
    this.model = model
    this.tuning = options.tuning ?? listTunings(context, model.shape)[0]
    this.plannedAttempts = this.#plan()?.maxAttempts ?? 0
    this.#maxAttempts = Math.min(this.plannedAttempts, options.attemptLimit ?? this.plannedAttempts)
  }

  get maxAttempts(): number {
    return this.#maxAttempts
  }

  async start(): Promise<void> {
    const { device, guard, kernels: cache } = this.#context
    const { shape } = this.model
    const kernels = await guard(raceKernels(cache, device, shape, this.tuning))
    const passes = planRace(shape, this.tuning)
    const buffers = await this.#allocate(passes)
    const { key0, key1, lane } = weightStream(shape, this.model.epochSeed)
    const blocks = shape.weightBytes / 16
    device.queue.writeBuffer(buffers.weightStream, 0, Int32Array.of(key0, key1, lane, blocks))
    device.queue.submit([bindWeights(device, kernels.expandWeights, buffers, blocks)])
    this.#running = {
      buffers,
      passes: bindPasses(device, kernels, buffers, passes),
      slices: new SliceQueue(this.#context),
      idle: [...buffers.readbacks],
      waiting: [],
      recorded: undefined,
      msPerAttempt: undefined,
      lastDoneMs: 0,
    }
    await this.#guardMemory(guard(device.queue.onSubmittedWorkDone()))
  }

  async run(batch: RaceBatch, signal?: AbortSignal): Promise<readonly FoundAttempt[]> {
    if (batch.nonces.length > this.maxAttempts) {
      throw new CodedError('batch_too_large', 'too many attempts in one batch', { fields: { max: this.maxAttempts } })
    }
    signal?.throwIfAborted()
    return batch.nonces.length === 0 ? [] : this.#guardMemory(this.#runBatch(batch, signal))
  }

  async #runBatch(batch: RaceBatch, signal: AbortSignal | undefined): Promise<readonly FoundAttempt[]> {
    const running = this.#started()
    const readback = await takeReadback(running)
    const bytes = resultBytes(batch.nonces.length)
    try {
      const submittedMs = await running.slices.inTurn(() => this.#submit(running, batch, readback, signal))
      await this.#context.guard(readback.mapAsync(GPUMapMode.READ, 0, bytes))
      const finds = decodeResults(new Uint32Array(readback.getMappedRange(0, bytes)), batch.nonces)
      readback.unmap()
      noteDuration(running, batch.nonces.length, submittedMs)
      signal?.throwIfAborted()
      return finds
    } finally {
      giveReadback(running, readback)
    }
  }

  /** Stage after stage through the kernels that race, each call a submission of its own. */
  async trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace> {
    const running = this.#started()
    const { device } = this.#context
    const { shape } = this.model
    const batch = { host, target: EVERY_DIGEST, nonces: BigUint64Array.of(nonce) }
    this.#writeBatch(running, batch)
    const byName = new Map(stagesOf(shape).map((stage) => [stage.name, stage]))
    const stages: TracedStage[] = []
    for (const bound of running.passes.flat()) {
      device.queue.submit([recordPass(device, [bound], 1)])
      for (const name of bound.call.stages) {
        const stage = byName.get(name)
        if (stage !== undefined) {
          const size = tensorRowBytes(shape, stage.tensor) * shape.positions
          const tensor = stageTensor(stage.tensor, await this.#read(running.buffers.byName[stage.tensor], size))
          stages.push({ stage, bytes: stageBytes(shape, stage, tensor) })
        }
      }
    }
    const results = await this.#read(running.buffers.byName.results, resultBytes(1))
    const [find] = decodeResults(new Uint32Array(results.buffer), batch.nonces)
    if (find === undefined) {
      throw new CodedError('gpu_error', 'the device returned no digest')
    }
    return { stages, digest: find.digest }
  }

  /** Milliseconds of the device for each kind of work of a batch. Not beside `run`. */
  async profile(batch: RaceBatch): Promise<readonly PartTime[]> {
    const running = this.#started()
    this.#writeBatch(running, batch)
    return profileBatch(this.#context, running.passes, batch.nonces.length)
  }

  async stop(): Promise<void> {
    this.#running?.buffers.destroy()
    this.#running = undefined
  }

  async #allocate(passes: readonly PlannedPass[]): Promise<RaceBuffers> {
    const { device } = this.#context
    const create = (plan: BatchPlan): RaceBuffers =>
      createRaceBuffers(device, this.model.shape, plan, passes, BATCHES_IN_FLIGHT)
    const wanted = this.#maxAttempts
    // Until it is done there is memory for none.
    this.#maxAttempts = 0
    const planFor = (attempts: number): BatchPlan | undefined => this.#plan(attempts)
    const buffers = await this.#guardMemory(allocateBuffers(this.#context, planFor, create, wanted))
    this.#maxAttempts = buffers.maxAttempts
    if (buffers.maxAttempts < wanted) {
      this.#options.onMemoryShort?.(buffers.maxAttempts)
    }
    return buffers
  }

  #plan(attempts?: number): BatchPlan | undefined {
    const { limits } = this.#context.device
    const maxBufferBytes = this.#options.maxBufferBytes ?? Number.MAX_SAFE_INTEGER
    const maxBufferSize = Math.min(limits.maxBufferSize, maxBufferBytes)
    const { maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension } = limits
    return planBatch(
      { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension },
      this.model.shape,
      attempts,
    )
  }

  #started(): Running {
    if (this.#running === undefined) {
      throw new CodedError('not_started', 'the backend is not running')
    }
    this.#context.check()
    return this.#running
  }

  /** Tells whoever keeps the limit that half of this batch is to be tried next. */
  async #guardMemory<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (errorCode(error) === 'out_of_memory') {
        this.#options.onMemoryShort?.(Math.floor(this.#maxAttempts / 2))
      }
      throw error
    }
  }

  #writeBatch(running: Running, batch: RaceBatch): void {
    const { queue } = this.#context.device
    queue.writeBuffer(running.buffers.batch, 0, encodeBatch(this.model, batch))
    // Low word first on every platform that has WebGPU; the copy also frees us from a shared or resizable buffer.
    queue.writeBuffer(running.buffers.byName.nonces, 0, BigUint64Array.from(batch.nonces))
    queue.writeBuffer(running.buffers.byName.results, 0, Uint32Array.of(0))
  }

  /** Queues the whole batch and the copy of its results, then records the commands of a next one; returns when it began. */
  async #submit(running: Running, batch: RaceBatch, readback: GPUBuffer, signal?: AbortSignal): Promise<number> {
    const attempts = batch.nonces.length
    const passes = this.#record(running, attempts)
    running.recorded = undefined
    const expectedMs = running.msPerAttempt === undefined ? undefined : running.msPerAttempt * attempts
    let startedMs: number | undefined
    let from = 0
    for (const end of sliceEnds(passes.length, expectedMs)) {
      await running.slices.room()
      signal?.throwIfAborted()
      if (this.#running !== running) {
        throw new CodedError('not_started', 'the backend was stopped')
      }
      this.#context.check()
      if (startedMs === undefined) {
        startedMs = performance.now()
        this.#writeBatch(running, batch)
      }
      const isWhole = end === passes.length
      running.slices.submit([
        ...passes.slice(from, end),
        ...(isWhole ? [this.#copyResults(running, attempts, readback)] : []),
      ])
      from = end
    }
    running.recorded = { attempts, passes: this.#record(running, attempts) }
    return startedMs ?? performance.now()
  }

  #record(running: Running, attempts: number): readonly GPUCommandBuffer[] {
    return running.recorded?.attempts === attempts
      ? running.recorded.passes
      : running.passes.map((pass) => recordPass(this.#context.device, pass, attempts))
  }

  #copyResults(running: Running, attempts: number, readback: GPUBuffer): GPUCommandBuffer {
    const encoder = this.#context.device.createCommandEncoder()
    encoder.copyBufferToBuffer(running.buffers.byName.results, 0, readback, 0, resultBytes(attempts))
    return encoder.finish()
  }

  async #read(source: GPUBuffer, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const { device } = this.#context
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ })
    try {
      const encoder = device.createCommandEncoder()
      encoder.copyBufferToBuffer(source, 0, staging, 0, size)
      device.queue.submit([encoder.finish()])
      await this.#context.guard(staging.mapAsync(GPUMapMode.READ))
      return new Uint8Array(staging.getMappedRange()).slice()
    } finally {
      staging.destroy()
    }
  }
}

/** From the end of the batch before, or from its own start where the device was idle, to its results. */
function noteDuration(running: Running, attempts: number, submittedMs: number): void {
  const nowMs = performance.now()
  running.msPerAttempt = (nowMs - Math.max(submittedMs, running.lastDoneMs)) / attempts
  running.lastDoneMs = nowMs
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
