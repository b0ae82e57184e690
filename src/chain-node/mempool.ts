/**
 * Transactions that wait for a block: first come first served while there is room for all, else shared out fairly
 * (mempool-share.ts), because duties are free and have deadlines. Everything is bounded: how many, how many bytes, how many of
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
import type { Waiting } from './mempool-share.ts'
import { chooseFairly, costOfNext, costsOf, HIGHEST_PRIORITY } from './mempool-share.ts'

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

export class Mempool {
  readonly #components: Components
  readonly #limits: MempoolLimits
  readonly #entries = new Map<string, Waiting>()
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
    if (this.#victimsFor({ tx, signer, priority: HIGHEST_PRIORITY }) === undefined) {
      return { kind: 'checked', hash, result: refusal(CODE_MEMPOOL_FULL, 'mempool is full') }
    }
    if ((this.#perSigner.get(signer) ?? 0) >= this.#limits.perSigner) {
      const log = `mempool is full: ${this.#limits.perSigner} transactions of this signer wait`
      return { kind: 'checked', hash, result: refusal(CODE_MEMPOOL_FULL, log) }
    }
    const result = this.#check(tx, false)
    return { kind: 'checked', hash, result: result.code === 0 ? this.#admit(name, tx, signer, result) : result }
  }

  /** What the next block takes, in the order of arrival. They stay until `update` hears of them. */
  reap(maxTxs: number, maxBytes: number): Uint8Array[] {
    return chooseFairly([...this.#entries.values()], maxTxs, maxBytes).map(({ tx }) => tx)
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

  #admit(name: string, tx: Uint8Array, signer: string, result: TxResult): TxResult {
    const entry: Waiting = { tx, signer, priority: result.priority ?? 0 }
    const victims = this.#victimsFor(entry)
    if (victims === undefined) {
      return refusal(CODE_MEMPOOL_FULL, 'mempool is full')
    }
    for (const victim of victims) {
      this.#remove(victim)
      this.#recent.delete(victim)
    }
    this.#remember(name)
    this.#insert(name, entry)
    return result
  }

  /** Who makes room for this transaction: the dearest that wait, as long as they are dearer. Undefined where that is not enough. */
  #victimsFor(entry: Waiting): string[] | undefined {
    let missingTxs = this.#entries.size + 1 - this.#limits.txs
    let missingBytes = this.#sizeBytes + entry.tx.length - this.#limits.bytes
    if (missingTxs <= 0 && missingBytes <= 0) {
      return []
    }
    const waiting = [...this.#entries]
    const costs = costsOf(waiting.map(([, one]) => one))
    const cost = costOfNext(
      waiting.map(([, one]) => one),
      entry,
    )
    const dearest = waiting
      .map(([name, one], at) => ({ name, bytes: one.tx.length, cost: costs[at] ?? 0 }))
      .filter((one) => one.cost > cost)
      .sort((a, b) => b.cost - a.cost)
    const victims: string[] = []
    for (const { name, bytes } of dearest) {
      if (missingTxs <= 0 && missingBytes <= 0) {
        break
      }
      victims.push(name)
      missingTxs -= 1
      missingBytes -= bytes
    }
    return missingTxs <= 0 && missingBytes <= 0 ? victims : undefined
  }

  #insert(name: string, entry: Waiting): void {
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
