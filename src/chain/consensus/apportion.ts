import { sumBigint } from '../../lib/fixed-point.ts'

/**
 * `amount` divided in proportion to `parts`, in integers and to the last unit: what rounding down leaves goes, one each, to the
 * largest remainders, the earlier of two equal ones first. All zeros where the parts are. Where amount ≤ Σ parts nobody gets more
 * than its part.
 */
export function apportion(amount: bigint, parts: readonly bigint[]): bigint[] {
  const total = sumBigint(parts)
  if (total === 0n) {
    return parts.map(() => 0n)
  }
  const shares = parts.map((part) => (part * amount) / total)
  const left = Number(amount - sumBigint(shares))
  const byRemainder = parts
    .map((part, index) => ({ index, remainder: (part * amount) % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
  for (const { index } of byRemainder.slice(0, left)) {
    shares[index] = (shares[index] as bigint) + 1n
  }
  return shares
}
