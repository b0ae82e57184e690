/**
 * Takes a snapshot every few blocks while the chain goes on: the state is frozen after a commit (frozen-state.ts) and written out
 * in slices between other work. Invariant: a snapshot that fails (full disk, a state that changes too fast) is dropped and said
 * so in the log; a block never fails or waits for one.
 */
import type { StateChange } from '../../chain/application.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { StateView } from './frozen-state.ts'
import { FrozenState } from './frozen-state.ts'
import type { SnapshotFolder } from './snapshot-folder.ts'

export interface SnapshotTip {
  readonly chainId: string
  readonly height: number
  readonly appHash: Uint8Array
  /** Version of the rules in force after this block. */
  readonly appVersion: number
}

export interface SnapshotTakerOptions {
  /** Blocks between two snapshots; 0: none are taken. */
  readonly interval: number
  /** Snapshots that stay; the one in the making does not count. */
  readonly keep: number
}

/** Entries that are copied in one go: about a millisecond. */
const SLICE_ENTRIES = 512

export class SnapshotTaker {
  readonly #components: { readonly folder: SnapshotFolder; readonly clock: Clock; readonly logger: Logger }
  readonly #options: SnapshotTakerOptions
  readonly #stopping = new AbortController()
  #frozen: FrozenState | undefined
  #giveUp = new AbortController()
  #work: Promise<void> = Promise.resolve()

  constructor(
    components: { readonly folder: SnapshotFolder; readonly clock: Clock; readonly logger: Logger },
    options: SnapshotTakerOptions,
  ) {
    this.#components = components
    this.#options = options
  }

  /** With the changes of each block, before the store gets them. */
  beforeCommit(changes: Iterable<StateChange>): void {
    try {
      this.#frozen?.beforeCommit(changes)
    } catch (error) {
      this.#frozen = undefined
      this.#giveUp.abort(error)
    }
  }

  /** After each commit; `state` reads the one of the tip. */
  committed(state: StateView, tip: SnapshotTip): void {
    const { interval } = this.#options
    if (interval === 0 || tip.height % interval !== 0 || this.#stopping.signal.aborted) {
      return
    }
    if (this.#frozen !== undefined) {
      this.#components.logger.log('warn', 'no snapshot: the last one is still being written', { height: tip.height })
      return
    }
    this.#frozen = new FrozenState(state)
    this.#giveUp = new AbortController()
    this.#work = this.#take(this.#frozen, tip)
  }

  /** Resolves when no snapshot is being written. */
  async idle(): Promise<void> {
    await this.#work
  }

  /** Drops the one in the making. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#work
  }

  async #take(frozen: FrozenState, tip: SnapshotTip): Promise<void> {
    const { folder, clock, logger } = this.#components
    const { height } = tip
    const beganMs = clock.nowMs()
    try {
      const signal = AbortSignal.any([this.#stopping.signal, this.#giveUp.signal])
      const { metadata } = await folder.add({ ...tip, slices: frozen.slices(SLICE_ENTRIES) }, signal)
      await folder.prune(this.#options.keep)
      const { entries, stateBytes, chunkHashes } = metadata
      const tookMs = clock.nowMs() - beganMs
      logger.log('info', 'snapshot taken', { height, entries, stateBytes, chunks: chunkHashes.length, tookMs })
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        logger.log('error', 'no snapshot, the chain goes on', { height, error: errorMessage(error) })
      }
    } finally {
      if (this.#frozen === frozen) {
        this.#frozen = undefined
      }
    }
  }
}
