import type { BackendResult } from './compare.ts'

export interface BackendReport extends BackendResult {
  /** WebGPU: who computed, whether with subgroups, and the largest buffer that was made. */
  readonly adapter?: string
  readonly subgroups?: boolean
  readonly largestBufferBytes?: number
}

export interface ConformanceReport {
  /** Cases of test/vectors/race-dev.json and race-std.json. */
  readonly vectors: number
  readonly runSeed: string
  readonly backends: readonly BackendReport[]
  /** Backends that should be here and are not, or failed. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[]
  readonly differences: number
}

/** 1 on any difference, and where a backend that should have run did not. */
export function exitCodeOf(report: Pick<ConformanceReport, 'differences' | 'missing' | 'backends'>): 0 | 1 {
  return report.differences === 0 && report.missing.length === 0 && report.backends.length > 0 ? 0 : 1
}
