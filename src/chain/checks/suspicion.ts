import { maxBigint } from '../../lib/fixed-point.ts'

/** One position above the soft limit weighs as much as this many below it. */
const SOFT_WEIGHT = 64n
/** Above it a check that passed goes to the arbiters all the same. */
const SUSPICION_LIMIT = 1_024n

/**
 * The sequential test of one host and model (protocol §4): rounding lifts a margin above the soft limit now and then, other
 * weights do it often. Floored at 0, so that good runs bank no credit. In positions.
 */
export function nextSuspicion(suspicion: bigint, softMargins: number, tokens: number): bigint {
  return maxBigint(suspicion + SOFT_WEIGHT * BigInt(softMargins) - BigInt(tokens), 0n)
}

export function isSuspicious(suspicion: bigint): boolean {
  return suspicion > SUSPICION_LIMIT
}
