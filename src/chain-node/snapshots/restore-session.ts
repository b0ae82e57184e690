/**
 * One restore in the making: chunks come in any order, each is checked against its hash and put into a database of its own; when
 * all are there the state tree is computed once. Invariant: the entries are handed out only when its root is the app hash that the
 * snapshot claims, which the caller has compared with the one it trusts; what a chunk holds decides nothing before.
 * Memory: one chunk until then, the state for the proof.
 */
import { createStateTree } from '../../chain/state-tree.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { StateEntry } from './snapshot-chunk.ts'
import { decodeChunk, hashChunk } from './snapshot-chunk.ts'
import { SNAPSHOT_LIMITS } from './snapshot-limits.ts'
import type { SnapshotMetadata } from './snapshot-metadata.ts'
import type { StagedState } from './staged-state.ts'

/** accepted: it is staged · wrong: not the chunk that the snapshot names · complete: all is there and proven */
export type ChunkOutcome = 'accepted' | 'wrong' | 'complete'

export class RestoreSession {
  readonly metadata: SnapshotMetadata
  readonly #staged: StagedState
  readonly #missing: Set<number>
  #entries = 0
  #stateBytes = 0

  constructor(metadata: SnapshotMetadata, staged: StagedState) {
    this.metadata = metadata
    this.#staged = staged
    this.#missing = new Set(metadata.chunkHashes.keys())
  }

  /**
   * A chunk that was taken already is accepted and ignored. After an error the session is over: `discard` it.
   * @throws CodedError `snapshot_damaged` where the chunks are those that the snapshot names and do not hold what it says,
   *   `store_full`
   */
  async apply(index: number, bytes: Uint8Array): Promise<ChunkOutcome> {
    const hash = this.metadata.chunkHashes[index]
    if (hash === undefined || bytes.length > SNAPSHOT_LIMITS.chunkBytes || !equalBytes(hashChunk(bytes), hash)) {
      return 'wrong'
    }
    if (this.#missing.has(index)) {
      this.#take(await decodeChunk(bytes, { height: this.metadata.height, index }))
      this.#missing.delete(index)
    }
    if (this.#missing.size > 0) {
      return 'accepted'
    }
    this.#prove()
    return 'complete'
  }

  /** The whole state in key order. @throws CodedError `snapshot_damaged` before all chunks are there */
  entries(): Iterable<StateEntry> {
    if (this.#missing.size > 0) {
      throw damaged('chunks are missing')
    }
    return this.#staged.entries()
  }

  /** Takes what was staged off the disk; may be called more than once. */
  discard(): void {
    this.#staged.discard()
  }

  #take(entries: readonly StateEntry[]): void {
    this.#entries += entries.length
    this.#stateBytes += entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
    if (this.#entries > this.metadata.entries || this.#stateBytes > this.metadata.stateBytes) {
      throw damaged('it holds more than it says')
    }
    this.#staged.put(entries)
  }

  #prove(): void {
    const isWhole = this.#entries === this.metadata.entries
    if (!isWhole || !equalBytes(createStateTree(this.#staged.entries()).root, this.metadata.appHash)) {
      throw damaged('its entries do not give the app hash of its height')
    }
  }
}

/** Whether an error says that the snapshot is bad, not this machine. */
export function isSnapshotFault(error: unknown): boolean {
  return errorCode(error) === 'snapshot_damaged'
}

function damaged(reason: string): CodedError {
  return new CodedError('snapshot_damaged', `the snapshot is damaged: ${reason}`)
}
