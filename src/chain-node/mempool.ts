/**
 * Transactions that wait for a block, first come first served. Everything is bounded: how many, how many bytes, how many of
 * one signer, how many remembered hashes. Invariant: each waiting transaction passed `checkTx` after the newest block, in
 * this very order, so the state machine's view of sequences is that of the queue.
 */
import type { Application, TxResult } from '../chain/application.ts'
import { toHex } from '../lib/bytes.ts'
import { errorMessage } from '../lib/coded-error.ts'
import type { Logger } from '../lib/runtime.ts'
import { decodeTx, TX_LIMITS } from '../protocol/tx.ts'
import { hashTx } from './block.ts'
import type { MEMPOOL_LIMITS } from './limits.ts'

export type MempoolLimits = { readonly [Name in keyof typeof MEMPOOL_LIMITS]: number }

/** What became of an offered transaction. A non-zero code of `checked` is the state machine's refusal. */
export type AddOutcome =
  | { readonly kind: 'checked'; readonly hash: Uint8Array; readonly result: TxResult }
  | { readonly kind: 'duplicate'; readonly hash: Uint8Array }
  | { readonly kind: 'too_large'; readonly hash: Uint8Array }

interface Entry {
  readonly tx: Uint8Array
  readonly signer: string
}

interface Components {
  readonly application: Pick<Application, 'checkTx'>
  readonly logger: Logger
}

/** Numbers of the Cosmos SDK's `sdk` codespace. */
const CODE_MEMPOOL_FULL = 20
const CODE_INTERNAL = 1

export class Mempool {
  readonly #components: Components
  readonly #limits: MempoolLimits
  readonly #entries = new Map<string, Entry>()
  readonly #perSigner = new Map<string, number>()
  readonly #recent = new Set<string>()
  #sizeBytes = 0

  constructor(components: Components, limits: MempoolLimits) {
    this.#components = components
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Cheap refusals first; `checkTx` verifies a signature. */
  add(tx: Uint8Array): AddOutcome {
    const hash = hashTx(tx)
    if (tx.length > TX_LIMITS.bytes) {
      return { kind: 'too_large', hash }
    }
    const name = toHex(hash)
    if (this.#recent.has(name)) {
      return { kind: 'duplicate', hash }
    }
    const signer = signerOf(tx)
    if (this.#entries.size >= this.#limits.txs || this.#sizeBytes + tx.length > this.#limits.bytes) {
      return { kind: 'checked', hash, result: refusal(CODE_MEMPOOL_FULL, 'mempool is full') }
    }
    if ((this.#perSigner.get(signer) ?? 0) >= this.#limits.perSigner) {
      const log = `mempool is full: ${this.#limits.perSigner} transactions of this signer wait`
      return { kind: 'checked', hash, result: refusal(CODE_MEMPOOL_FULL, log) }
    }
    const result = this.#check(tx, false)
    if (result.code === 0) {
      this.#remember(name)
      this.#insert(name, { tx, signer })
    }
    return { kind: 'checked', hash, result }
  }

  /** The oldest that fit, in order. They stay until `update` hears of them. */
  reap(maxTxs: number, maxBytes: number): Uint8Array[] {
    const reaped: Uint8Array[] = []
    let bytes = 0
    for (const { tx } of this.#entries.values()) {
      if (reaped.length >= maxTxs || bytes + tx.length > maxBytes) {
        break
      }
      bytes += tx.length
      reaped.push(tx)
    }
    return reaped
  }

  /** After a commit: drops what the block holds and checks the rest again, in order, against the new state. */
  update(txs: readonly Uint8Array[], results: readonly TxResult[]): void {
    txs.forEach((tx, index) => {
      const name = toHex(hashTx(tx))
      this.#remove(name)
      if (results[index]?.code === 0) {
        this.#remember(name)
      } else {
        // It may be valid later, as CometBFT sees it.
        this.#recent.delete(name)
      }
    })
    for (const [name, { tx }] of [...this.#entries]) {
      if (this.#check(tx, true).code !== 0) {
        this.#remove(name)
        this.#recent.delete(name)
      }
    }
  }

  /** Drops everything that waits. */
  clear(): void {
    for (const name of this.#entries.keys()) {
      this.#recent.delete(name)
    }
    this.#entries.clear()
    this.#perSigner.clear()
    this.#sizeBytes = 0
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

  #insert(name: string, entry: Entry): void {
    this.#entries.set(name, entry)
    this.#perSigner.set(entry.signer, (this.#perSigner.get(entry.signer) ?? 0) + 1)
    this.#sizeBytes += entry.tx.length
  }

  #remove(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) {
      return
    }
    this.#entries.delete(name)
    this.#sizeBytes -= entry.tx.length
    const left = (this.#perSigner.get(entry.signer) ?? 0) - 1
    if (left > 0) {
      this.#perSigner.set(entry.signer, left)
    } else {
      this.#perSigner.delete(entry.signer)
    }
  }

  #remember(name: string): void {
    this.#recent.delete(name)
    this.#recent.add(name)
    if (this.#recent.size > this.#limits.recentHashes) {
      const [oldest] = this.#recent
      this.#recent.delete(oldest as string)
    }
  }
}

/** Counted only for transactions that pass `checkTx`, so nobody can use up another's share. */
function signerOf(tx: Uint8Array): string {
  try {
    return decodeTx(tx).signer
  } catch {
    // Not decodable: checkTx says why.
    return ''
  }
}

function refusal(code: number, log: string): TxResult {
  return { code, codespace: 'sdk', log, data: new Uint8Array(0), gasWanted: 0n, gasUsed: 0n, events: [] }
}
