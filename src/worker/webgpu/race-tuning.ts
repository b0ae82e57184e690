import type { RaceShape } from '../../race/shapes.ts'

/** How the kernels are made for a device. Every tuning gives the same bytes; they differ in speed alone. */
export interface RaceTuning {
  /** How int8 products are summed: the language feature, i32, or f32 (exact, see shaders/product-float.wgsl). */
  readonly product: 'dot4' | 'int' | 'float'
  /** What the invocations of a matrix product share: nothing, rows within quads, tiles in workgroup memory. */
  readonly share: 'none' | 'quad' | 'workgroup'
  /** Results of one invocation. */
  readonly tileRows: 4 | 8 | 16
  readonly tileColumns: 4 | 8
  /** Most invocations of a workgroup along the outputs; small products take fewer. */
  readonly groupColumns: 4 | 8 | 16 | 32 | 64
  readonly groupRows: 1 | 8 | 16
  /** Who scales a row: one invocation, a quad that holds it in registers (narrow rows), sixteen that share workgroup memory. */
  readonly norm: 'row' | 'quad' | 'workgroup'
  readonly attention: 'row' | 'quad'
}

/** What decides which tunings a device can run. */
export interface TuningFacts {
  readonly hasDot4: boolean
  readonly hasSubgroups: boolean
  readonly isSoftware: boolean
  readonly workgroupStorageBytes: number
  readonly workgroupInvocations: number
}

/** What of a GpuContext is looked at. */
interface TunedDevice {
  readonly device: { readonly limits: GPUSupportedLimits; readonly features: ReadonlySet<string> }
  readonly languageFeatures: ReadonlySet<string>
  readonly adapter: { readonly isSoftware: boolean }
}

const PACKED_FEATURE = 'packed_4x8_integer_dot_product'
/** Vectors of 16 bytes that a staged product holds of each row and column: DEPTH in shaders/race-linear-staged.wgsl. */
const STAGED_BYTES = 64

const ON_SOFTWARE = { groupColumns: 8, groupRows: 1 } as const
const ON_GPU = { norm: 'workgroup', attention: 'row' } as const

export function tuningFacts(context: TunedDevice): TuningFacts {
  const { limits, features } = context.device
  return {
    hasDot4: context.languageFeatures.has(PACKED_FEATURE),
    hasSubgroups: features.has('subgroups'),
    isSoftware: context.adapter.isSoftware,
    workgroupStorageBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
  }
}

/** What this device can run, best guess first; at most 12. */
export function listTunings(context: TunedDevice, shape: RaceShape): readonly [RaceTuning, ...RaceTuning[]] {
  return tuningsFor(tuningFacts(context), shape)
}

export function tuningsFor(facts: TuningFacts, shape: RaceShape): readonly [RaceTuning, ...RaceTuning[]] {
  const candidates = facts.isSoftware ? softwareTunings(facts, shape) : gpuTunings(facts, shape)
  const [first, ...others] = candidates.filter((tuning) => isRunnable(tuning, facts, shape))
  return [first ?? plainTuning(facts), ...others]
}

/** Rows of up to this many elements stay in the registers of a quad; longer ones would take seconds to compile. */
const QUAD_NORM_WIDTH = 128

/** What any device can run: no subgroups, no workgroup memory beyond the norm's. */
export function plainTuning(facts: TuningFacts): RaceTuning {
  const product = facts.hasDot4 ? 'dot4' : 'int'
  return { ...ON_GPU, product, share: 'none', tileRows: 4, tileColumns: 4, groupColumns: 8, groupRows: 8 }
}

/**
 * SwiftShader works four invocations at a time, loads each of their words by itself, and emulates the packed dot product: large tiles of
 * floats in registers, rows shared by swaps (docs/decisions/0019-race-kernels.md).
 */
function softwareTunings(facts: TuningFacts, { width }: RaceShape): RaceTuning[] {
  const isNarrow = width <= QUAD_NORM_WIDTH
  // Short products gain next to nothing by wide tiles, which take twice as long to compile.
  const tileColumns = isNarrow ? 4 : 8
  const norm = isNarrow ? 'quad' : 'row'
  const quad = { ...ON_SOFTWARE, tileColumns, share: 'quad', norm, attention: 'quad' } as const
  const alone = { ...ON_SOFTWARE, tileColumns: 8, share: 'none', norm: 'row', attention: 'row' } as const
  return [
    { ...quad, product: 'float', tileRows: 16 },
    { ...quad, product: 'float', tileRows: 8 },
    { ...alone, product: 'float', tileRows: 8 },
    { ...quad, product: 'int', tileRows: 16 },
    { ...alone, product: facts.hasDot4 ? 'dot4' : 'int', tileRows: 8 },
  ]
}

function gpuTunings(facts: TuningFacts, { width }: RaceShape): RaceTuning[] {
  const norm = width <= QUAD_NORM_WIDTH ? 'quad' : 'workgroup'
  const product = facts.hasDot4 ? 'dot4' : 'int'
  const staged = { ...ON_GPU, product, share: 'workgroup' } as const
  const quad = { product, share: 'quad', norm, attention: 'quad', groupRows: 1 } as const
  return [
    { ...staged, tileRows: 8, tileColumns: 4, groupColumns: 16, groupRows: 8 },
    { ...staged, tileRows: 8, tileColumns: 8, groupColumns: 8, groupRows: 8 },
    { ...staged, tileRows: 8, tileColumns: 4, groupColumns: 16, groupRows: 8, norm, attention: 'quad' },
    { ...staged, tileRows: 8, tileColumns: 8, groupColumns: 16, groupRows: 8 },
    { ...staged, tileRows: 4, tileColumns: 4, groupColumns: 16, groupRows: 16 },
    { ...staged, tileRows: 8, tileColumns: 4, groupColumns: 16, groupRows: 16 },
    { ...quad, tileRows: 8, tileColumns: 8, groupColumns: 32 },
    { ...quad, tileRows: 16, tileColumns: 4, groupColumns: 64 },
    { ...ON_GPU, product, share: 'none', tileRows: 8, tileColumns: 4, groupColumns: 16, groupRows: 8 },
    { ...ON_GPU, product, share: 'none', tileRows: 4, tileColumns: 4, groupColumns: 8, groupRows: 8 },
    { ...staged, product: 'float', tileRows: 8, tileColumns: 8, groupColumns: 8, groupRows: 8 },
  ]
}

function isRunnable(tuning: RaceTuning, facts: TuningFacts, shape: RaceShape): boolean {
  const usesQuads = tuning.share === 'quad' || tuning.norm === 'quad' || tuning.attention === 'quad'
  const columns = groupColumnsOf(tuning, shape.width)
  const tiles = tuning.tileColumns * columns + tuning.tileRows * tuning.groupRows
  return (
    (!usesQuads || facts.hasSubgroups) &&
    (tuning.product !== 'dot4' || facts.hasDot4) &&
    columns * tuning.groupRows <= facts.workgroupInvocations &&
    (tuning.share !== 'workgroup' || tiles * STAGED_BYTES <= facts.workgroupStorageBytes)
  )
}

/** Invocations along the outputs of a workgroup: what the tuning asks for, or as many as the narrowest product has. */
export function groupColumnsOf(tuning: RaceTuning, width: number): number {
  return Math.min(tuning.groupColumns, width / tuning.tileColumns)
}

/** Rows of a workgroup of a matrix product. */
export function groupHeightOf(tuning: RaceTuning): number {
  return tuning.tileRows * tuning.groupRows
}

/** A name for people, caches and tests; equal names are equal tunings. */
export function tuningName(tuning: RaceTuning): string {
  const { product, share, tileRows, tileColumns, groupColumns, groupRows, norm, attention } = tuning
  return `${product} ${share} ${tileRows}x${tileColumns} group ${groupColumns}x${groupRows} norm ${norm} attention ${attention}`
}

/**
 * The twin for products of one row an attempt (the last position): a high tile would mostly compute rows that nobody has asked for while
 * a batch is small. Same columns, so that it reads the same panels of weights.
 */
export function thinTuning(tuning: RaceTuning): RaceTuning {
  return tuning.share === 'workgroup' ? tuning : { ...tuning, tileRows: 4 }
}
