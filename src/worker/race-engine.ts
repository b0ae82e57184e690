import type { RaceModel } from '../race/model.ts'
import type { TracedStage } from '../race/oracle.ts'

/**
 * The one interface of everything that races: the CPU oracle and WebGPU. What a backend returns is a claim: the session
 * (race-session.ts) recomputes each find on the oracle, and the gate (race-gate.ts) refuses a backend whose known answers
 * differ. Both backends pass test/conformance/race-backend.ts.
 */
export type BackendKind = 'webgpu' | 'cpu'

/** Who computes, as the adapter says; texts of at most 64 characters, empty where a browser hides them. */
export interface AdapterDescription {
  readonly vendor: string
  readonly architecture: string
  readonly description: string
  readonly isSoftware: boolean
  /** What else it says, for people. */
  readonly details?: AdapterDetails
}

export interface AdapterDetails {
  readonly device: string
  /** WebGPU features, sorted; at most 64. */
  readonly features: readonly string[]
  /** WGSL language features of the browser, sorted; at most 64. */
  readonly languageFeatures: readonly string[]
  /** The limits that compute meets. */
  readonly limits: readonly { readonly name: string; readonly value: number }[]
}

/** Attempts of one host against one target. */
export interface RaceBatch {
  /** 20 bytes. */
  readonly host: Uint8Array
  /** 32 bytes, big endian; all 0xff makes a find of every attempt. */
  readonly target: Uint8Array
  /** At most `maxAttempts`. */
  readonly nonces: BigUint64Array
}

export interface FoundAttempt {
  readonly nonce: bigint
  /** 32 bytes. */
  readonly digest: Uint8Array
}

/** A pass with its intermediate stages, in the order of `stagesOf`. */
export interface RaceTrace {
  readonly stages: readonly TracedStage[]
  readonly digest: Uint8Array
}

export interface RaceBackend {
  readonly kind: BackendKind
  readonly model: RaceModel
  /** Most attempts of one batch; what `start` finds memory for, where it is less. */
  readonly maxAttempts: number
  /** What it would be with all the memory that the device's limits allow, where a device has such limits. */
  readonly plannedAttempts?: number
  /** Batches worth having under way at once, so that the device never waits for the host. */
  readonly batchesInFlight: number
  /** Prepares weights and buffers. @throws CodedError `device_lost`, `out_of_memory`, `gpu_error`. */
  start(): Promise<void>
  /**
   * Finds of a batch in the order of its nonces. An abort ends it early with the signal's reason.
   * @throws CodedError `batch_too_large`, `not_started`, `device_lost`, `out_of_memory`, `gpu_error`.
   */
  run(batch: RaceBatch, signal?: AbortSignal): Promise<readonly FoundAttempt[]>
  /** One attempt with its stages; slow, for finding where a backend differs. Not beside `run`. */
  trace(host: Uint8Array, nonce: bigint): Promise<RaceTrace>
  /** Frees everything; the backend cannot be started again. */
  stop(): Promise<void>
}

/** Every 256-bit digest but the largest lies under it. */
export const EVERY_DIGEST: Uint8Array = new Uint8Array(32).fill(0xff)

/** Nonces start … start + count − 1, modulo 2^64. */
export function nonceRange(start: bigint, count: number): BigUint64Array {
  const nonces = new BigUint64Array(count)
  for (let i = 0; i < count; i++) {
    // The array stores modulo 2^64.
    nonces[i] = start + BigInt(i)
  }
  return nonces
}
