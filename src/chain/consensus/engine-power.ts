import { maxBigint } from '../../lib/fixed-point.ts'

/** CometBFT bounds the sum of powers by 2^63 / 8 = 2^60, and checks it while some keys have their new and some their old power. */
export const MAX_ENGINE_TOTAL = 1n << 59n

/** The least shift with which all powers together stay within MAX_ENGINE_TOTAL, each of a key that has power at least 1. */
export function engineShift(powers: readonly bigint[]): number {
  let shift = 0
  while (total(powers, shift) > MAX_ENGINE_TOTAL) {
    shift += 1
  }
  return shift
}

export function enginePower(power: bigint, shift: number): bigint {
  return power === 0n ? 0n : maxBigint(power >> BigInt(shift), 1n)
}

function total(powers: readonly bigint[], shift: number): bigint {
  let sum = 0n
  for (const power of powers) {
    sum += enginePower(power, shift)
  }
  return sum
}
