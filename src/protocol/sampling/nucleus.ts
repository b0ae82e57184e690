/** Top-p in integers: the share as it is asked for, and the two shares between which rounding on another machine may have put it. */
import { weightAt, weightRate } from './exponential.ts'
import { ONE } from './quantize.ts'

/** Differences of logits between honest machines up to which a margin is at most twice the difference: 1/8. */
export const TOLERATED_NOISE = 8_192
/** 2^-11: covers that each of 200,000 weights may lose 2^-30 of the best one's to a floor, on either machine. */
const SLACK = 32

/** The least integer that is not below sum · share / 2^16: a mass is below the share exactly when it is below this. */
export function massLimit(sum: number, share: number): number {
  // Split at 16 bits: both products are below 2^34 · 2^16, so nothing rounds.
  const high = Math.floor(sum / ONE)
  const low = sum - high * ONE
  return high * share + Math.floor((low * share + ONE - 1) / ONE)
}

export interface Shares {
  /** At least ONE: everything is inside. */
  readonly lenient: number
  readonly strict: number
}

/**
 * If every logit moves by at most the tolerated noise ε, the odds of a prefix change by at most the factor r = e^(2ε/T). So what
 * was inside p elsewhere is inside p·r / (1 − p + p·r) here, and what is inside p / (p + (1 − p)·r) here was inside p
 * elsewhere; each is rounded outwards and moved out by SLACK.
 */
export function toleratedShares(topP: number, temperature: number): Shares {
  // 1/r as Q16.16. All products are at most 2^48, and the floor of a rounded quotient of such integers is exact.
  const ratio = weightAt(2 * TOLERATED_NOISE, weightRate(temperature)) >> 14
  const lenientWhole = (ONE - topP) * ratio + topP * ONE
  const lenient = Math.floor((topP * ONE * ONE + lenientWhole - 1) / lenientWhole) + SLACK
  const strict = Math.floor((topP * ratio * ONE) / ((ONE - topP) * ONE + topP * ratio)) - SLACK
  return { lenient, strict: strict < 1 ? 1 : strict }
}
