import type { PeakKind, PeakShape } from './peak-shape.ts'
import { tileColumns, UNROLLED } from './peak-shape.ts'

/** What the kernels of the probe compute, in plain integers: a shape counts only where its sums are these. */

export interface PeakJob {
  readonly steps: number
  /** Eight: a chain uses four of them, a tile one per column. */
  readonly operands: readonly number[]
  readonly addends: readonly number[]
  /** 256 values in −128 … 127. */
  readonly starts: Int32Array<ArrayBuffer>
}

export const START_VALUES = 256

/** The most steps of a job: a float grows by at most 7 a step and has to stay below 2^24. */
export const MAX_STEPS = 1 << 17

/** Four packed bytes each, of both signs. */
const PACKED = [0x7f03_81fe, 0x12c4_5a9b, 0xe577_2d80, 0x3901_fb66, 0x80fe_7f11, 0xd34a_06c9, 0x5e91_e83c, 0xa427_7bd2]
/** Odd, so that a product loses no bits. */
const FACTORS = [1_664_525, -747_796_405, 22_695_477, -1_103_515_245, 69_069, -362_437, 521_288_629, 88_675_123]
/** Signs: every value stays small enough for a float to be exact. */
const SIGNS = [1, -1, 1, -1, -1, 1, 1, -1]

export function createPeakJob(kind: PeakKind, steps: number): PeakJob {
  const operands = { packed: PACKED, 'by-hand': PACKED, integer: FACTORS, float: SIGNS }[kind]
  const starts = Int32Array.from({ length: START_VALUES }, (_, index) => (Math.imul(index + 1, 73) & 255) - 128)
  return { steps, operands, addends: [3, -5, 7, 6], starts }
}

/** The word that invocation `id` writes. */
export function peakTwin(shape: PeakShape, job: PeakJob, id: number): number {
  let sum = 0
  for (let index = 0; index < shape.accumulators; index++) {
    sum = (sum + (shape.form === 'chain' ? chain(shape, job, id, index) : tile(shape, job, id, index))) | 0
  }
  return sum
}

function startOf({ starts }: PeakJob, id: number, index: number): number {
  return starts[(id + 37 * index) % START_VALUES] as number
}

function chain({ kind }: PeakShape, job: PeakJob, id: number, index: number): number {
  let value = startOf(job, id, index)
  for (let step = 0; step < job.steps; step++) {
    for (let turn = 0; turn < UNROLLED; turn++) {
      const operand = job.operands[turn] as number
      value = isDot(kind) ? value + dot4(value, operand) : Math.imul(value, operand) + (job.addends[turn] as number)
      value |= 0
    }
  }
  return value
}

function tile(shape: PeakShape, job: PeakJob, id: number, index: number): number {
  const columns = tileColumns(shape)
  const operand = job.operands[index % columns] as number
  let value = startOf(job, id, index)
  let row = startOf(job, id, shape.accumulators + Math.floor(index / columns))
  for (let step = 0; step < job.steps; step++) {
    for (let turn = 0; turn < UNROLLED; turn++) {
      value = (value + (isDot(shape.kind) ? dot4(row, operand) : Math.imul(row, operand))) | 0
      row = shape.kind === 'float' ? (job.addends[0] as number) - row : (row + (job.addends[turn] as number)) | 0
    }
  }
  return value
}

function isDot(kind: PeakKind): boolean {
  return kind === 'packed' || kind === 'by-hand'
}

/** Σ of the four products of signed bytes. */
function dot4(a: number, b: number): number {
  let sum = 0
  for (let shift = 24; shift >= 0; shift -= 8) {
    sum += Math.imul((a << shift) >> 24, (b << shift) >> 24)
  }
  return sum
}
