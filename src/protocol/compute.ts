/**
 * What a device is asked for in a race, in the same words for the host that asks, the lease that carries it to a tab, and the
 * worker that does it. Types alone: each boundary has its own codec (ipc/wires/compute-wire.ts, worker/contract.ts).
 */
import type { AbortSignalLike } from '../lib/runtime.ts'
import type { ShapeName } from './params.ts'

export type BackendKind = 'webgpu' | 'cpu'

export interface BackendReport {
  readonly kind: BackendKind
  /** Adapter description for people, at most 128 characters. */
  readonly adapter: string
  readonly isSoftware: boolean
  readonly conformant: boolean
  /** Which vector or stage differed first, where not conformant. */
  readonly firstDifference?: string
  /** SHA-256 over the vectors' digests as this backend computed them, 32 bytes. */
  readonly conformanceDigest: Uint8Array
  readonly attemptsPerSecond: number
  /** What the adapter says of itself, where the browser does not hide it; for people. */
  readonly details?: AdapterDetails
}

/** Texts and names of at most 64 characters. */
export interface AdapterDetails {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  /** WebGPU features; at most 64. */
  readonly features: readonly string[]
  /** WGSL language features; at most 64. */
  readonly languageFeatures: readonly string[]
  /** Limits that compute meets; at most 32. */
  readonly limits: readonly { readonly name: string; readonly value: number }[]
}

export interface DeviceReport {
  readonly backends: readonly BackendReport[]
}

export interface RaceJob {
  readonly shape: ShapeName
  /** 32 bytes. */
  readonly epochSeed: Uint8Array
  /** 20-byte owner address. */
  readonly host: Uint8Array
  /** 32 bytes, big endian. */
  readonly target: Uint8Array
  readonly startNonce: bigint
  readonly backend: BackendKind
  /** Share of the time that the device works, parts per million. */
  readonly dutyPpm: number
}

export interface RaceProgress {
  readonly attempts: number
  readonly finds: number
  readonly attemptsPerSecond: number
  readonly backend: BackendKind
  /** Finds that the oracle did not confirm (faulty memory): dropped, never committed. */
  readonly faultyFinds: number
}

export interface RaceListener {
  /** Finds confirmed on the oracle; nonces ascending within one race. */
  onFinds(nonces: readonly bigint[]): void
  onProgress(progress: RaceProgress): void
  /** The device was lost and the race goes on, or fell back; for people. */
  onNotice(code: string): void
}

export interface CheckJob {
  readonly shape: ShapeName
  readonly epochSeed: Uint8Array
  readonly host: Uint8Array
  readonly nonces: readonly bigint[]
}

export interface ComputePort {
  /** Which backends there are, whether they conform, how fast they are. Takes seconds. */
  probe(signal: AbortSignalLike): Promise<DeviceReport>
  /** Races until the signal aborts; resolves with the last progress. Only finds already reported count. */
  race(job: RaceJob, listener: RaceListener, signal: AbortSignalLike): Promise<RaceProgress>
  /** Digests of the named attempts, 32 bytes each, in order. */
  check(job: CheckJob, signal: AbortSignalLike): Promise<readonly Uint8Array[]>
  /** Changes whenever the backends may be others than the last probe said: a tab came or went. Absent where they never are. */
  generation?(): number
  /** The first find at or after `startNonce`: the stamp of a registration. */
  findOne(job: RaceJob, signal: AbortSignalLike): Promise<bigint>
}
