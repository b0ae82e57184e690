import type { RaceShape } from '../../src/race/shapes.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { PartName } from '../../src/worker/webgpu/race-plan.ts'
import type { ShapeMeasurement, StageTime } from '../race-page/measurement.ts'
import { median } from './statistics.ts'

/** Where the time of a batch goes. A stage whose share is larger than its macShare is slower than the whole. */
export interface StageReport {
  readonly name: string
  /** Part of the time of a batch. */
  readonly share: number
  /** Part of the multiply-accumulates of an attempt; null where the stage has none that count. */
  readonly macShare: number | null
}

/**
 * Kernels are timed one by one, the batch as a race runs it: what is left is the host, the queue and the gaps. Where kernels alone take
 * longer than the batch (timing them has its cost) nothing is left.
 */
export function stageShares(samples: ShapeMeasurement, batchMs: number): StageReport[] {
  const times = medianTimes(samples.stages)
  const inKernelsMs = kernelMs(samples)
  if (inKernelsMs === undefined) return []
  const wholeMs = Math.max(batchMs, inKernelsMs)
  const macs = stageMacs(RACE_SHAPES[samples.shape])
  const total = Object.values(macs).reduce((sum, value) => sum + value, 0)
  const stages = times.map(({ name, ms }) => {
    const own = (macs as Readonly<Record<string, number>>)[name]
    return { name, share: ms / wholeMs, macShare: own === undefined ? null : own / total }
  })
  return [...stages, { name: 'outside kernels', share: (wholeMs - inKernelsMs) / wholeMs, macShare: null }]
}

/** Time of one batch in kernels alone; undefined where the backend could not say. */
export function kernelMs(samples: ShapeMeasurement): number | undefined {
  const ms = medianTimes(samples.stages).reduce((sum, stage) => sum + stage.ms, 0)
  return ms === 0 ? undefined : ms
}

function medianTimes(rounds: readonly (readonly StageTime[])[]): StageTime[] {
  const names = rounds[0]?.map(({ name }) => name) ?? []
  return names.map((name) => ({
    name,
    ms: median(rounds.flatMap((round) => round.filter((stage) => stage.name === name).map(({ ms }) => ms))),
  }))
}

/** Multiply-accumulates of one attempt by the parts of a pass (src/worker/webgpu/race-plan.ts), as src/race/shapes.ts counts them. */
export function stageMacs({
  layers,
  width,
  hidden,
  positions,
}: RaceShape): Readonly<Partial<Record<PartName, number>>> {
  const square = width * width
  const full = layers - 1
  // Rows that output and feed-forward work on: all positions of the full layers, the last position of the last.
  const rows = full * positions + 1
  return {
    'query-key-value': layers * 2 * positions * square + (full * (positions - 1) + 1) * square,
    attention: full * width * (positions * (positions + 1) - 2) + 2 * width * positions,
    output: rows * square,
    up: rows * width * hidden,
    down: rows * width * hidden,
  }
}
