import { linearShift, normGain, scoreShift } from '../../race/arithmetic.ts'
import { layerOffsets } from '../../race/model.ts'
import type { RaceShape } from '../../race/shapes.ts'
import type { StageTensor } from '../../race/stages.ts'

/**
 * The kernel calls of one batch, as data: which kernel, over which rows, with which parameters, and which stages
 * (src/race/stages.ts) are complete after it. Order and operations follow src/race/forward.ts line by line.
 */
export type KernelName = 'embed' | 'normalise' | 'project' | 'accumulate' | 'attend' | 'digest'

export type BufferName = StageTensor | 'nonces' | 'weights' | 'exponential' | 'results'

/** Fields of `Call` in shaders/race-batch.wgsl, in its order. */
export interface CallParameters {
  readonly rowsPerAttempt: number
  readonly firstRow: number
  readonly rowVectors: number
  readonly weightBase: number
  readonly outStride: number
  readonly outBase: number
  readonly shift: number
  readonly activate: number
}

export interface PlannedCall {
  readonly kernel: KernelName
  readonly parameters: CallParameters
  /** Buffers at bindings 2, 3, …, of the kernel. */
  readonly buffers: readonly BufferName[]
  /** Workgroups for a batch of `attempts`. */
  workgroups(attempts: number): readonly [x: number, y: number]
  /** Stages that this call completes. */
  readonly stages: readonly string[]
}

/** Calls of one command buffer: inputs, one entry per layer, digest. Short buffers keep a slow device responsive. */
export type PlannedPass = readonly PlannedCall[]

type PartialParameters = Partial<CallParameters>

interface Product {
  readonly input: StageTensor
  readonly inputWidth: number
  readonly weightOffset: number
  readonly outputs: number
  readonly firstRow: number
}

export function planRace(shape: RaceShape): readonly PlannedPass[] {
  const passes: PlannedPass[] = [[planEmbed(shape)]]
  for (let layer = 0; layer < shape.layers; layer++) {
    passes.push(planLayer(shape, layer))
  }
  passes.push([planDigest(shape)])
  return passes
}

function planLayer(shape: RaceShape, layer: number): PlannedPass {
  const { width, hidden, positions } = shape
  const offsets = layerOffsets(shape, layer)
  const isLast = layer === shape.layers - 1
  const firstRow = isLast ? positions - 1 : 0
  const name = (part: string): string => `layer${layer}.${part}`
  const keyValue = { input: 'normed', inputWidth: width, weightOffset: offsets.key, outputs: 2 * width } as const
  const query = { input: 'normed', inputWidth: width, weightOffset: offsets.query, outputs: width } as const
  const all = { ...query, outputs: 3 * width, firstRow: 0 }
  const projections = isLast
    ? [
        planProject(shape, { ...query, firstRow }, 'projected', 0, [name('query')]),
        planProject(shape, { ...keyValue, firstRow: 0 }, 'projected', width, [name('key-value')]),
      ]
    : [planProject(shape, all, 'projected', 0, [name('query'), name('key-value')])]
  const up = { input: 'normed', inputWidth: width, weightOffset: offsets.up, outputs: hidden, firstRow } as const
  const output = { input: 'attended', inputWidth: width, weightOffset: offsets.output, outputs: width } as const
  const down = { input: 'expanded', inputWidth: hidden, weightOffset: offsets.down, outputs: width } as const
  return [
    planNormalise(shape, 0, name('attention-norm')),
    ...projections,
    planAttend(shape, firstRow, name('attention')),
    planAccumulate(shape, { ...output, firstRow }, name('attention-residual')),
    planNormalise(shape, firstRow, name('feed-norm')),
    planProject(shape, up, 'expanded', 0, [name('feed-hidden')]),
    planAccumulate(shape, { ...down, firstRow }, name('feed-residual')),
  ]
}

function planEmbed(shape: RaceShape): PlannedCall {
  const blocks = shape.width / 16
  return {
    kernel: 'embed',
    parameters: parametersOf(shape, 0, { rowVectors: blocks }),
    buffers: ['nonces', 'hidden'],
    workgroups: (attempts) => [Math.ceil((attempts * shape.positions * blocks) / 64), 1],
    stages: ['input'],
  }
}

function planNormalise(shape: RaceShape, firstRow: number, stage: string): PlannedCall {
  const parameters = parametersOf(shape, firstRow, { rowVectors: shape.width / 4, shift: normGain(shape.width) })
  return {
    kernel: 'normalise',
    parameters,
    buffers: ['hidden', 'normed'],
    workgroups: (attempts) => [Math.ceil((attempts * parameters.rowsPerAttempt) / 4), 1],
    stages: [stage],
  }
}

function planProject(
  shape: RaceShape,
  product: Product,
  out: 'projected' | 'expanded',
  firstColumn: number,
  stages: readonly string[],
): PlannedCall {
  const outWidth = out === 'expanded' ? shape.hidden : 3 * shape.width
  const parameters = productParameters(shape, product, {
    outStride: outWidth / 4,
    outBase: firstColumn / 4,
    activate: out === 'expanded' ? 1 : 0,
  })
  return {
    kernel: 'project',
    parameters,
    buffers: [product.input, 'weights', out],
    workgroups: productWorkgroups(product.outputs, parameters),
    stages,
  }
}

function planAccumulate(shape: RaceShape, product: Product, stage: string): PlannedCall {
  const parameters = productParameters(shape, product, { outStride: shape.width / 4 })
  return {
    kernel: 'accumulate',
    parameters,
    buffers: [product.input, 'weights', 'hidden'],
    workgroups: productWorkgroups(product.outputs, parameters),
    stages: [stage],
  }
}

function planAttend(shape: RaceShape, firstRow: number, stage: string): PlannedCall {
  const parameters = parametersOf(shape, firstRow, {
    shift: scoreShift(shape.headWidth),
    weightBase: normGain(shape.headWidth),
  })
  return {
    kernel: 'attend',
    parameters,
    buffers: ['projected', 'exponential', 'attended'],
    workgroups: (attempts) => [Math.ceil((attempts * parameters.rowsPerAttempt * shape.heads) / 64), 1],
    stages: [stage],
  }
}

function planDigest(shape: RaceShape): PlannedCall {
  return {
    kernel: 'digest',
    parameters: parametersOf(shape, shape.positions - 1, { rowVectors: shape.width / 2 }),
    buffers: ['nonces', 'hidden', 'results'],
    workgroups: (attempts) => [Math.ceil(attempts / 64), 1],
    stages: [],
  }
}

function parametersOf(shape: RaceShape, firstRow: number, rest: PartialParameters): CallParameters {
  return {
    rowsPerAttempt: shape.positions - firstRow,
    firstRow,
    rowVectors: 0,
    weightBase: 0,
    outStride: 0,
    outBase: 0,
    shift: 0,
    activate: 0,
    ...rest,
  }
}

function productParameters(shape: RaceShape, product: Product, rest: PartialParameters): CallParameters {
  return parametersOf(shape, product.firstRow, {
    rowVectors: product.inputWidth / 16,
    weightBase: product.weightOffset / 16,
    shift: linearShift(product.inputWidth),
    ...rest,
  })
}

/** An invocation makes 4 × 4 results, a workgroup has 8 × 8 of them. */
function productWorkgroups(outputs: number, parameters: CallParameters): PlannedCall['workgroups'] {
  return (attempts) => [outputs / 32, Math.ceil((attempts * parameters.rowsPerAttempt) / 32)]
}
