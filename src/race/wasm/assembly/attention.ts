/** Causal attention of one attempt. Twin of createAttention in src/race/forward.ts. */
import { highPairs, lowPairs, normalise, normGain } from './arithmetic'
import { attendedAt, heads, headWidth, mixedAt, mixWeightsAt, positions, projectedAt, scoresAt, width } from './layout'

/** Exponential table, 256 bytes: about 127 · 2^(−d/32), never 0. */
const exponentialAt: usize = memory.data(256)

export function fillExponentialTable(): void {
  let value: i32 = 127 << 12
  for (let distance = 0; distance < 256; distance++) {
    const rounded = (value + (1 << 11)) >> 12
    store<u8>(exponentialAt + distance, rounded < 1 ? 1 : rounded)
    value -= (value * 1404) >> 16
  }
}

/** Rows firstRow … positions − 1 of attempt `lane`. */
export function attend(lane: i32, firstRow: i32, shift: i32): void {
  const rowBytes = <usize>width * 6
  const base = projectedAt + <usize>(lane * positions) * rowBytes
  const gain = normGain(headWidth)
  for (let row = firstRow; row < positions; row++) {
    const out = attendedAt + ((<usize>((lane * positions + row) * width)) << 1)
    for (let head = 0; head < heads; head++) {
      const column = (<usize>(head * headWidth)) << 1
      const head0 = base + column
      scoreRow(head0 + <usize>row * rowBytes, head0 + ((<usize>width) << 1), rowBytes, row, shift)
      weighRow(row)
      mixRow(head0 + ((<usize>width) << 2), rowBytes, row)
      normalise(out + column, mixedAt, headWidth, gain)
    }
  }
}

/**
 * Scores of keys 0 … row, four keys and 16 elements (headWidth is a multiple) at a time; up to three keys beyond are scored too and not used (positions is a multiple of
 * 4). A product of two activations is at most 127², so pairs and sums of up to 1,024 stay below 2^24.
 */
function scoreRow(query: usize, keys: usize, rowBytes: usize, row: i32, shift: i32): void {
  const end = query + ((<usize>headWidth) << 1)
  for (let j = 0; j <= row; j += 4) {
    let k0 = keys + <usize>j * rowBytes
    let k1 = k0 + rowBytes
    let k2 = k1 + rowBytes
    let k3 = k2 + rowBytes
    let s0 = i32x4.splat(0)
    let s1 = i32x4.splat(0)
    let s2 = i32x4.splat(0)
    let s3 = i32x4.splat(0)
    for (let q = query; q < end; q += 32) {
      const x0 = v128.load(q)
      const x1 = v128.load(q, 16)
      s0 = i32x4.add(s0, dotOfTwo(x0, x1, k0))
      s1 = i32x4.add(s1, dotOfTwo(x0, x1, k1))
      s2 = i32x4.add(s2, dotOfTwo(x0, x1, k2))
      s3 = i32x4.add(s3, dotOfTwo(x0, x1, k3))
      k0 += 32
      k1 += 32
      k2 += 32
      k3 += 32
    }
    v128.store(scoresAt + ((<usize>j) << 2), i32x4.shr_s(sumsOfLanes(s0, s1, s2, s3), shift))
  }
}

function dotOfTwo(x0: v128, x1: v128, key: usize): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(x0, v128.load(key)), i32x4.dot_i16x8_s(x1, v128.load(key, 16)))
}

/** The sum of the lanes of each. */
function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7))
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3))
}

/** Scores 0 … row → int16 weights by the table, and one 0 more, as mixRow takes them in pairs. */
function weighRow(row: i32): void {
  let largest = i32.MIN_VALUE
  for (let j = 0; j <= row; j++) {
    largest = max(largest, load<i32>(scoresAt + ((<usize>j) << 2)))
  }
  for (let j = 0; j <= row; j++) {
    const distance = largest - load<i32>(scoresAt + ((<usize>j) << 2))
    store<i16>(mixWeightsAt + ((<usize>j) << 1), load<u8>(exponentialAt + min(distance, 255)))
  }
  if ((row & 1) === 0) store<i16>(mixWeightsAt + ((<usize>(row + 1)) << 1), 0)
}

/**
 * mixed = Σ weight_j · value_j: two positions a step, their values interleaved. A weight is at most 127, so a pair is at
 * most 2^15 and the sum over 32 positions at most 2^19.
 */
function mixRow(values: usize, rowBytes: usize, row: i32): void {
  for (let column: usize = 0; column < (<usize>headWidth) << 1; column += 32) {
    let s0 = i32x4.splat(0)
    let s1 = i32x4.splat(0)
    let s2 = i32x4.splat(0)
    let s3 = i32x4.splat(0)
    let even = values + column
    for (let j = 0; j <= row; j += 2) {
      const odd = even + rowBytes
      const weights = v128.load_splat<i32>(mixWeightsAt + ((<usize>j) << 1))
      const even0 = v128.load(even)
      const even1 = v128.load(even, 16)
      const odd0 = v128.load(odd)
      const odd1 = v128.load(odd, 16)
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(lowPairs(even0, odd0), weights))
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(highPairs(even0, odd0), weights))
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(lowPairs(even1, odd1), weights))
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(highPairs(even1, odd1), weights))
      even = odd + rowBytes
    }
    const to = mixedAt + (column << 1)
    v128.store(to, s0)
    v128.store(to, s1, 16)
    v128.store(to, s2, 32)
    v128.store(to, s3, 48)
  }
}
