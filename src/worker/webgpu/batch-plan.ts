import type { RaceShape } from '../../race/shapes.ts'
import type { StageTensor } from '../../race/stages.ts'
import { rowLength } from '../../race/stages.ts'

/**
 * How many attempts fit into one batch, from the limits of a device alone: no buffer beyond what a buffer or a binding may have, all
 * tensors within a budget, no dispatch beyond what one dimension may have. Pure, so that devices nobody has here can be planned for.
 */
export interface BatchLimits {
  readonly maxBufferSize: number
  readonly maxStorageBufferBindingSize: number
  readonly maxComputeWorkgroupsPerDimension: number
}

export interface BatchPlan {
  readonly maxAttempts: number
  readonly bytesOf: Readonly<Record<StageTensor, number>>
  readonly totalBytes: number
}

/** Memory that the tensors of a batch may take: a batch is worth no more once it outgrows the caches. */
const TENSOR_BUDGET_BYTES = 192 << 20
/** Most attempts whatever their size: a batch of them hides any overhead. */
const MAX_ATTEMPTS = 4096
/** Every kernel takes at least this many rows of a batch a workgroup; the one that makes the inputs of the widest shape takes two. */
const LEAST_GROUP_HEIGHT = 2

export const TENSORS: readonly StageTensor[] = ['hidden', 'normed', 'projected', 'attended', 'expanded']

/** Bytes of one row on the device: int8, the residual stream int16. */
export function tensorRowBytes(shape: RaceShape, tensor: StageTensor): number {
  return rowLength(shape, tensor) * (tensor === 'hidden' ? 2 : 1)
}

/** A plan for at most `attemptLimit` attempts; undefined where not even the weights and one attempt fit. */
export function planBatch(
  limits: BatchLimits,
  shape: RaceShape,
  attemptLimit: number = MAX_ATTEMPTS,
): BatchPlan | undefined {
  const largestBuffer = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize)
  const attemptBytes = TENSORS.map((tensor) => tensorRowBytes(shape, tensor) * shape.positions)
  const maxAttempts = Math.min(
    MAX_ATTEMPTS,
    attemptLimit,
    Math.floor(largestBuffer / Math.max(...attemptBytes)),
    Math.floor(TENSOR_BUDGET_BYTES / attemptBytes.reduce((sum, bytes) => sum + bytes, 0)),
    Math.floor((limits.maxComputeWorkgroupsPerDimension * LEAST_GROUP_HEIGHT) / shape.positions),
  )
  if (maxAttempts < 1 || shape.weightBytes > largestBuffer) {
    return undefined
  }
  const bytes = (tensor: StageTensor): number => tensorRowBytes(shape, tensor) * shape.positions * maxAttempts
  const bytesOf = {
    hidden: bytes('hidden'),
    normed: bytes('normed'),
    projected: bytes('projected'),
    attended: bytes('attended'),
    expanded: bytes('expanded'),
  }
  const totalBytes = shape.weightBytes + TENSORS.reduce((sum, tensor) => sum + bytesOf[tensor], 0)
  return { maxAttempts, bytesOf, totalBytes }
}
