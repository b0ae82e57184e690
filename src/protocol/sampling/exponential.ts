/**
 * Integer exponential and logarithm (tables of 256 steps, linear in between) for top-p and for log-probabilities: every
 * machine gets the same bits. Each double operation here stays on integers below 2^53 and is therefore exact.
 */
import { EXPONENTIAL_HEX, LOGARITHM_HEX } from './table-data.ts'

/** The weight of the best candidate is 2^WEIGHT_BITS. */
const WEIGHT_BITS = 30
/** 2^26 · log2 e, rounded. */
const LOG2_E = 96_817_625
/** 2^24 · ln 2, rounded. */
const LN2_Q24 = 11_629_080
/** Weights end here, in Q16.16 halvings: below they would be 0 anyway. */
const HALVINGS_END = 31 * 65_536

/** 2^30 · 2^(−i/256), i = 0 … 256. */
export const EXPONENTIAL_TABLE: Int32Array = readEntries(EXPONENTIAL_HEX, 8)
/** 2^24 · ln(1 + i/256), i = 0 … 256. */
export const LOGARITHM_TABLE: Int32Array = readEntries(LOGARITHM_HEX, 6)

/**
 * Halvings of the weight per unit of distance: ⌊2^20 · LOG2_E / temperature⌋, for a temperature (Q16.16) in [1, 2^17].
 * A correctly rounded quotient of integers below 2^53 reaches no integer that the true one does not, so its floor is exact.
 */
export function weightRate(temperature: number): number {
  return Math.floor((LOG2_E * 2 ** 20) / temperature)
}

/**
 * About 2^30 · exp(−distance / temperature) for rate = weightRate(temperature), relative error under 2^-16 before the last
 * floor; 0 from 31 halvings on. Halvings = ⌊distance · rate / 2^30⌋ as Q16.16: the first 8 bits of the fraction choose
 * the entry, the others interpolate. `distance` is a Q16.16 integer in [0, 2^32).
 */
export function weightAt(distance: number, rate: number): number {
  // Up to 32 halvings the product is below 2^51 and exact, and so is its scaling by a power of two. Beyond, it may be rounded, but the
  // weight is 0 all the same.
  const scaled = distance * rate * 2 ** -30
  if (scaled >= HALVINGS_END) {
    return 0
  }
  // Truncation is the floor: nothing here is negative.
  const halvings = scaled | 0
  const index = (halvings >> 8) & 255
  const entry = EXPONENTIAL_TABLE[index] as number
  // Neighbours differ by less than 2^22: the product fits in 30 bits.
  const fall = ((entry - (EXPONENTIAL_TABLE[index + 1] as number)) * (halvings & 255)) >> 8
  return (entry - fall) >> (halvings >> 16)
}

/**
 * ln(sum / 2^30) as Q16.16, rounded to the nearest, for a sum of weights in [2^30, 2^51). The table adds an error under
 * 3e-6 (a fifth of a unit).
 */
export function logOfWeights(sum: number): number {
  let exponent = WEIGHT_BITS
  let scale = 2 ** WEIGHT_BITS
  while (sum >= 2 * scale) {
    scale *= 2
    exponent++
  }
  // sum · 2^24 / scale = sum / 2^(exponent − 24): division by a power of two, exact before the floor.
  const mantissa = Math.floor(sum / (scale / 2 ** 24)) - 2 ** 24
  const index = mantissa >> 16
  const entry = LOGARITHM_TABLE[index] as number
  // Below 2^16 · 2^16: more than an int32, exact as a double.
  const rise = Math.floor((((LOGARITHM_TABLE[index + 1] as number) - entry) * (mantissa & 0xffff)) / 65_536)
  return ((exponent - WEIGHT_BITS) * LN2_Q24 + entry + rise + 128) >> 8
}

function readEntries(hex: string, digits: number): Int32Array {
  const table = new Int32Array(hex.length / digits)
  for (let i = 0; i < table.length; i++) {
    table[i] = Number.parseInt(hex.slice(i * digits, (i + 1) * digits), 16)
  }
  return table
}
