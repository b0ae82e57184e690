/**
 * Transactions that wait for a block, in lanes (lanes.ts): duties first, then what pays most per byte. Everything is
 * bounded: how many, how many bytes, how many of one signer, how many remembered hashes, and the work of a block: of what waits
 * only the next block's worth is checked again, the rest when its turn or its signer's next transaction comes.
 * Invariant: what `reap` gives passed `checkTx` after the newest block, each signer's in the order of its sequences.
 * Engines rely on: `add` (a new transaction), `reap` (a proposal), `update` (after each commit), `has` (whether a transaction
 * still waits: one that was evicted, or no longer holds, does not, and a recheck refuses it), `clear`, `size`, `sizeBytes`.
 */
import type { Application, TxResult } from '../../chain/application.ts'
import { toHex } from '../../lib/bytes.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import { isDuty } from '../../protocol/messages.ts'
import { decodeTx, TX_LIMITS } from '../../protocol/tx.ts'
import { hashTx } from '../block.ts'
import type { MEMPOOL_LIMITS } from '../limits.ts'
import { PROPOSAL_LIMITS } from '../limits.ts'
import type { Arriving, Lane, Room, Waiting } from './lanes.ts'
import { HIGHEST_LANE } from './lanes.ts'
import { RecentHashes } from './memory.ts'
import { WaitingLanes } from './waiting.ts'

export type MempoolLimits = { readonly [Name in keyof typeof MEMPOOL_LIMITS]: number }

/** What became of an offered transaction. A non-zero code of `checked` is the state machine's refusal. */
export type AddOutcome =
  | { readonly kind: 'checked'; readonly hash: Uint8Array; readonly result: TxResult }
  | { readonly kind: 'duplicate'; readonly hash: Uint8Array }
  | { readonly kind: 'too_large'; readonly hash: Uint8Array }

interface Components {
  readonly application: Pick<Application, 'checkTx'>
  readonly logger: Logger
}

/** Numbers of the Cosmos SDK's `sdk` codespace. */
const CODE_MEMPOOL_FULL = 20
const CODE_INTERNAL = 1
/** malformed_tx, unauthorized, invalid_public_key: what these very bytes are refused for, they will always be refused for. */
const FOREVER_BAD: readonly number[] = [2, 4, 8]
/** How often one proposal looks for others in place of what no longer holds. */
const RECHECK_ROUNDS = 2

export class Mempool {
  readonly #components: Components
  readonly #limits: MempoolLimits
  readonly #waiting: WaitingLanes
  readonly #recent: RecentHashes<true>
  /** Refusals that these bytes will always get: a signature is verified once. */
  readonly #bad: RecentHashes<TxResult>
  /** Names of those that passed a check since the newest block. */
  #fresh = new Set<string>()
  /** Signers of which a transaction was given up since: the state machine's view counts it, so their next would not fit. */
  readonly #cut = new Set<string>()
  #arrivals = 0

  constructor(components: Components, limits: MempoolLimits) {
    this.#components = components
    this.#limits = limits
    this.#waiting = new WaitingLanes(limits)
    this.#recent = new RecentHashes(limits.recentHashes)
    this.#bad = new RecentHashes(limits.badHashes)
  }

  get size(): number {
    return this.#waiting.size
  }

  get sizeBytes(): number {
    return this.#waiting.sizeBytes
  }

  /** How many wait in each lane: 2 duties of hosts with weight, 1 other duties, 0 the rest. */
  sizeOf(lane: Lane): number {
    return this.#waiting.sizeOf(lane)
  }

  /** Whether the transaction of this hash waits. */
  has(hash: Uint8Array): boolean {
    return this.#waiting.get(toHex(hash)) !== undefined
  }

  /** Cheap refusals first; `checkTx` verifies a signature. */
  add(tx: Uint8Array): AddOutcome {
    const hash = hashTx(tx)
    if (tx.length > TX_LIMITS.bytes) {
      return { kind: 'too_large', hash }
    }
    const name = toHex(hash)
    if (this.#recent.get(name) !== undefined) {
      return { kind: 'duplicate', hash }
    }
    return { kind: 'checked', hash, result: this.#bad.get(name) ?? this.#offer(name, tx) }
  }

  /** What the next block takes, in the order of arrival. They stay until `update` hears of them. */
  reap(maxTxs: number, maxBytes: number): Uint8Array[] {
    const room: Room = { txs: maxTxs, bytes: maxBytes }
    this.#refreshBest(room)
    const chosen = this.#waiting.choose(room)
    const stale = new Set(chosen.filter(({ name }) => !this.#fresh.has(name)).map(({ signer }) => signer))
    return chosen.filter(({ signer }) => !stale.has(signer)).map(({ tx }) => tx)
  }

  /** After a commit: drops what the block holds and checks the next block's worth again against the new state. */
  update(txs: readonly Uint8Array[], results: readonly TxResult[]): void {
    txs.forEach((tx, index) => {
      const name = toHex(hashTx(tx))
      this.#waiting.remove(name)
      if (results[index]?.code === 0) {
        this.#recent.put(name, true)
      } else {
        // It may be valid later, as CometBFT sees it.
        this.#recent.delete(name)
      }
    })
    this.#fresh = new Set()
    this.#cut.clear()
    this.#waiting.rank()
    this.#refreshBest({ txs: this.#limits.recheckTxs, bytes: PROPOSAL_LIMITS.bytes })
  }

  /** Drops everything that waits. */
  clear(): void {
    for (const { name } of this.#waiting.all()) {
      this.#recent.delete(name)
    }
    this.#waiting.clear()
    this.#fresh = new Set()
  }

  #offer(name: string, tx: Uint8Array): TxResult {
    const arriving = this.#read(name, tx)
    const refused = arriving === undefined ? undefined : this.#refuseUnseen(arriving)
    if (refused !== undefined) {
      return refused
    }
    if (arriving !== undefined) {
      this.#refresh(this.#waiting.ofSigner(arriving.signer))
    }
    const result = this.#check(tx, false)
    if (result.code === 0 && arriving !== undefined) {
      return this.#admit({ ...arriving, lane: laneOf(result) }, result)
    }
    if (result.codespace === 'sdk' && FOREVER_BAD.includes(result.code)) {
      this.#bad.put(name, result)
    }
    return result
  }

  /** Undefined where it cannot be decoded: checkTx says why. */
  #read(name: string, tx: Uint8Array): Arriving | undefined {
    try {
      const { signer, feeAmount, messages } = decodeTx(tx)
      this.#arrivals += 1
      const lane = messages.every(isDuty) ? HIGHEST_LANE : 0
      return { name, tx, signer, fee: feeAmount, arrival: this.#arrivals, lane }
    } catch {
      return undefined
    }
  }

  /** Without a look at its signature, so for whom it claims to be. What is counted are transactions that passed `checkTx`. */
  #refuseUnseen(arriving: Arriving): TxResult | undefined {
    const { signer } = arriving
    if (this.#waiting.ofSigner(signer).length >= this.#limits.perSigner) {
      return refusal(CODE_MEMPOOL_FULL, `mempool is full: ${this.#limits.perSigner} transactions of this signer wait`)
    }
    if (this.#cut.has(signer) || this.#waiting.victimsFor(this.#waiting.rankOf(arriving)) === undefined) {
      return refusal(CODE_MEMPOOL_FULL, 'mempool is full')
    }
    return undefined
  }

  #admit(arriving: Arriving, result: TxResult): TxResult {
    const entry = this.#waiting.rankOf(arriving)
    const victims = this.#waiting.victimsFor(entry)
    if (victims === undefined) {
      this.#cut.add(entry.signer)
      return refusal(CODE_MEMPOOL_FULL, 'mempool is full')
    }
    for (const victim of victims) {
      this.#cut.add(victim.signer)
      this.#drop(victim)
    }
    this.#recent.put(entry.name, true)
    this.#fresh.add(entry.name)
    this.#waiting.add(entry)
    return result
  }

  /** Makes the best that wait, as many as have room, fresh; what no longer holds is dropped and others come in its place. */
  #refreshBest(room: Room): void {
    for (let round = 0; round < RECHECK_ROUNDS; round++) {
      if (this.#refresh(this.#waiting.choose(room)) === 0) {
        return
      }
    }
  }

  /** Checks again what was not since the newest block, in this order. Returns how many no longer held. */
  #refresh(entries: readonly Waiting[]): number {
    const stale = entries.filter(({ name }) => !this.#fresh.has(name))
    const gone = stale.filter((entry) => {
      const holds = this.#check(entry.tx, true).code === 0
      if (holds) {
        this.#fresh.add(entry.name)
      }
      return !holds
    })
    for (const entry of gone) {
      this.#drop(entry)
    }
    return gone.length
  }

  #drop({ name }: Waiting): void {
    this.#waiting.remove(name)
    this.#recent.delete(name)
  }

  #check(tx: Uint8Array, recheck: boolean): TxResult {
    try {
      return this.#components.application.checkTx(tx, { recheck })
    } catch (error) {
      // No message may stop a node: a throw here is a defect of the state machine, and the transaction is refused.
      this.#components.logger.log('error', 'checkTx threw', { error: errorMessage(error), hash: toHex(hashTx(tx)) })
      return refusal(CODE_INTERNAL, 'internal error')
    }
  }
}

function laneOf({ priority }: TxResult): Lane {
  return priority === 2 || priority === 1 ? priority : 0
}

function refusal(code: number, log: string): TxResult {
  return { code, codespace: 'sdk', log, data: new Uint8Array(0), gasWanted: 0n, gasUsed: 0n, events: [] }
}
