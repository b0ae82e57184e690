import { ceilDiv, maxBigint, minBigint, PPM } from '../../lib/fixed-point.ts'

/** Share of an output token's price that a prompt token costs: it is computed in one pass with its neighbours. */
export const PROMPT_PRICE_PPM = 250_000n
const TOKENS_PER_PRICE = 1_000_000n

/** utail for so many tokens at `price` utail for a million output tokens, rounded up once. */
export function priceOf(price: bigint, promptTokens: number, outputTokens: number): bigint {
  const weighted = BigInt(promptTokens) * PROMPT_PRICE_PPM + BigInt(outputTokens) * PPM
  return ceilDiv(weighted * price, TOKENS_PER_PRICE * PPM)
}

export interface Demand {
  readonly price: bigint
  /** Output tokens paid since the last update. */
  readonly tokens: bigint
  /** Output tokens that the serving hosts could have made in that time. */
  readonly capacity: bigint
}

/** Largest change of one update. */
export const PRICE_STEP_PPM = 20_000n
/** Utilisation at which a price stays. */
export const TARGET_UTILISATION_PPM = 500_000n
export const MIN_PRICE = 1_000n
export const MAX_PRICE = 1_000_000_000_000n

/** The next price: it moves by at most 2 %, in proportion to how far utilisation is from one half. Without capacity it stays. */
export function nextPrice({ price, tokens, capacity }: Demand): bigint {
  if (capacity === 0n) {
    return price
  }
  const utilisation = minBigint((tokens * PPM) / capacity, PPM)
  const difference = utilisation - TARGET_UTILISATION_PPM
  const step = (difference * PRICE_STEP_PPM) / TARGET_UTILISATION_PPM
  return minBigint(maxBigint((price * (PPM + step)) / PPM, MIN_PRICE), MAX_PRICE)
}
