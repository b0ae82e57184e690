import { ceilDiv, maxBigint, PPM, sumBigint } from '../../lib/fixed-point.ts'

/** Keys count for the cap from this part of the sum: one hundredth. Keys of almost no weight cost almost nothing. */
const COUNTED_FROM = 100n

/**
 * The greatest target that a key may have so that it is at most max(`sharePpm`, ⌈1/n⌉) of the sum after everybody is cut to it:
 * k keys at the level c and the rest R below it make c = s · (k · c + R). `fixed` are targets that are not cut; they belong to the
 * sum and to n.
 */
export function shareCap(targets: readonly bigint[], fixed: readonly bigint[], sharePpm: number): bigint {
  const sorted = [...targets].sort((a, b) => (a === b ? 0 : a > b ? -1 : 1))
  const total = sumBigint(sorted) + sumBigint(fixed)
  const counted = [...sorted, ...fixed].filter((target) => target > 0n && target * COUNTED_FROM >= total).length
  const share = maxBigint(BigInt(sharePpm), ceilDiv(PPM, BigInt(counted < 1 ? 1 : counted)))
  let rest = total
  for (const [cut, target] of sorted.entries()) {
    const left = PPM - BigInt(cut) * share
    if (left <= 0n) {
      return target
    }
    const level = (share * rest) / left
    if (target <= level) {
      return level
    }
    rest -= target
  }
  const left = PPM - BigInt(sorted.length) * share
  return left > 0n ? (share * rest) / left : total
}
