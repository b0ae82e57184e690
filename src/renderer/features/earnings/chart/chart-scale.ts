/** Where the bars of the chart stand: a scale of round numbers, in utail, as shares of the chart's height. Pure. */
import type { Slot } from '../earnings-sums.ts'

export interface ChartScale {
  /** Round numbers from the top down; 0 is the line. */
  readonly ticks: readonly number[]
  /** Share of the height from the top, 0 to 1. */
  at(utail: number): number
}

const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]

export function chartScale(slots: readonly Slot[]): ChartScale {
  const most = Math.max(0, ...slots.map(({ sums }) => Number(sums.races + sums.orders + sums.checks)))
  const taken = Math.max(0, ...slots.map(({ sums }) => Number(sums.taken)))
  const top = roundUp(most === 0 && taken === 0 ? 1_000_000 : most)
  // What was taken is drawn to the same scale; a round number below the line would waste half of the chart.
  const bottom = taken
  const height = top + bottom
  return {
    ticks: top === 0 ? [0] : [top, top / 2, 0],
    at: (utail) => (top - utail) / height,
  }
}

/** The next number that is easy to read. */
export function roundUp(value: number): number {
  if (value <= 0) {
    return 0
  }
  const power = 10 ** Math.floor(Math.log10(value))
  const step = STEPS.find((candidate) => candidate * power >= value * (1 - 1e-12)) ?? 10
  return step * power
}

/** Which slots carry a label below: evenly, the newest always, at most `most`. */
export function labelledSlots(count: number, most: number): readonly number[] {
  const step = Math.max(1, Math.ceil(count / most))
  return Array.from({ length: count }, (_, index) => index).filter((index) => (count - 1 - index) % step === 0)
}
