import { linearShift, normGain, scoreShift } from '../../race/arithmetic.ts'
import { layerOffsets } from '../../race/model.ts'
import type { RaceShape } from '../../race/shapes.ts'
import type { StageTensor } from '../../race/stages.ts'
import { rowLength } from '../../race/stages.ts'
import type { RaceTuning } from './race-tuning.ts'
import { groupColumnsOf, groupHeightOf, thinTuning } from './race-tuning.ts'

/**
 * The kernel calls of one batch, as data: which kernel, over which rows, with which parameters, and which stages
 * (src/race/stages.ts) are complete after it. Order and operations follow src/race/forward.ts line by line.
 */
export type KernelName =
  | 'embed'
  | 'normalise'
  | 'multiply'
  /** The same product for one row an attempt. */
  | 'multiplyLast'
  | 'attend'
  | 'digest'

/** Kinds of work that a profile tells apart. */
export type PartName = 'input' | 'norm' | 'query-key-value' | 'attention' | 'output' | 'up' | 'down' | 'digest'

export type BufferName = StageTensor | 'nonces' | 'weights' | 'exponential' | 'results'

/** Fields of `Call` in shaders/race-batch.wgsl, in its order. */
export interface CallParameters {
  /** All positions, or one. */
  readonly rowsPerAttempt: number
  /** From a row to the next one: 1, or all positions. */
  readonly rowStep: number
  readonly firstRow: number
  readonly rowVectors: number
  readonly weightBase: number
  readonly outStride: number
  readonly outBase: number
  readonly shift: number
  readonly ramp: number
  readonly adds: number
}

export interface PlannedCall {
  readonly kernel: KernelName
  readonly part: PartName
  readonly parameters: CallParameters
  /** Buffers at bindings 2, 3, …, of the kernel. */
  readonly buffers: readonly BufferName[]
  /** Workgroups for a batch of `attempts`. */
  readonly workgroups: (attempts: number) => readonly [x: number, y: number]
  /** Stages that this call completes. */
  readonly stages: readonly string[]
}

/** Calls of one command buffer: inputs, one entry per layer, digest. Short buffers keep a slow device responsive. */
export type PlannedPass = readonly PlannedCall[]

type PartialParameters = Partial<CallParameters>

/** What the calls of a shape depend on. */
interface Planning {
  readonly shape: RaceShape
  readonly tuning: RaceTuning
}

/** Invocations of the kernels without a tile. */
const GROUP = 64
/** Rows of a workgroup of shaders/race-norm.wgsl and race-norm-quad.wgsl. */
const NORM_ROWS = 4
const NORM_QUAD_ROWS = 16
/** Quads of a workgroup of shaders/race-attention-quad.wgsl. */
export const ATTENTION_QUADS = 4

interface Product {
  readonly input: StageTensor
  readonly inputWidth: number
  readonly weightOffset: number
  readonly outputs: number
  readonly firstRow: number
  readonly out: 'projected' | 'expanded' | 'normed'
  readonly firstColumn?: number
  readonly part: PartName
}

export function planRace(shape: RaceShape, tuning: RaceTuning): readonly PlannedPass[] {
  const planning = { shape, tuning }
  const last = shape.layers - 1
  const passes: PlannedPass[] = [[planEmbed(shape)]]
  for (let layer = 0; layer <= last; layer++) {
    passes.push(planLayer(planning, layer))
  }
  // The last sum of the residual stream; what it is scaled to nobody reads.
  passes.push([planNormalise(planning, shape.positions - 1, [`layer${last}.feed-residual`]), planDigest(shape)])
  return passes
}

/** What a product leaves in `normed` is added by the norm behind it: its stage is complete then. */
function planLayer(planning: Planning, layer: number): PlannedPass {
  const { shape } = planning
  const { width, hidden, positions } = shape
  const offsets = layerOffsets(shape, layer)
  const isLast = layer === shape.layers - 1
  const firstRow = isLast ? positions - 1 : 0
  const name = (part: string): string => `layer${layer}.${part}`
  const ofWidth = {
    input: 'normed',
    inputWidth: width,
    out: 'projected',
    firstRow: 0,
    part: 'query-key-value',
  } as const
  const query = { ...ofWidth, weightOffset: offsets.query, outputs: width, firstRow }
  const keyValue = { ...ofWidth, weightOffset: offsets.key, outputs: 2 * width, firstColumn: width }
  const all = { ...query, outputs: 3 * width }
  const projections = isLast
    ? [planProduct(planning, query, [name('query')]), planProduct(planning, keyValue, [name('key-value')])]
    : [planProduct(planning, all, [name('query'), name('key-value')])]
  const output = {
    input: 'attended',
    inputWidth: width,
    weightOffset: offsets.output,
    outputs: width,
    out: 'normed',
  } as const
  const up = { input: 'normed', inputWidth: width, weightOffset: offsets.up, outputs: hidden, out: 'expanded' } as const
  const down = {
    input: 'expanded',
    inputWidth: hidden,
    weightOffset: offsets.down,
    outputs: width,
    out: 'normed',
  } as const
  const before = layer === 0 ? [] : [`layer${layer - 1}.feed-residual`]
  return [
    planNormalise(planning, 0, [...before, name('attention-norm')]),
    ...projections,
    planAttend(planning, firstRow, name('attention')),
    planProduct(planning, { ...output, firstRow, part: 'output' }, []),
    planNormalise(planning, firstRow, [name('attention-residual'), name('feed-norm')]),
    planProduct(planning, { ...up, firstRow, part: 'up' }, [name('feed-hidden')]),
    planProduct(planning, { ...down, firstRow, part: 'down' }, []),
  ]
}

function planEmbed(shape: RaceShape): PlannedCall {
  const blocks = shape.width / 16
  return {
    kernel: 'embed',
    part: 'input',
    parameters: parametersOf(shape, 0, { rowVectors: blocks }),
    buffers: ['nonces', 'hidden'],
    workgroups: (attempts) => [Math.ceil((attempts * shape.positions * blocks) / GROUP), 1],
    stages: ['input'],
  }
}

/** Two stages: the sum of the stream and its norm; one alone: the inputs need no sum, the last sum no norm. */
function planNormalise({ shape, tuning }: Planning, firstRow: number, stages: readonly string[]): PlannedCall {
  const rows = shape.positions - firstRow
  const groupRows = tuning.norm === 'quad' ? NORM_QUAD_ROWS : NORM_ROWS
  return {
    kernel: 'normalise',
    part: 'norm',
    parameters: parametersOf(shape, firstRow, {
      rowVectors: shape.width / 4,
      shift: normGain(shape.width),
      adds: stages.some((stage) => stage.endsWith('-residual')) ? 1 : 0,
    }),
    buffers: ['hidden', 'normed'],
    workgroups: (attempts) => [Math.ceil((attempts * rows) / groupRows), 1],
    stages,
  }
}

function planProduct(planning: Planning, product: Product, stages: readonly string[]): PlannedCall {
  const { shape, tuning } = planning
  const { inputWidth, firstRow, firstColumn = 0, outputs } = product
  const rows = shape.positions - firstRow
  const height = groupHeightOf(firstRow === 0 ? tuning : thinTuning(tuning))
  const columns = outputs / (tuning.tileColumns * groupColumnsOf(tuning, shape.width))
  return {
    kernel: firstRow === 0 ? 'multiply' : 'multiplyLast',
    part: product.part,
    parameters: parametersOf(shape, firstRow, {
      rowVectors: inputWidth / 16,
      weightBase: product.weightOffset / 16,
      shift: linearShift(inputWidth),
      outStride: rowLength(shape, product.out) / 4,
      outBase: firstColumn / 4,
      ramp: product.out === 'expanded' ? 1 : 0,
    }),
    buffers: [product.input, 'weights', product.out],
    workgroups: (attempts) => [columns, Math.ceil((attempts * rows) / height)],
    stages,
  }
}

function planAttend({ shape, tuning }: Planning, firstRow: number, stage: string): PlannedCall {
  const { heads, positions } = shape
  const rows = positions - firstRow
  const blocks = Math.ceil(rows / 4)
  return {
    kernel: 'attend',
    part: 'attention',
    parameters: parametersOf(shape, firstRow, {
      shift: scoreShift(shape.headWidth),
      weightBase: normGain(shape.headWidth),
    }),
    buffers: ['projected', 'exponential', 'attended'],
    workgroups:
      tuning.attention === 'quad'
        ? (attempts) => [Math.ceil((attempts * heads) / ATTENTION_QUADS), blocks]
        : (attempts) => [Math.ceil((attempts * rows * heads) / GROUP), 1],
    stages: [stage],
  }
}

function planDigest(shape: RaceShape): PlannedCall {
  return {
    kernel: 'digest',
    part: 'digest',
    parameters: parametersOf(shape, shape.positions - 1, { rowVectors: shape.width / 2 }),
    buffers: ['nonces', 'hidden', 'results'],
    workgroups: (attempts) => [Math.ceil(attempts / GROUP), 1],
    stages: [],
  }
}

function parametersOf(shape: RaceShape, firstRow: number, rest: PartialParameters): CallParameters {
  return {
    rowsPerAttempt: shape.positions - firstRow,
    rowStep: firstRow === 0 ? 1 : shape.positions,
    firstRow,
    rowVectors: 0,
    weightBase: 0,
    outStride: 0,
    outBase: 0,
    shift: 0,
    ramp: 0,
    adds: 0,
    ...rest,
  }
}
