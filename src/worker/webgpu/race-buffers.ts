import { CodedError } from '../../lib/coded-error.ts'
import { readWord } from '../../lib/sha256.ts'
import type { PhiloxStream } from '../../race/keys.ts'
import { digestMidstate, inputStream } from '../../race/keys.ts'
import type { RaceModel } from '../../race/model.ts'
import type { RaceShape } from '../../race/shapes.ts'
import type { StageTensor } from '../../race/stages.ts'
import { createExponentialTable } from '../../race/tables.ts'
import type { FoundAttempt, RaceBatch } from '../race-engine.ts'
import type { BatchPlan } from './batch-plan.ts'
import type { GpuContext } from './gpu-context.ts'
import type { BufferName, PlannedCall, PlannedPass } from './race-plan.ts'

/** Device memory of one race and the bytes that travel: batch header, call parameters, nonces, results. */

/** Uniform offsets must be multiples of this on every device (WebGPU default limit). */
const CALL_STRIDE_BYTES = 256
/** `Call` of shaders/race-batch.wgsl. */
const CALL_BYTES = 40
const BATCH_WORDS = 20
/** Result entry: index, then eight digest words. */
const ENTRY_WORDS = 9

export interface RaceBuffers {
  readonly maxAttempts: number
  readonly byName: Readonly<Record<BufferName, GPUBuffer>>
  readonly batch: GPUBuffer
  readonly calls: GPUBuffer
  readonly weightStream: GPUBuffer
  /** Where results are read back: one for each batch under way. */
  readonly readbacks: readonly GPUBuffer[]
  destroy(): void
}

/** Bytes of results that a batch of `attempts` can fill. */
export function resultBytes(attempts: number): number {
  return 4 + 4 * ENTRY_WORDS * attempts
}

export function createRaceBuffers(
  device: GPUDevice,
  shape: RaceShape,
  plan: BatchPlan,
  passes: readonly PlannedPass[],
  batchesInFlight: number,
): RaceBuffers {
  const created: GPUBuffer[] = []
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage
  const create = (label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer => {
    const buffer = device.createBuffer({ label, size, usage })
    created.push(buffer)
    return buffer
  }
  const tensor = (name: StageTensor): GPUBuffer => create(name, plan.bytesOf[name], STORAGE | COPY_SRC)
  const callCount = passes.reduce((sum, pass) => sum + pass.length, 0)
  const exponential = Int32Array.from(createExponentialTable())
  const resultsSize = resultBytes(plan.maxAttempts)
  const byName = {
    hidden: tensor('hidden'),
    normed: tensor('normed'),
    projected: tensor('projected'),
    attended: tensor('attended'),
    expanded: tensor('expanded'),
    nonces: create('nonces', 8 * plan.maxAttempts, STORAGE | COPY_DST),
    weights: create('weights', shape.weightBytes, STORAGE),
    exponential: create('exponential', exponential.byteLength, STORAGE | COPY_DST),
    results: create('results', resultsSize, STORAGE | COPY_SRC | COPY_DST),
  }
  const calls = create('calls', callCount * CALL_STRIDE_BYTES, UNIFORM | COPY_DST)
  device.queue.writeBuffer(byName.exponential, 0, exponential.buffer)
  device.queue.writeBuffer(calls, 0, encodeCalls(passes.flat()).buffer)
  return {
    maxAttempts: plan.maxAttempts,
    byName,
    batch: create('batch', 4 * BATCH_WORDS, UNIFORM | COPY_DST),
    calls,
    weightStream: create('weight stream', 16, UNIFORM | COPY_DST),
    readbacks: Array.from({ length: batchesInFlight }, () => create('readback', resultsSize, COPY_DST | MAP_READ)),
    destroy: () => created.forEach((buffer) => void buffer.destroy()),
  }
}

/**
 * Buffers for as many attempts as the device has memory for: half as many each time it says that there is none. The device finds out
 * while it works on the queue, so this waits for it.
 * @throws CodedError `out_of_memory` where not even one attempt fits; `device_lost`, `gpu_error`.
 */
export async function allocateBuffers(
  { device, guard }: GpuContext,
  planFor: (attempts: number) => BatchPlan | undefined,
  create: (plan: BatchPlan) => RaceBuffers,
  attempts: number,
): Promise<RaceBuffers> {
  for (let wanted = attempts; wanted >= 1; wanted = Math.floor(wanted / 2)) {
    const plan = planFor(wanted)
    if (plan !== undefined) {
      device.pushErrorScope('out-of-memory')
      const buffers = create(plan)
      if ((await guard(device.popErrorScope())) === null) {
        return buffers
      }
      buffers.destroy()
    }
  }
  throw new CodedError('out_of_memory', 'the device has no memory for the weights and one attempt')
}

/** Binding of the parameters of call `index` of the plan. */
export function callBinding(buffers: RaceBuffers, index: number): GPUBufferBinding {
  return { buffer: buffers.calls, offset: index * CALL_STRIDE_BYTES, size: CALL_BYTES }
}

function encodeCalls(calls: readonly PlannedCall[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array((calls.length * CALL_STRIDE_BYTES) / 4)
  calls.forEach(({ parameters }, index) => {
    const fields = [
      parameters.rowsPerAttempt,
      parameters.rowStep,
      parameters.firstRow,
      parameters.rowVectors,
      parameters.weightBase,
      parameters.outStride,
      parameters.outBase,
      parameters.shift,
      parameters.ramp,
      parameters.adds,
    ]
    words.set(fields, (index * CALL_STRIDE_BYTES) / 4)
  })
  return words
}

/** `Batch` of shaders/race-batch.wgsl. */
export function encodeBatch(model: RaceModel, batch: RaceBatch): Int32Array<ArrayBuffer> {
  const stream: PhiloxStream = inputStream(model.shape, model.epochSeed, batch.host)
  const words = new Int32Array(BATCH_WORDS)
  words.set([batch.nonces.length, stream.key0, stream.key1, stream.lane])
  words.set(digestMidstate(model.epochSeed, batch.host), 4)
  for (let i = 0; i < 8; i++) {
    words[12 + i] = readWord(batch.target, 4 * i)
  }
  return words
}

/** Finds of a batch in the order of its nonces: the device appends them in any order. */
export function decodeResults(words: Uint32Array, nonces: BigUint64Array): FoundAttempt[] {
  const count = Math.min(words[0] as number, nonces.length)
  const found: { readonly index: number; readonly find: FoundAttempt }[] = []
  for (let i = 0; i < count; i++) {
    const at = 1 + i * ENTRY_WORDS
    const index = words[at] as number
    const nonce = nonces[index]
    if (nonce !== undefined) {
      found.push({ index, find: { nonce, digest: digestBytes(words, at + 1) } })
    }
  }
  return found.sort((a, b) => a.index - b.index).map((entry) => entry.find)
}

function digestBytes(words: Uint32Array, at: number): Uint8Array {
  const digest = new Uint8Array(32)
  const view = new DataView(digest.buffer)
  for (let i = 0; i < 8; i++) {
    view.setUint32(4 * i, words[at + i] as number)
  }
  return digest
}

/** A tensor as the stages have it: the residual stream, int16 on the device, becomes int32. */
export function stageTensor(tensor: StageTensor, bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  return tensor === 'hidden' ? new Uint8Array(Int32Array.from(new Int16Array(bytes.buffer)).buffer) : bytes
}
