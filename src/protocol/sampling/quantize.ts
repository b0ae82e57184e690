/** From an engine's floats to the protocol's integers. From here on nothing is a float. */

/** One, as Q16.16. */
export const ONE = 65_536
/** The logit of a token that the model itself rules out: no candidate, whatever the bias. */
export const MASKED = -0x80000000
/** Greatest magnitude of every other logit, before and after penalties and bias: just under 32768.0. */
export const LOGIT_LIMIT = 0x7fffffff

/**
 * Logits as Q16.16: the nearest integer to 65536 · logit, halves rounded up (towards +∞), cut to ±LOGIT_LIMIT. −∞ and NaN
 * become MASKED. Written to `out` where one of the same length is given.
 */
export function quantizeLogits(logits: Float32Array, out: Int32Array = new Int32Array(logits.length)): Int32Array {
  for (let i = 0; i < logits.length; i++) {
    // Scaling a float32 by a power of two is exact in a double. Adding 1/2 is exact too, or, where bits fall off (under 2^-29),
    // moves the sum within (0, 1) or to 1/2, which changes no floor.
    const value = Math.floor((logits[i] as number) * ONE + 0.5)
    if (value > LOGIT_LIMIT) {
      out[i] = LOGIT_LIMIT
    } else if (value >= -LOGIT_LIMIT) {
      out[i] = value
    } else {
      // NaN comes here as well: it compares with nothing.
      out[i] = value > Number.NEGATIVE_INFINITY ? -LOGIT_LIMIT : MASKED
    }
  }
  return out
}

/** Cut to what a logit may be. Exact for every integer below 2^53. */
export function clampLogit(value: number): number {
  if (value > LOGIT_LIMIT) {
    return LOGIT_LIMIT
  }
  return value < -LOGIT_LIMIT ? -LOGIT_LIMIT : value
}
