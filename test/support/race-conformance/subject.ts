/**
 * What is compared in a conformance run: implementations of the race function that share nothing but docs/race.md, or share code and differ
 * in how a device runs it. Invariant: a subject gets a job as bytes and answers bytes; what they should be only the comparison knows.
 *
 * Read next: workload.ts (which attempts), compare.ts (the comparison), oracle-subjects.ts, python-subject.ts, browser-subjects.ts.
 */
import type { ShapeName } from '../../../src/race/shapes.ts'

/** Attempts of one host in one epoch. */
export interface ConformanceJob {
  readonly shape: ShapeName
  /** 32 bytes. */
  readonly epochSeed: Uint8Array
  /** 20 bytes. */
  readonly host: Uint8Array
  readonly nonces: readonly bigint[]
}

/** An attempt with all its stages, in the order of src/race/stages.ts. */
export interface ComparedTrace {
  readonly stages: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  readonly digest: Uint8Array
}

export interface ConformanceSubject {
  readonly name: string
  /** One digest of 32 bytes for each nonce, in order. */
  digests(job: ConformanceJob): Promise<readonly Uint8Array[]>
  /** The first nonce of the job. */
  trace(job: ConformanceJob): Promise<ComparedTrace>
  stop(): Promise<void>
}
