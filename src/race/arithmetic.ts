/** Integer arithmetic of the pass: rounding, clamping, square root, division and norm. GPU twin: shaders/arithmetic.wgsl. */

/** Largest magnitude of an activation: −128 is left out, so that the range is symmetric. */
export const ACTIVATION_LIMIT = 127
/** Root mean square that the norm aims at: four sigma fit under the limit. */
export const NORM_RMS = 32
/** Bits of magnitude that the norm keeps before it squares: 1024 squares of 2^10 stay below 2^30. */
const NORM_BITS = 10
const NORM_FRACTION_BITS = 16

/** (value + 2^(shift−1)) >> shift: division by 2^shift, halves rounded up. */
export function roundShift(value: number, shift: number): number {
  return (value + (1 << (shift - 1))) >> shift
}

export function clampActivation(value: number): number {
  if (value > ACTIVATION_LIMIT) {
    return ACTIVATION_LIMIT
  }
  return value < -ACTIVATION_LIMIT ? -ACTIVATION_LIMIT : value
}

/** Bits of a non-negative int32: 0 for 0, 1 for 1, 31 for 2^31 − 1. */
export function bitLength(value: number): number {
  let rest = value
  let bits = 0
  while (rest !== 0) {
    rest >>>= 1
    bits++
  }
  return bits
}

/** ⌊√value⌋ for 0 ≤ value < 2^31, one bit at a time from the top. */
export function integerSquareRoot(value: number): number {
  let root = 0
  for (let bit = 1 << 15; bit !== 0; bit >>= 1) {
    const next = root | bit
    // next < 2^16, so its square is below 2^32: compared unsigned.
    if (Math.imul(next, next) >>> 0 <= value) {
      root = next
    }
  }
  return root
}

/** ⌊numerator ÷ denominator⌋ for 0 ≤ numerator < 2^30 and 1 ≤ denominator < 2^30, by long division. */
export function floorDivide(numerator: number, denominator: number): number {
  let quotient = 0
  let rest = 0
  for (let bit = 29; bit >= 0; bit--) {
    rest = (rest << 1) | ((numerator >> bit) & 1)
    if (rest >= denominator) {
      rest -= denominator
      quotient |= 1 << bit
    }
  }
  return quotient
}

/** log2 of a power of two. */
export function log2(powerOfTwo: number): number {
  return bitLength(powerOfTwo) - 1
}

/**
 * Shift after a dot product of `inputs` uniform int8 weights (rms 74) with activations of rms about 32: keeps the rms of
 * the result between 26 and 40.
 */
export function linearShift(inputs: number): number {
  return 6 + ((log2(inputs) + 1) >> 1)
}

/** Shift after query · key: one step of the exponential table is 1/32 bit, the spread of the scores about 1.3 bits. */
export function scoreShift(headWidth: number): number {
  return 5 + ((log2(headWidth) + 1) >> 1)
}

/** ⌊NORM_RMS · √length⌋: the length that a normalised vector has. */
export function normGain(length: number): number {
  return integerSquareRoot(Math.imul(NORM_RMS * NORM_RMS, length))
}

/**
 * out[to … to + length) = clamp(round(x · gain ÷ |x|)) for x = values[from … from + length): a vector scaled to rms 32.
 * A zero vector stays zero. `length` is a power of two up to 1024, `gain` is `normGain(length)`.
 */
export function normalise(
  out: Int8Array,
  to: number,
  values: Int32Array,
  from: number,
  length: number,
  gain: number,
): void {
  let largest = 0
  for (let i = 0; i < length; i++) {
    const value = values[from + i] as number
    const magnitude = value < 0 ? -value : value
    if (magnitude > largest) {
      largest = magnitude
    }
  }
  const excess = bitLength(largest) - NORM_BITS
  const shift = excess > 0 ? excess : 0
  let squares = 0
  for (let i = 0; i < length; i++) {
    const value = (values[from + i] as number) >> shift
    squares = (squares + Math.imul(value, value)) | 0
  }
  const root = integerSquareRoot(squares)
  const multiplier = root === 0 ? 0 : floorDivide(gain << NORM_FRACTION_BITS, root)
  for (let i = 0; i < length; i++) {
    const value = (values[from + i] as number) >> shift
    out[to + i] = clampActivation(roundShift(Math.imul(value, multiplier), NORM_FRACTION_BITS))
  }
}
