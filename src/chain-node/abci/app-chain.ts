/**
 * The state machine beside its store, as CometBFT drives it: a block is finalized, then committed. Invariant: the store holds
 * the state of a whole block whose app hash was recomputed at the start; what was finalized and not committed is only in
 * memory, and CometBFT finalizes it again. Both engines run this same state machine over the same table of state.
 */
import type {
  Application,
  BlockInput,
  BlockResult,
  StateChange,
  StateStore,
  TxResult,
} from '../../chain/application.ts'
import type { MemoryStore } from '../../chain/memory-store.ts'
import { createMemoryStore } from '../../chain/memory-store.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import type { AppStore, AppTip } from './app-store.ts'

/** The state machine over a store that holds the committed state. */
export type OpenState = (store: StateStore) => Application

export interface FinalizedBlock {
  readonly input: BlockInput
  readonly result: BlockResult
}

/** Who follows the blocks; all calls are made before CometBFT hears of the step. */
export interface CommitFollower {
  /** A block that CometBFT decided was executed; it comes again where CometBFT replays it. */
  finalized?(block: FinalizedBlock): void
  /** With what the block changes, before anything is written. */
  beforeCommit?(changes: readonly StateChange[]): void
  /** When the block is on disk. `state` reads the committed state, of this block until the next. */
  committed?(block: FinalizedBlock, state: MemoryStore): void
}

interface Opened {
  readonly state: MemoryStore
  readonly application: Application
}

export class AppChain {
  readonly genesis: Genesis
  readonly #store: AppStore
  readonly #open: OpenState
  readonly #followers: CommitFollower[] = []
  #opened: Opened
  #tip: AppTip
  #finalized: FinalizedBlock | undefined

  /** @throws CodedError `app_hash_mismatch` naming both hashes, where the stored state is not the one that was committed. */
  constructor(store: AppStore, genesis: Genesis, open: OpenState) {
    const tip = store.tip()
    this.#store = store
    this.genesis = genesis
    this.#open = open
    this.#opened = openAt(open, store.stateEntries(), tip)
    this.#tip = tip ?? { height: 0n, appHash: new Uint8Array(0) }
  }

  /** The one of now: a snapshot puts another in its place. */
  get application(): Application {
    return this.#opened.application
  }

  /** As the application's, of the one of now. */
  checkTx(...check: Parameters<Application['checkTx']>): TxResult {
    return this.application.checkTx(...check)
  }

  /** Of the last commit; height 0 and an empty hash before the first. */
  get tip(): AppTip {
    return this.#tip
  }

  /** Entries of the committed state. */
  get entries(): number {
    return this.#opened.state.size
  }

  follow(follower: CommitFollower): void {
    this.#followers.push(follower)
  }

  /** May be called again until the first commit: CometBFT does after a crash. @returns app hash of the genesis state */
  initialise(): Uint8Array {
    this.#finalized = undefined
    return this.application.initChain(this.genesis).appHash
  }

  /**
   * May be called again for the same height until it is committed.
   * @throws CodedError `invalid_block`, and `upgrade_needed`, `upgrade_too_early` where this program is not the one for it
   */
  finalize(input: BlockInput): BlockResult {
    this.#finalized = undefined
    const result = this.application.finalizeBlock(input)
    if (result.txResults.length !== input.txs.length) {
      throw new CodedError('engine_failed', 'the state machine must give one result a transaction')
    }
    const finalized = { input, result }
    for (const follower of this.#followers) {
      follower.finalized?.(finalized)
    }
    this.#finalized = finalized
    return result
  }

  /** The finalized block is on disk when this returns. @throws CodedError `nothing_to_commit`, `store_full`, `store_failed` */
  commit(): void {
    const finalized = this.#finalized
    if (finalized === undefined) {
      throw new CodedError('nothing_to_commit', 'no block was finalized since the last commit')
    }
    const tip = { height: finalized.input.height, appHash: finalized.result.appHash }
    const changes = this.application.takeChanges()
    for (const follower of this.#followers) {
      follower.beforeCommit?.(changes)
    }
    this.#store.commit(tip, changes)
    this.application.commit()
    this.#tip = tip
    this.#finalized = undefined
    for (const follower of this.#followers) {
      follower.committed?.(finalized, this.#opened.state)
    }
  }

  /**
   * Puts the state of a snapshot in place of what was there, and goes on from there: CometBFT asks for it only while it has no
   * blocks itself. The entries are read twice: once to recompute the app hash, once to store them.
   * @throws CodedError `app_hash_mismatch`, `store_full`, `store_failed`; then nothing was changed
   */
  restore(tip: AppTip, entries: () => Iterable<readonly [Uint8Array, Uint8Array]>): void {
    const opened = openAt(this.#open, entries(), tip)
    this.#store.replace(tip, entries())
    this.#opened = opened
    this.#tip = tip
    this.#finalized = undefined
  }
}

function openAt(
  open: OpenState,
  entries: Iterable<readonly [Uint8Array, Uint8Array]>,
  tip: AppTip | undefined,
): Opened {
  const state = createMemoryStore(entries)
  const application = open(state)
  const { appHash, height } = application.info()
  if (tip !== undefined && (!equalBytes(appHash, tip.appHash) || height !== tip.height)) {
    const fields = { stored: toHex(tip.appHash), computed: toHex(appHash), storedHeight: Number(tip.height) }
    throw new CodedError(
      'app_hash_mismatch',
      `the state gives app hash ${fields.computed} at height ${height}, the last commit was ${fields.stored} at ${tip.height}`,
      { fields },
    )
  }
  return { state, application }
}
