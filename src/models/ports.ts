/** What the store asks of the world: where chunks are kept, where they come from, and how they are hashed. */
import { toHex } from '../lib/bytes.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'

/**
 * Keeps chunks under the SHA-256 that they had when written (64 lower-case hex digits), so equal chunks of two models are kept once.
 * Storage is not trusted: the store hashes what it reads. A write is atomic: after a crash a chunk is whole or absent.
 * Failures are CodedErrors: `storage_full` where there is no room, else `storage_failed`.
 */
export interface StoragePort {
  exists(hash: string): Promise<boolean>
  /** Undefined where absent. */
  read(hash: string): Promise<Uint8Array | undefined>
  /** Replaces what is there. */
  write(hash: string, bytes: Uint8Array): Promise<void>
  /** Fine where absent. */
  remove(hash: string): Promise<void>
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
  /** Size of the whole file as the manifest has it. */
  readonly fileBytes: number
}

/** Where the bytes of one model's files come from. Not trusted: the store keeps only chunks with the manifest's hash. */
export interface ModelSource {
  /**
   * The bytes of a range in order, in pieces of any size.
   * @throws CodedError `source_unavailable` (worth trying later), `source_mismatch` (has other bytes), `aborted`
   */
  read(path: string, range: ByteRange, signal: AbortSignalLike): AsyncIterable<Uint8Array>
}

/** SHA-256 of bytes as lower-case hex. */
export type Sha256 = (bytes: Uint8Array) => Promise<string>

/** The part of Web Crypto that hashing needs: `crypto.subtle` of a browser or of Node fits. */
export interface SubtleDigest {
  digest(algorithm: 'SHA-256', data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
}

/** Hashing by Web Crypto: native, several times as fast as the pure one of the protocol. */
export function createSha256(subtle: SubtleDigest): Sha256 {
  return async (bytes) => {
    // Web Crypto refuses shared memory, of which threads make buffers.
    const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
    return toHex(new Uint8Array(await subtle.digest('SHA-256', own)))
  }
}
