/**
 * Matrix products: int16 activations × int8 weights → int32. Twin of src/race/linear.ts.
 *
 * Eight rows of the matrix at a time are widened to int16 and interleaved into a panel: 8 outputs × 2 inputs after each
 * other, 16 KiB at most, so that it stays in the first cache for all rows of activations. One `dot_i16x8_s` then makes four
 * outputs of two inputs, and needs no sum over lanes at the end. 4 activations × 8 outputs are eight sums in registers.
 *
 * Exact: a weight is −128 … 127, an activation −128 … 127 at most, so a pair of products is at most 2^15, far from where
 * the instruction could wrap (only −2^15 · −2^15 twice does), and a sum of 1,024 products at most 2^24.
 */
import { clampToActivation, highPairs, lowPairs } from './arithmetic'
import { panelAt } from './layout'

/** What becomes of the sums: int16 activations, those after the feed-forward's ramp, or added to the int32 residual. */
export const STORE: i32 = 0
export const STORE_RAMPED: i32 = 1
export const ADD_TO_RESIDUAL: i32 = 2

/**
 * `rows` (a multiple of 4) rows of activations, `inputStride` bytes apart, times `outputs` (a multiple of 8) rows of
 * weights; each result goes to its column of the row at `out`, `outStride` bytes apart.
 */
export function multiply(
  inputs: usize,
  inputStride: usize,
  rows: i32,
  length: i32,
  weights: usize,
  outputs: i32,
  out: usize,
  outStride: usize,
  mode: i32,
  shift: i32,
): void {
  const columnBytes: usize = mode === ADD_TO_RESIDUAL ? 32 : 16
  let panelRows = weights
  let column = out
  for (let output = 0; output < outputs; output += 8) {
    packPanel(panelRows, length)
    multiplyPanel(inputs, inputStride, rows, length, column, outStride, mode, shift)
    panelRows += (<usize>length) << 3
    column += columnBytes
  }
}

/** Rows r0 … r7 of 8-bit weights → for each pair of inputs: r0[i] r0[i+1] r1[i] r1[i+1] … r7[i+1] as int16. */
function packPanel(weights: usize, length: i32): void {
  const stride = <usize>length
  const stride3 = stride * 3
  const end = weights + stride
  let to = panelAt
  for (let at = weights, low = at + (stride << 2); at < end; at += 16, low += 16) {
    // A transposition of 8 × 8 units of two bytes, in three rounds of interleaving.
    const r0 = v128.load(at)
    const r1 = v128.load(at + stride)
    const r2 = v128.load(at + (stride << 1))
    const r3 = v128.load(at + stride3)
    const r4 = v128.load(low)
    const r5 = v128.load(low + stride)
    const r6 = v128.load(low + (stride << 1))
    const r7 = v128.load(low + stride3)
    const a0 = lowPairs(r0, r4)
    const a1 = lowPairs(r1, r5)
    const a2 = lowPairs(r2, r6)
    const a3 = lowPairs(r3, r7)
    storePairs(to, lowPairs(a0, a2), lowPairs(a1, a3))
    storePairs(to + 64, highPairs(a0, a2), highPairs(a1, a3))
    const b0 = highPairs(r0, r4)
    const b1 = highPairs(r1, r5)
    const b2 = highPairs(r2, r6)
    const b3 = highPairs(r3, r7)
    storePairs(to + 128, lowPairs(b0, b2), lowPairs(b1, b3))
    storePairs(to + 192, highPairs(b0, b2), highPairs(b1, b3))
    to += 256
  }
}

/** The last round, and the widening: two pairs of inputs for eight outputs. */
function storePairs(to: usize, even: v128, odd: v128): void {
  const first = lowPairs(even, odd)
  const second = highPairs(even, odd)
  v128.store(to, i16x8.extend_low_i8x16_s(first))
  v128.store(to, i16x8.extend_high_i8x16_s(first), 16)
  v128.store(to, i16x8.extend_low_i8x16_s(second), 32)
  v128.store(to, i16x8.extend_high_i8x16_s(second), 48)
}

/** Four rows of activations at a time times the panel. */
function multiplyPanel(
  inputs: usize,
  inputStride: usize,
  rows: i32,
  length: i32,
  out: usize,
  outStride: usize,
  mode: i32,
  shift: i32,
): void {
  const panelEnd = panelAt + ((<usize>length) << 4)
  const half = i32x4.splat(1 << (shift - 1))
  let fourRows = inputs
  for (let row = 0, to = out; row < rows; row += 4, to += outStride << 2) {
    let x0 = fourRows
    let x1 = x0 + inputStride
    let x2 = x1 + inputStride
    let x3 = x2 + inputStride
    fourRows = x3 + inputStride
    let s00 = half
    let s01 = half
    let s10 = half
    let s11 = half
    let s20 = half
    let s21 = half
    let s30 = half
    let s31 = half
    for (let w = panelAt; w < panelEnd; w += 64) {
      let w0 = v128.load(w)
      let w1 = v128.load(w, 16)
      s00 = i32x4.add(s00, i32x4.dot_i16x8_s(v128.load_splat<i32>(x0), w0))
      s01 = i32x4.add(s01, i32x4.dot_i16x8_s(v128.load_splat<i32>(x0), w1))
      s10 = i32x4.add(s10, i32x4.dot_i16x8_s(v128.load_splat<i32>(x1), w0))
      s11 = i32x4.add(s11, i32x4.dot_i16x8_s(v128.load_splat<i32>(x1), w1))
      s20 = i32x4.add(s20, i32x4.dot_i16x8_s(v128.load_splat<i32>(x2), w0))
      s21 = i32x4.add(s21, i32x4.dot_i16x8_s(v128.load_splat<i32>(x2), w1))
      s30 = i32x4.add(s30, i32x4.dot_i16x8_s(v128.load_splat<i32>(x3), w0))
      s31 = i32x4.add(s31, i32x4.dot_i16x8_s(v128.load_splat<i32>(x3), w1))
      w0 = v128.load(w, 32)
      w1 = v128.load(w, 48)
      s00 = i32x4.add(s00, i32x4.dot_i16x8_s(v128.load_splat<i32>(x0, 4), w0))
      s01 = i32x4.add(s01, i32x4.dot_i16x8_s(v128.load_splat<i32>(x0, 4), w1))
      s10 = i32x4.add(s10, i32x4.dot_i16x8_s(v128.load_splat<i32>(x1, 4), w0))
      s11 = i32x4.add(s11, i32x4.dot_i16x8_s(v128.load_splat<i32>(x1, 4), w1))
      s20 = i32x4.add(s20, i32x4.dot_i16x8_s(v128.load_splat<i32>(x2, 4), w0))
      s21 = i32x4.add(s21, i32x4.dot_i16x8_s(v128.load_splat<i32>(x2, 4), w1))
      s30 = i32x4.add(s30, i32x4.dot_i16x8_s(v128.load_splat<i32>(x3, 4), w0))
      s31 = i32x4.add(s31, i32x4.dot_i16x8_s(v128.load_splat<i32>(x3, 4), w1))
      x0 += 8
      x1 += 8
      x2 += 8
      x3 += 8
    }
    finish(to, s00, s01, mode, shift)
    finish(to + outStride, s10, s11, mode, shift)
    finish(to + outStride * 2, s20, s21, mode, shift)
    finish(to + outStride * 3, s30, s31, mode, shift)
  }
}

/**
 * Eight sums back to activations; the half of rounding is in them already. Every shift is 9 at least. After 9 bits a sum is within
 * ±2^15: int16 saturates above 32,767 only, which is beyond ±127 after the rest of the shift (2 bits at most) as well.
 */
function finish(to: usize, low: v128, high: v128, mode: i32, shift: i32): void {
  const narrow = i16x8.narrow_i32x4_s(i32x4.shr_s(low, 9), i32x4.shr_s(high, 9))
  const values = clampToActivation(i16x8.shr_s(narrow, shift - 9))
  if (mode === ADD_TO_RESIDUAL) {
    v128.store(to, i32x4.add(v128.load(to), i32x4.extend_low_i16x8_s(values)))
    v128.store(to, i32x4.add(v128.load(to, 16), i32x4.extend_high_i16x8_s(values)), 16)
  } else {
    v128.store(to, mode === STORE_RAMPED ? ramped(values) : values)
  }
}

/** v for v ≥ 0, else −⌊(2 − v) / 4⌋: the activation table, by its definition. */
function ramped(values: v128): v128 {
  const negative = i16x8.neg(i16x8.shr_s(i16x8.sub(i16x8.splat(2), values), 2))
  return v128.bitselect(negative, values, i16x8.shr_s(values, 15))
}
