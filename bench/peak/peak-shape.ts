/**
 * The peak probe: how many exact int8 multiply-accumulates a second a device can do when nothing but arithmetic is in the way. The race
 * (bench/race-page) is measured against it, in the same run.
 *
 * Invariant: every operand lives in a register and depends on data that arrives at run time, and a shape whose results differ from its
 * CPU twin (peak-twin.ts) does not count. So nothing is folded away, and nothing is counted that was not computed.
 *
 * Read next: peak-kernel.ts (the WGSL of a shape), peak-probe.ts (verifies, screens, measures).
 */

/**
 * How the multiply-accumulates are done. `packed` and `by-hand` sum four products of int8 (by language feature, by shifts); `integer`
 * and `float` are one multiplication and one addition of numbers unpacked beforehand, which is exact too: no sum of the race leaves 2^24.
 */
export type PeakKind = 'packed' | 'by-hand' | 'integer' | 'float'

/**
 * What the operands are. `chain`: each accumulator is the next operand of itself. `tile`: rows × columns of accumulators share operands as
 * a matrix product's do, which spares a device that emulates the dot product most of the unpacking; the rows' operands change each time.
 */
export type PeakForm = 'chain' | 'tile'

export interface PeakShape {
  readonly kind: PeakKind
  readonly form: PeakForm
  /** Independent sums of one invocation, counted as numbers. */
  readonly accumulators: number
  /** Numbers in one variable: scalars or vectors. `accumulators` is a multiple of it. */
  readonly lanes: 1 | 2 | 4
  /** Invocations of a workgroup. */
  readonly workgroup: number
}

/** WGSL language feature of `packed`. */
export const PACKED_FEATURE = 'packed_4x8_integer_dot_product'

/** Times that every accumulator is used in one step of the loop. */
export const UNROLLED = 4

type Layout = readonly [form: PeakForm, accumulators: number, lanes: PeakShape['lanes'], workgroup: number]

/** From 8 sums, the fewest that hide a pipeline, to 64, the most that registers hold. */
const LAYOUTS: readonly Layout[] = [
  ['chain', 8, 1, 256],
  ['chain', 16, 1, 32],
  ['chain', 16, 1, 128],
  ['chain', 32, 1, 64],
  ['chain', 64, 1, 64],
  ['chain', 16, 2, 64],
  ['chain', 16, 4, 64],
  ['chain', 32, 4, 128],
  ['tile', 8, 1, 64],
  ['tile', 16, 1, 64],
  ['tile', 16, 1, 256],
  ['tile', 32, 1, 64],
  ['tile', 32, 1, 128],
  ['tile', 64, 1, 64],
  ['tile', 16, 2, 64],
  ['tile', 16, 4, 64],
  ['tile', 32, 4, 128],
]

/** Every shape worth trying on a device with these language features; shifts by hand only where the dot product is not offered. */
export function listPeakShapes(languageFeatures: ReadonlySet<string>): readonly PeakShape[] {
  const kinds: readonly PeakKind[] = [languageFeatures.has(PACKED_FEATURE) ? 'packed' : 'by-hand', 'integer', 'float']
  return kinds.flatMap((kind) =>
    LAYOUTS.map(([form, accumulators, lanes, workgroup]) => ({ kind, form, accumulators, lanes, workgroup })),
  )
}

/** For people: kind, form, accumulators, lanes of a variable, workgroup. */
export function peakShapeName(shape: PeakShape): string {
  const { kind, form, accumulators, lanes, workgroup } = shape
  const size = form === 'chain' ? `${accumulators}` : `${accumulators / tileColumns(shape)}×${tileColumns(shape)}`
  return `${kind} ${form} ${size}${lanes === 1 ? '' : ` vec${lanes}`} @${workgroup}`
}

/** Accumulators that share a row's operand. */
export function tileColumns({ accumulators }: PeakShape): 4 | 8 {
  return accumulators === 64 ? 8 : 4
}

/** Multiply-accumulates of one invocation in one step. */
export function macsPerStep({ kind, accumulators }: PeakShape): number {
  return accumulators * UNROLLED * (kind === 'packed' || kind === 'by-hand' ? 4 : 1)
}
