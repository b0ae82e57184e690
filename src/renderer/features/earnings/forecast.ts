/**
 * What a day may bring, from what the last races brought. Pure.
 *
 * Method: the newest closed epochs (at most 48, each complete) are taken for independent draws from one distribution. With mean m,
 * standard deviation s and n of them, a day of k epochs brings k·m; its sum strays with variance k·s², and m itself is only known
 * to s²/n, which k multiplies. So the band is k·m ± t·s·√(k + k²/n), where t is Student's quantile with n − 1 degrees of freedom:
 * wide while few races are known. Races that were all alike are no certainty that none ever fails: s² is at least what a failure with
 * probability 1 / (n + 2), the rule of succession, would make of it. 19 of 20 days lie in the band as long as nothing changes: not the
 * machine, not the number of hosts, not the orders. Zeros count: a race that failed is part of what a day is like. Fewer than 3 races
 * say nothing.
 */
import type { EarningEpoch } from '../../../ipc/wires/earnings-wire.ts'
import { netOf, sourcesOf } from './earnings-sums.ts'

export const LEAST_RACES = 3
export const MOST_RACES = 48
const DAY_MS = 86_400_000

export type Forecast =
  | { readonly state: 'too_few'; readonly races: number }
  | {
      readonly state: 'ready'
      readonly races: number
      /** utail of a day; `low` is never below nothing. */
      readonly mean: number
      readonly low: number
      readonly high: number
    }

/** The newest closed, complete epochs, newest first. */
export function forecastEpochs(epochs: readonly EarningEpoch[], completeFromEpoch: number): readonly EarningEpoch[] {
  return epochs.filter(({ isClosed, epoch }) => isClosed && epoch >= completeFromEpoch).slice(0, MOST_RACES)
}

/** `epochMs`: nominal length of an epoch. */
export function forecastDay(
  epochs: readonly EarningEpoch[],
  options: { readonly completeFromEpoch: number; readonly epochMs: number },
): Forecast {
  const used = forecastEpochs(epochs, options.completeFromEpoch)
  return forecastOf(
    used.map(({ lines }) => Number(netOf(sourcesOf(lines)))),
    DAY_MS / options.epochMs,
  )
}

/** `earned`: utail of each known race. `races`: how many of them the day has. */
export function forecastOf(earned: readonly number[], races: number): Forecast {
  const count = earned.length
  if (count < LEAST_RACES) {
    return { state: 'too_few', races: count }
  }
  const mean = earned.reduce((sum, value) => sum + value, 0) / count
  const seen = earned.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const failing = 1 / (count + 2)
  const variance = Math.max(seen, mean ** 2 * failing * (1 - failing))
  const error = studentQuantile(count - 1) * Math.sqrt(variance * (races + races ** 2 / count))
  return {
    state: 'ready',
    races: count,
    mean: Math.max(0, races * mean),
    low: Math.max(0, races * mean - error),
    high: Math.max(0, races * mean + error),
  }
}

/** Student's t at 97.5 %, for 1, 2, … degrees of freedom. */
const QUANTILES = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314,
  2.1199, 2.1098, 2.1009, 2.093, 2.086,
]
const NORMAL_QUANTILE = 1.959964

/** Beyond the table, the expansion about the normal quantile: right to the fourth figure there. */
export function studentQuantile(degrees: number): number {
  const known = QUANTILES[degrees - 1]
  if (known !== undefined) {
    return known
  }
  const z = NORMAL_QUANTILE
  const first = (z ** 3 + z) / 4
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96
  return z + first / degrees + second / degrees ** 2
}
