import { clampActivation, roundShift } from './arithmetic.ts'

/** Matrix products of the pass: int8 × int8 → int32, exact in any order. GPU twins: shaders/race-linear-*.wgsl. */

/** A row-major int8 matrix inside a larger buffer. */
export interface MatrixView {
  readonly data: Int8Array
  /** Index of its first element. */
  readonly offset: number
  readonly rows: number
}

/**
 * out[r · weights.rows + o] = Σ_i inputs[r][i] · weights[o][i]. Blocks of 4 × 4 keep sixteen sums in registers; a plain
 * double loop reaches about 60 % of that (bench/race.ts). `weights.rows` is a multiple of 4.
 */
export function multiplyRows(out: Int32Array, inputs: MatrixView, weights: MatrixView, length: number): void {
  const outputs = weights.rows
  const blocked = inputs.rows & ~3
  for (let row = 0; row < blocked; row += 4) {
    const inputAt = inputs.offset + Math.imul(row, length)
    for (let column = 0; column < outputs; column += 4) {
      const weightAt = weights.offset + Math.imul(column, length)
      multiplyBlock(
        out,
        Math.imul(row, outputs) + column,
        outputs,
        inputs.data,
        inputAt,
        weights.data,
        weightAt,
        length,
      )
    }
  }
  for (let row = blocked; row < inputs.rows; row++) {
    const inputAt = inputs.offset + Math.imul(row, length)
    for (let column = 0; column < outputs; column += 4) {
      const weightAt = weights.offset + Math.imul(column, length)
      multiplyRow(out, Math.imul(row, outputs) + column, inputs.data, inputAt, weights.data, weightAt, length)
    }
  }
}

function multiplyBlock(
  out: Int32Array,
  outAt: number,
  outStride: number,
  inputs: Int8Array,
  inputAt: number,
  weights: Int8Array,
  weightAt: number,
  length: number,
): void {
  const length2 = length + length
  const length3 = length2 + length
  let s00 = 0
  let s01 = 0
  let s02 = 0
  let s03 = 0
  let s10 = 0
  let s11 = 0
  let s12 = 0
  let s13 = 0
  let s20 = 0
  let s21 = 0
  let s22 = 0
  let s23 = 0
  let s30 = 0
  let s31 = 0
  let s32 = 0
  let s33 = 0
  for (let i = 0; i < length; i = (i + 1) | 0) {
    const w0 = weights[weightAt + i] as number
    const w1 = weights[weightAt + length + i] as number
    const w2 = weights[weightAt + length2 + i] as number
    const w3 = weights[weightAt + length3 + i] as number
    const x0 = inputs[inputAt + i] as number
    s00 = (s00 + Math.imul(x0, w0)) | 0
    s01 = (s01 + Math.imul(x0, w1)) | 0
    s02 = (s02 + Math.imul(x0, w2)) | 0
    s03 = (s03 + Math.imul(x0, w3)) | 0
    const x1 = inputs[inputAt + length + i] as number
    s10 = (s10 + Math.imul(x1, w0)) | 0
    s11 = (s11 + Math.imul(x1, w1)) | 0
    s12 = (s12 + Math.imul(x1, w2)) | 0
    s13 = (s13 + Math.imul(x1, w3)) | 0
    const x2 = inputs[inputAt + length2 + i] as number
    s20 = (s20 + Math.imul(x2, w0)) | 0
    s21 = (s21 + Math.imul(x2, w1)) | 0
    s22 = (s22 + Math.imul(x2, w2)) | 0
    s23 = (s23 + Math.imul(x2, w3)) | 0
    const x3 = inputs[inputAt + length3 + i] as number
    s30 = (s30 + Math.imul(x3, w0)) | 0
    s31 = (s31 + Math.imul(x3, w1)) | 0
    s32 = (s32 + Math.imul(x3, w2)) | 0
    s33 = (s33 + Math.imul(x3, w3)) | 0
  }
  storeFour(out, outAt, s00, s01, s02, s03)
  storeFour(out, outAt + outStride, s10, s11, s12, s13)
  storeFour(out, outAt + outStride + outStride, s20, s21, s22, s23)
  storeFour(out, outAt + outStride + outStride + outStride, s30, s31, s32, s33)
}

function multiplyRow(
  out: Int32Array,
  outAt: number,
  inputs: Int8Array,
  inputAt: number,
  weights: Int8Array,
  weightAt: number,
  length: number,
): void {
  const weight1 = weightAt + length
  const weight2 = weight1 + length
  const weight3 = weight2 + length
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let i = 0; i < length; i = (i + 1) | 0) {
    const x = inputs[inputAt + i] as number
    s0 = (s0 + Math.imul(x, weights[weightAt + i] as number)) | 0
    s1 = (s1 + Math.imul(x, weights[weight1 + i] as number)) | 0
    s2 = (s2 + Math.imul(x, weights[weight2 + i] as number)) | 0
    s3 = (s3 + Math.imul(x, weights[weight3 + i] as number)) | 0
  }
  storeFour(out, outAt, s0, s1, s2, s3)
}

function storeFour(out: Int32Array, at: number, a: number, b: number, c: number, d: number): void {
  out[at] = a
  out[at + 1] = b
  out[at + 2] = c
  out[at + 3] = d
}

/** Rounds `rows × columns` sums back to int8 and stores them in a wider row-major buffer. */
export function requantise(
  out: Int8Array,
  outAt: number,
  outStride: number,
  sums: Int32Array,
  rows: number,
  columns: number,
  shift: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = Math.imul(row, columns)
    const to = outAt + Math.imul(row, outStride)
    for (let column = 0; column < columns; column++) {
      out[to + column] = clampActivation(roundShift(sums[from + column] as number, shift))
    }
  }
}

/** hidden[hiddenAt + i] += clamp(round(sums[i])) for `count` sums. */
export function addRequantised(
  hidden: Int32Array,
  hiddenAt: number,
  sums: Int32Array,
  count: number,
  shift: number,
): void {
  for (let i = 0; i < count; i++) {
    hidden[hiddenAt + i] = (hidden[hiddenAt + i] as number) + clampActivation(roundShift(sums[i] as number, shift))
  }
}
