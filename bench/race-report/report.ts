/**
 * The report of `npm run bench:race`: medians of what the page measured, and ratios of medians.
 *
 * Invariant: each number is finite and not negative, and a ratio compares two things of one run on one machine. Where something could not be
 * measured the field is null, never a guess.
 *
 * Read next: ../race-page/measurement.ts (the samples), bars.ts (what the project asks of them), ../race-report.ts (the command).
 */
import { CodedError } from '../../src/lib/coded-error.ts'
import type { ShapeName } from '../../src/race/shapes.ts'
import type { PeakKind } from '../peak/peak-shape.ts'
import type { OracleSamples, PeakFinalist, RaceMeasurement, ShapeMeasurement } from '../race-page/measurement.ts'
import type { NodeOracle } from './node-oracle.ts'
import type { StageReport } from './stage-shares.ts'
import { kernelMs, stageShares } from './stage-shares.ts'
import { median, spread } from './statistics.ts'

export interface RaceReport {
  readonly adapter: ReportAdapter
  readonly userAgent: string
  /** Plain loop over typed arrays. */
  readonly jsMacsPerS: number
  /** The blocked product that the TypeScript oracle uses. */
  readonly jsBlockedMacsPerS: number
  readonly shapes: readonly ShapeReport[]
  /** Of the largest shape, in the page; `node` the same in Node. */
  readonly oracle: OracleReport & { readonly shape: ShapeName; readonly node: OracleReport | null }
  /** Of the largest shape, as all below. */
  readonly checkCostShare: number
  readonly pauseMs: number
  readonly sliceMs: number
  readonly startMs: number
  readonly peakProbe: RaceMeasurement['peak']
  readonly units: typeof UNITS
  /** Wrong results; empty where all are right. */
  readonly faults: readonly string[]
}

export interface ReportAdapter {
  readonly vendor: string
  readonly architecture: string
  readonly description: string
  readonly isSoftware: boolean
}

export interface OracleReport {
  readonly tsAttemptsPerS: number
  /** Null where there is no WebAssembly SIMD. */
  readonly wasmAttemptsPerS: number | null
  readonly speedup: number | null
  /** Multiply-accumulates of whole attempts of the TypeScript oracle against the plain product's. */
  readonly tsShareOfPlainJs: number
}

export interface ShapeReport {
  readonly shape: ShapeName
  readonly attemptsPerS: number
  readonly macsPerS: number
  /** The best of all shapes of the probe, whatever instruction it uses. */
  readonly peakMacsPerS: number
  readonly peakShape: string
  readonly ratio: number
  /** While kernels run, gaps left out; null where they can't be timed. */
  readonly kernelRatio: number | null
  /** The same by kind of instruction. */
  readonly peaks: readonly PeakReport[]
  readonly stages: readonly StageReport[]
  readonly attemptsPerBatch: number
  readonly tuning: string
  /** Of the worker's own race, with its messages and its choice of batches. */
  readonly sessionAttemptsPerS: number
  readonly oracle: OracleReport
  readonly checkCostShare: number
  readonly checkedFinds: number
  /** The same by backend, from its rate. */
  readonly checkCostShares: { readonly webgpu: number; readonly wasm: number | null; readonly ts: number }
  readonly pauseMs: number
  readonly pauseWorstMs: number
  /** When the worker says so, which may be before the device is idle. */
  readonly stopMs: number
  readonly sliceMs: number
  readonly sliceWorstMs: number
  readonly startMs: number
  readonly deviceBytes: number
  /** Largest distance of a round from the median: of the race, of the peak. */
  readonly spread: { readonly attempts: number; readonly peak: number }
}

export interface PeakReport {
  readonly kind: PeakKind
  readonly peakShape: string
  readonly macsPerS: number
  /** Of the race to this peak. */
  readonly ratio: number
}

const UNITS = {
  macsPerS: 'multiply-accumulates of int8 a second; a dot product of four counts 4',
  attemptsPerS: 'whole attempts a second',
  ratio: 'macsPerS ÷ peakMacsPerS, medians of rounds in turns',
  kernelRatio: 'the same for the time in kernels alone',
  share: 'part of the time of a batch, 0 … 1',
  macShare: 'part of the multiply-accumulates of an attempt, 0 … 1; null where the work has none that count',
  speedup: 'wasmAttemptsPerS ÷ tsAttemptsPerS',
  checkCostShare: 'time to check 100 finds ÷ 300 s',
  pauseMs: 'from the call to stop until the device has done all that was submitted, median',
  stopMs: 'from the call to stop until the worker says that it has stopped, median',
  sliceMs: 'time that one submission keeps the device busy, median',
  startMs: "from an epoch's seed to the first attempt, median",
  deviceBytes: 'buffers of one race on the device',
} as const

const CHECKED_FINDS = 100
const RACE_MS = 300_000

/** @throws CodedError `invalid_report` where a number is missing, not finite or negative. */
export function buildReport(measurement: RaceMeasurement, node: NodeOracle | undefined): RaceReport {
  const jsMacsPerS = median(measurement.jsMacsPerS)
  const bySize = [...measurement.shapes].sort((a, b) => a.macsPerAttempt - b.macsPerAttempt)
  const shapes = bySize.map((shape) => shapeReport(shape, jsMacsPerS))
  const largest = shapes.at(-1)
  if (largest === undefined) {
    throw new CodedError('invalid_report', 'no shape was measured')
  }
  const { vendor, architecture, description, isSoftware } = measurement.adapter
  const report: RaceReport = {
    adapter: { vendor, architecture, description, isSoftware },
    userAgent: measurement.userAgent,
    jsMacsPerS,
    jsBlockedMacsPerS: median(measurement.jsBlockedMacsPerS),
    shapes,
    oracle: {
      shape: largest.shape,
      ...largest.oracle,
      node: node === undefined ? null : oracleReport(node, median(node.jsMacsPerS)),
    },
    checkCostShare: largest.checkCostShare,
    pauseMs: largest.pauseMs,
    sliceMs: largest.sliceMs,
    startMs: largest.startMs,
    peakProbe: measurement.peak,
    units: UNITS,
    faults: measurement.faults,
  }
  requireNumbers(report, 'report')
  return report
}

function shapeReport(samples: ShapeMeasurement, jsMacsPerS: number): ShapeReport {
  const attemptsPerS = median(samples.attemptsPerS)
  const macsPerS = attemptsPerS * samples.macsPerAttempt
  const peaks = peaksOf(samples.peaks, macsPerS)
  const [peak] = peaks
  if (peak === undefined) {
    throw new CodedError('invalid_report', 'no shape of the peak probe gave the right sums')
  }
  const oracle = oracleReport(samples, jsMacsPerS)
  const inKernelsMs = kernelMs(samples)
  const batchMacs = samples.attemptsPerBatch * samples.macsPerAttempt
  const share = (rate: number): number => (CHECKED_FINDS * 1_000) / rate / RACE_MS
  return {
    shape: samples.shape,
    attemptsPerS,
    macsPerS,
    peakMacsPerS: peak.macsPerS,
    peakShape: peak.peakShape,
    ratio: peak.ratio,
    kernelRatio: inKernelsMs === undefined ? null : (batchMacs * 1_000) / inKernelsMs / peak.macsPerS,
    peaks,
    stages: stageShares(samples, (samples.attemptsPerBatch * 1_000) / attemptsPerS),
    attemptsPerBatch: samples.attemptsPerBatch,
    tuning: samples.tuning,
    sessionAttemptsPerS: samples.session.attemptsPerS,
    oracle,
    checkCostShare: (samples.check.elapsedMs / samples.check.finds) * (CHECKED_FINDS / RACE_MS),
    checkedFinds: samples.check.finds,
    checkCostShares: {
      webgpu: share(attemptsPerS),
      wasm: oracle.wasmAttemptsPerS === null ? null : share(oracle.wasmAttemptsPerS),
      ts: share(oracle.tsAttemptsPerS),
    },
    pauseMs: median(samples.session.pausesMs),
    pauseWorstMs: Math.max(...samples.session.pausesMs),
    stopMs: median(samples.session.stopsMs),
    sliceMs: median(samples.slicesMs),
    sliceWorstMs: Math.max(...samples.slicesMs),
    startMs: median(samples.startsMs),
    deviceBytes: samples.bufferBytes,
    spread: { attempts: spread(samples.attemptsPerS), peak: spread(bestFinalist(samples.peaks).macsPerS) },
  }
}

function bestFinalist(peaks: readonly PeakFinalist[]): PeakFinalist {
  return peaks.reduce((best, peak) => (median(peak.macsPerS) > median(best.macsPerS) ? peak : best))
}

/** The best finalist of each kind, the best of all first. */
function peaksOf(finalists: readonly PeakFinalist[], macsPerS: number): PeakReport[] {
  const kinds = [...new Set(finalists.map(({ kind }) => kind))]
  return kinds
    .map((kind) => {
      const best = bestFinalist(finalists.filter((finalist) => finalist.kind === kind))
      const rate = median(best.macsPerS)
      return { kind, peakShape: best.name, macsPerS: rate, ratio: macsPerS / rate }
    })
    .sort((a, b) => b.macsPerS - a.macsPerS)
}

function oracleReport(samples: OracleSamples, jsMacsPerS: number): OracleReport {
  const tsAttemptsPerS = median(samples.tsAttemptsPerS)
  const wasmAttemptsPerS = samples.wasmAttemptsPerS.length === 0 ? null : median(samples.wasmAttemptsPerS)
  return {
    tsAttemptsPerS,
    wasmAttemptsPerS,
    speedup: wasmAttemptsPerS === null ? null : wasmAttemptsPerS / tsAttemptsPerS,
    tsShareOfPlainJs: (tsAttemptsPerS * samples.macsPerAttempt) / jsMacsPerS,
  }
}

function requireNumbers(value: unknown, path: string): void {
  if (typeof value === 'number' && (!Number.isFinite(value) || value < 0)) {
    throw new CodedError('invalid_report', `${path} is ${value}`)
  }
  if (value === undefined) {
    throw new CodedError('invalid_report', `${path} is missing`)
  }
  if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) requireNumbers(part, `${path}.${key}`)
  }
}
