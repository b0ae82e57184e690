/** Integer arithmetic of the protocol: parts per million and exact fractions in bigint. No float ever enters. */
export const PPM = 1_000_000n

/** ⌊value · numerator / denominator⌋, exact, for non-negative integers and a positive denominator. */
export function mulDiv(value: bigint, numerator: bigint, denominator: bigint): bigint {
  return (value * numerator) / denominator
}

/** ⌈numerator / denominator⌉ for non-negative integers and a positive denominator. */
export function ceilDiv(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator
}

/** ⌊part / whole⌋ in parts per million; 0 where the whole is 0. */
export function sharePpm(part: bigint, whole: bigint): bigint {
  return whole === 0n ? 0n : mulDiv(part, PPM, whole)
}

export function minBigint(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function maxBigint(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

export function sumBigint(values: Iterable<bigint>): bigint {
  let total = 0n
  for (const value of values) {
    total += value
  }
  return total
}
