/** This computer's clock against the times in the chain's blocks. */
import type { TroubleSource } from './trouble-source.ts'

export interface BlockTime {
  readonly height: number
  /** Unix milliseconds of the header. */
  readonly timeMs: number
}

export interface ClockWatch {
  /** A block arrived, at this moment of the wall clock. */
  heard(block: BlockTime, nowMs: number): void
  /** How much this clock is ahead of the chain's (negative: behind), where several blocks agree that it is off; else 0. */
  offsetMs(): number
}

export const CLOCK_TOLERANCE_MS = 30_000
/** Blocks in a row that must agree. The first after a pause may be old: it tells nothing alone. */
const AGREEING = 4

export function createClockWatch(): ClockWatch {
  let lastHeight = 0
  let offsets: readonly number[] = []
  let offsetMs = 0
  return {
    heard({ height, timeMs }, nowMs) {
      if (height <= lastHeight) {
        return
      }
      lastHeight = height
      offsets = [...offsets, nowMs - timeMs].slice(-AGREEING)
      const [first = 0] = offsets
      const isOff = offsets.length === AGREEING && offsets.every((offset) => isFar(offset) && offset > 0 === first > 0)
      const isRight = offsets.length === AGREEING && offsets.every((offset) => !isFar(offset))
      if (isOff) {
        offsetMs = Math.trunc(middle(offsets))
      } else if (isRight) {
        offsetMs = 0
      }
    },
    offsetMs: () => offsetMs,
  }
}

export function clockTroubles(watch: Pick<ClockWatch, 'offsetMs'>): readonly TroubleSource[] {
  return [
    {
      code: 'clock_off',
      level: 'warning',
      afterMs: 0,
      endAfterMs: 0,
      read() {
        const seconds = Math.round(watch.offsetMs() / 1_000)
        return seconds === 0 ? undefined : { seconds }
      },
    },
  ]
}

function isFar(offsetMs: number): boolean {
  return Math.abs(offsetMs) > CLOCK_TOLERANCE_MS
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
