import { maxBigint, minBigint, mulDiv, PPM } from '../../lib/fixed-point.ts'
import type { ServingParams } from '../../protocol/work/serving-params.ts'

/**
 * g of one host and model (protocol §5): the value that checks found good since the last fault, in millionths of the model's
 * median receipt.
 */
export const G_UNIT = 1_000_000n
/** g at which reputation is one half. */
const TAU = 10n * G_UNIT
/** What one payer's receipts can add in an epoch: who orders from himself does not get far. */
const MOST_PER_PAYER = 10n * G_UNIT
/** Share of g that an epoch without a batch leaves, percent. */
const IDLE_PERCENT = 98n

/** ⌊10⁶ · g / (g + τ)⌋. */
export function reputationOf(g: bigint): bigint {
  return (PPM * g) / (g + TAU)
}

/** p: the share of the value that is checked, ppm. */
export function checkShare(serving: ServingParams, reputation: bigint): bigint {
  return maxBigint(BigInt(serving.minCheckPpm), PPM - reputation)
}

/** What a passed check of a receipt adds to g, where its payer's receipts have added `credited` in this epoch already. */
export function creditOf(value: bigint, median: bigint, credited: bigint): bigint {
  const room = maxBigint(MOST_PER_PAYER - credited, 0n)
  return minBigint(mulDiv(value, G_UNIT, maxBigint(median, 1n)), room)
}

export function idleG(g: bigint): bigint {
  return mulDiv(g, IDLE_PERCENT, 100n)
}
