/** Integer square root and the norm, and what the other files do to vectors. Twin of src/race/arithmetic.ts. */

/** ⌊√value⌋ for 0 ≤ value < 2^31. */
export function integerSquareRoot(value: i32): i32 {
  // One bit at a time from half of the bit length; a root is below 2^16, so its square fits in 32 bits unsigned.
  let root: u32 = 0
  for (let bit: u32 = 1 << ((32 - clz(value)) >> 1); bit !== 0; bit >>= 1) {
    const larger = root | bit
    if (larger * larger <= <u32>value) root = larger
  }
  return <i32>root
}

/** ⌊32 · √length⌋: the length of a normalised vector. */
export function normGain(length: i32): i32 {
  return integerSquareRoot(1024 * length)
}

/**
 * int16 out[0 … length) = int32 x scaled to rms 32, within ±127. `length` is a multiple of 8 up to 1024.
 * |y| ≤ 2^10 after the shift, so squares of int16 are exact, pairs ≤ 2^21 and the whole sum ≤ 2^30. |y · multiplier| ≤
 * gain · 2^16 ≤ 2^26 as the root is at least |y|.
 */
export function normalise(out: usize, x: usize, length: i32, gain: i32): void {
  const end = x + ((<usize>length) << 2)
  let largest = i32x4.splat(0)
  for (let at = x; at < end; at += 16) {
    largest = i32x4.max_s(largest, i32x4.abs(v128.load(at)))
  }
  const excess = 22 - clz(largestLane(largest))
  const shift = excess > 0 ? excess : 0
  let squares = i32x4.splat(0)
  for (let at = x, to = out; at < end; at += 32, to += 16) {
    const y = shifted(v128.load(at), v128.load(at, 16), shift)
    squares = i32x4.add(squares, i32x4.dot_i16x8_s(y, y))
    v128.store(to, y)
  }
  const root = integerSquareRoot(sumOfLanes(squares))
  const multiplier = i32x4.splat(root === 0 ? 0 : (gain << 16) / root)
  for (let to = out, outEnd = out + ((<usize>length) << 1); to < outEnd; to += 16) {
    const y = v128.load(to)
    const low = scaled(i32x4.extend_low_i16x8_s(y), multiplier)
    const high = scaled(i32x4.extend_high_i16x8_s(y), multiplier)
    v128.store(to, clampToActivation(i16x8.narrow_i32x4_s(low, high)))
  }
}

/** Eight values >> shift as int16: they have 11 bits, so narrowing loses nothing. The residual stream needs no shift, mostly. */
function shifted(low: v128, high: v128, shift: i32): v128 {
  if (shift === 0) return i16x8.narrow_i32x4_s(low, high)
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, shift), i32x4.shr_s(high, shift))
}

function scaled(y: v128, multiplier: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.mul(y, multiplier), i32x4.splat(1 << 15)), 16)
}

/** Each int16 limited to −127 … 127. */
export function clampToActivation(values: v128): v128 {
  return i16x8.max_s(i16x8.min_s(values, i16x8.splat(127)), i16x8.splat(-127))
}

export function sumOfLanes(values: v128): i32 {
  const pairs = i32x4.add(values, v128.shuffle<i32>(values, values, 2, 3, 0, 1))
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1)
}

function largestLane(values: v128): i32 {
  const pairs = i32x4.max_s(values, v128.shuffle<i32>(values, values, 2, 3, 0, 1))
  const first = i32x4.extract_lane(pairs, 0)
  const second = i32x4.extract_lane(pairs, 1)
  return first > second ? first : second
}

/** The first four int16 of each, one after the other in turns. */
export function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
}

/** The last four. */
export function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
}
