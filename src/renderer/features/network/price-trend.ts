/** How prices moved since this page has been open. Pure. */
import type { NetworkModel } from '../../../ipc/snapshot.ts'

export interface PricePoint {
  readonly height: number
  /** utail for a million output tokens. */
  readonly price: bigint
}

export type PriceTrends = ReadonlyMap<string, readonly PricePoint[]>

export const MAX_POINTS = 60

/** Takes what a block says in; the same value where no price has changed. */
export function followPrices(trends: PriceTrends, models: readonly NetworkModel[], height: number): PriceTrends {
  let next: Map<string, readonly PricePoint[]> | undefined
  for (const { model, price } of models) {
    const points = trends.get(model) ?? []
    if (points.at(-1)?.price !== BigInt(price)) {
      next ??= new Map(trends)
      next.set(model, [...points, { height, price: BigInt(price) }].slice(-MAX_POINTS))
    }
  }
  return next ?? trends
}

/** From the first to the last point, parts per million of the first. */
export function changePpm(points: readonly PricePoint[]): number {
  const first = points[0]?.price ?? 0n
  const last = points.at(-1)?.price ?? first
  return first === 0n ? 0 : Number(((last - first) * 1_000_000n) / first)
}

/** Points of a line in a box of 100 × 100, the newest at the right; a flat one lies in the middle. */
export function trendLine(points: readonly PricePoint[]): string {
  const prices = points.map(({ price }) => Number(price))
  const least = Math.min(...prices)
  const most = Math.max(...prices)
  const step = 100 / Math.max(1, points.length - 1)
  return prices
    .map((price, index) => {
      const y = most === least ? 50 : 92 - (84 * (price - least)) / (most - least)
      return `${(points.length === 1 ? 100 : index * step).toFixed(1)},${y.toFixed(1)}`
    })
    .join(' ')
}
