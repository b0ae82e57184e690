/**
 * The face of the state machine, in ABCI's shape: a pure, synchronous function of its inputs. An engine (the embedded one, or
 * CometBFT through a socket) calls it; it never calls out. Invariant: the same sequence of `finalizeBlock` inputs gives the
 * same results and app hashes on every machine, engine and restart.
 */
import type { Genesis } from '../protocol/genesis.ts'

/** What a block may hold, σ_h included: a validator votes against more. */
export const BLOCK_LIMITS = {
  transactions: 1_000,
  bytes: 2 * 1024 * 1024,
} as const

/** Everything a block is made of. */
export interface BlockInput {
  readonly height: bigint
  /** Unix milliseconds of the header. */
  readonly timeMs: bigint
  /** 32 bytes. */
  readonly hash: Uint8Array
  /** Consensus address of the proposer, 20 bytes. */
  readonly proposer: Uint8Array
  /** The first carries σ_h (protocol/tx.ts: encodeRandomnessTx). */
  readonly txs: readonly Uint8Array[]
  /** Who signed the block before this one; absent where the engine has no commits (the embedded one, height 1). */
  readonly lastCommit?: LastCommit
  /** Validators that were proven to have broken consensus; absent or empty: none. */
  readonly misbehaviour?: readonly Misbehaviour[]
}

/** ABCI 2.0 CommitInfo. */
export interface LastCommit {
  /** In which the block was decided: so many proposers missed their turn. */
  readonly round: number
  readonly votes: readonly BlockVote[]
}

export interface BlockVote {
  /** Consensus address, 20 bytes. */
  readonly address: Uint8Array
  /** Power in the set that signed. */
  readonly power: bigint
  /** Whether its precommit for the block or for nil is in the commit. */
  readonly signed: boolean
}

/** ABCI 2.0 Misbehavior. */
export interface Misbehaviour {
  readonly kind: 'duplicate_vote' | 'light_client_attack'
  readonly address: Uint8Array
  /** Of the offence. */
  readonly height: bigint
}

/** A change of the set that signs blocks, in force two blocks later. */
export interface ValidatorUpdate {
  /** Ed25519, 32 bytes. */
  readonly consensusKey: Uint8Array
  /** 0 removes. Their sum stays below CometBFT's bound of 2^63 / 8. */
  readonly power: bigint
}

export interface ChainEvent {
  readonly type: string
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

export interface TxResult {
  /** 0 = executed; else a code of chain/tx-codes.ts (the Cosmos SDK's numbers where it has one: 5, 11, 32 …). */
  readonly code: number
  readonly codespace: string
  readonly log: string
  /** TxMsgData, protobuf. */
  readonly data: Uint8Array
  readonly gasWanted: bigint
  readonly gasUsed: bigint
  readonly events: readonly ChainEvent[]
  /** Of a check that passed, for the mempool: 2 = duties of a host with weight in force, 1 = other duties, 0 = the rest. */
  readonly priority?: number
}

export interface BlockResult {
  readonly txResults: readonly TxResult[]
  /** Events of the block's end: settle, close, verdicts. */
  readonly events: readonly ChainEvent[]
  readonly appHash: Uint8Array
  /** In key order, each key once; empty in most blocks. */
  readonly validatorUpdates: readonly ValidatorUpdate[]
  /** Only in the block that an upgrade begins with: the version that is in force from it on. */
  readonly appVersion?: number
}

export interface QueryResult {
  readonly code: number
  readonly log: string
  readonly value: Uint8Array
  readonly height: bigint
  /** JSON of a StateProof, where asked for and where the query is a single key of the state. */
  readonly proof?: StateProof
}

/** Inclusion or absence of one key under an app hash; chain/state-tree.ts verifies it. */
export interface StateProof {
  readonly key: Uint8Array
  /** Undefined proves absence. */
  readonly value: Uint8Array | undefined
  readonly siblings: readonly Uint8Array[]
  /** For an absence where another leaf stands in the way: that leaf's hashed key and hashed value. */
  readonly otherLeaf?: { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array }
}

export interface Application {
  /** Height and app hash of the last committed block; height 0 before the first. `appVersion` is the one in force. */
  info(): {
    readonly height: bigint
    readonly appHash: Uint8Array
    readonly chainId: string
    readonly appVersion: number
  }
  initChain(genesis: Genesis): { readonly appHash: Uint8Array }
  /**
   * For the mempool; changes nothing that is committed. Keeps its own sequence view between commits. `recheck` says that this
   * very transaction passed before and a block was committed since: its signature need not be verified again.
   */
  checkTx(tx: Uint8Array, options?: { readonly recheck?: boolean }): TxResult
  /** Runs an unsigned or signed transaction on a copy of the state. */
  simulate(tx: Uint8Array): TxResult
  /** R_{h−1} for the proposer of the next block and what it has to sign. */
  randomnessMessage(height: bigint): Uint8Array
  /** Whether an honest validator votes for the block: σ_h first and valid, within the limits of size and count. */
  processProposal(input: BlockInput): boolean
  /** The upgrade that validators have accepted and that has not begun: a program below its version stops before that height. */
  upgrade(): UpgradePlan | undefined
  /**
   * @throws CodedError `invalid_block` where processProposal would say no or the height is not the next; `upgrade_needed` where
   * this program is older than the version that the block needs, `upgrade_too_early` where it is newer. Nothing changed then.
   */
  finalizeBlock(input: BlockInput): BlockResult
  /** Makes the finalized block's writes the committed state. The engine persists `takeChanges()` in the same database transaction as the block. */
  commit(): void
  /** Writes of the finalized, not yet committed block: key → value, or undefined for a delete. */
  takeChanges(): readonly StateChange[]
  query(path: string, data: Uint8Array, options?: { readonly prove?: boolean }): QueryResult
}

/** From block `height` on the chain runs application version `version`. */
export interface UpgradePlan {
  readonly height: bigint
  readonly version: number
  /** Name or address of the program, free text. */
  readonly name: string
}

export interface StateChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** One ordered map of byte keys. Synchronous; iteration in lexicographic key order. */
export interface StateStore {
  get(key: Uint8Array): Uint8Array | undefined
  set(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
  /** Entries with from ≤ key < to, ascending, or descending with `reverse`. */
  range(
    from: Uint8Array,
    to: Uint8Array,
    options?: { readonly reverse?: boolean; readonly limit?: number },
  ): Iterable<readonly [Uint8Array, Uint8Array]>
}
