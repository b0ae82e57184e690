import type { ShapeName } from '../../src/race/shapes.ts'
import type { AdapterDescription } from '../../src/worker/race-engine.ts'
import type { PeakKind } from '../peak/peak-shape.ts'

/**
 * What the page measures, as samples: one of each kind a round, taken in turns, so that whatever else the machine does meets all of them.
 * Medians and ratios are made of them in bench/race-report/report.ts.
 */
export interface RaceMeasurement {
  readonly adapter: AdapterDescription
  readonly userAgent: string
  readonly peak: PeakMeasurement
  /** Plain and 4 × 4 blocked matrix product in JavaScript. */
  readonly jsMacsPerS: readonly number[]
  readonly jsBlockedMacsPerS: readonly number[]
  readonly shapes: readonly ShapeMeasurement[]
  /** What was wrong with a result; empty where all are right. */
  readonly faults: readonly string[]
}

export interface PeakMeasurement {
  readonly timing: 'timestamp-query' | 'submission'
  readonly shapesTried: number
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
}

/** A shape of the probe that reached the last round, with its rates beside the race of one shape. */
export interface PeakFinalist {
  readonly name: string
  readonly kind: PeakKind
  readonly macsPerS: readonly number[]
}

/** Both oracles on whole attempts. */
export interface OracleSamples {
  readonly macsPerAttempt: number
  readonly tsAttemptsPerS: readonly number[]
  /** Empty where WebAssembly SIMD is not available. */
  readonly wasmAttemptsPerS: readonly number[]
}

/** Time of the device for one kind of work (src/worker/webgpu/race-profile.ts). */
export interface StageTime {
  readonly name: string
  readonly ms: number
}

export interface ShapeMeasurement extends OracleSamples {
  readonly shape: ShapeName
  /** The kernels that were chosen, for people. */
  readonly tuning: string
  readonly attemptsPerBatch: number
  readonly attemptsPerS: readonly number[]
  readonly peaks: readonly PeakFinalist[]
  /** Of one batch, a list a round; empty lists where the backend cannot say. */
  readonly stages: readonly (readonly StageTime[])[]
  readonly bufferBytes: number
  readonly startsMs: readonly number[]
  readonly slicesMs: readonly number[]
  readonly session: SessionMeasurement
  readonly check: CheckMeasurement
}

/** The race as the worker runs it, driven by messages. */
export interface SessionMeasurement {
  readonly attemptsPerS: number
  /** From the call to stop until the worker says that it has stopped, and until the device has done all that was submitted. */
  readonly stopsMs: readonly number[]
  readonly pausesMs: readonly number[]
}

/** The worker's own verification of finds. */
export interface CheckMeasurement {
  readonly finds: number
  readonly elapsedMs: number
}

export interface MeasureOptions {
  readonly shapes: readonly ShapeName[]
  /** Rounds of samples per shape. */
  readonly rounds: number
  /** How long the race runs in one round. */
  readonly raceMs: number
  /** How long each of the others runs in one round. */
  readonly otherMs: number
  /** Length of a pass of the peak probe when it looks for its best shapes, and when those are measured. */
  readonly peakScreenMs: number
  /** Long: a short pass on an idle processor gets more of it than a race does that never stops. */
  readonly peakPassMs: number
  /** Shapes of the probe, the first so many; all by default. */
  readonly peakShapes?: number
  readonly starts: number
  readonly stops: number
  /** Most finds to check; fewer where they would take longer than `checkMs`. */
  readonly checkedFinds: number
  readonly checkMs: number
}
