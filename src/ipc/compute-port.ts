/**
 * The host's ComputePort as this folder knows it. The folder may not import src/host, so the shape is written once more; the
 * composition root assigns one to the other, which proves that they are the same.
 */
import type { AbortSignalLike } from '../lib/runtime.ts'

export type BackendKind = 'webgpu' | 'cpu'
export type ShapeName = 'dev' | 'std'

export interface BackendReport {
  readonly kind: BackendKind
  readonly adapter: string
  readonly isSoftware: boolean
  readonly conformant: boolean
  readonly firstDifference?: string
  /** 32 bytes. */
  readonly conformanceDigest: Uint8Array
  readonly attemptsPerSecond: number
}

export interface DeviceReport {
  readonly backends: readonly BackendReport[]
}

export interface RaceJob {
  readonly shape: ShapeName
  /** 32 bytes. */
  readonly epochSeed: Uint8Array
  /** 20 bytes. */
  readonly host: Uint8Array
  /** 32 bytes, big endian. */
  readonly target: Uint8Array
  readonly startNonce: bigint
  readonly backend: BackendKind
  readonly dutyPpm: number
}

export interface RaceProgress {
  readonly attempts: number
  readonly finds: number
  readonly attemptsPerSecond: number
  readonly backend: BackendKind
  readonly faultyFinds: number
}

export interface RaceListener {
  onFinds(nonces: readonly bigint[]): void
  onProgress(progress: RaceProgress): void
  onNotice(code: string): void
}

export interface CheckJob {
  readonly shape: ShapeName
  readonly epochSeed: Uint8Array
  readonly host: Uint8Array
  readonly nonces: readonly bigint[]
}

export interface RelayedCompute {
  probe(signal: AbortSignalLike): Promise<DeviceReport>
  race(job: RaceJob, listener: RaceListener, signal: AbortSignalLike): Promise<RaceProgress>
  check(job: CheckJob, signal: AbortSignalLike): Promise<readonly Uint8Array[]>
  findOne(job: RaceJob, signal: AbortSignalLike): Promise<bigint>
}
