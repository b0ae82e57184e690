/**
 * A node of one account behind a `fetch`, for tests of the client: mempool, blocks on a virtual clock, and faults that a real
 * node shows only by accident: answers that get lost, a restart that forgets the mempool, somebody else who uses the account.
 */

import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { toHex } from '../../../src/lib/bytes.ts'
import type { Clock } from '../../../src/lib/runtime.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { decodeTx } from '../../../src/protocol/tx.ts'

/** `lost`: done, but the answer does not arrive. `down`: nothing happens and no answer arrives. */
export type Fault = 'none' | 'lost' | 'down'

export interface Refusal {
  readonly code: number
  readonly codespace: string
}

interface Waiting {
  readonly tx: Uint8Array
  readonly hash: string
  readonly sequence: bigint
}

interface Call {
  readonly id: unknown
  readonly method: string
  readonly params: Readonly<Record<string, string>>
}

export class ScriptedNode {
  chainId = 'tailrace-local-1'
  /** The fault of each coming call; none when it is empty. */
  readonly faults: Fault[] = []
  /** Refusals of the coming broadcasts, before any look at the transaction: a verdict, or the text of an error. */
  readonly refusals: (Refusal | string)[] = []
  /** Has not made a block yet. */
  isEmpty = false
  /** Hash of each broadcast that reached the node, in order. */
  readonly broadcasts: string[] = []
  readonly calls: string[] = []
  /** Memos of the executed transactions, in order. */
  readonly executed: string[] = []
  /** False: blocks are made, but the index does not learn of them, as after a crash of a node that writes it beside the chain. */
  isIndexing = true
  readonly #included = new Map<string, number>()
  readonly #blocks = new Map<number, readonly Uint8Array[]>()
  #mempool: Waiting[] = []
  #sequence = 0n
  #height = 1

  readonly fetch: typeof fetch = async (_url, init) => {
    const call = JSON.parse(String(init?.body)) as Call
    this.calls.push(call.method)
    const fault = this.faults.shift() ?? 'none'
    if (fault === 'down') {
      throw new TypeError('fetch failed')
    }
    const answer = this.#answer(call)
    if (fault === 'lost') {
      throw new TypeError('fetch failed')
    }
    return new Response(JSON.stringify({ jsonrpc: '2.0', id: call.id, ...answer }))
  }

  /** Makes a block each `intervalMs` until the signal aborts. */
  async run(clock: Clock, intervalMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(intervalMs, signal).catch(() => undefined)
      this.makeBlock()
    }
  }

  makeBlock(): void {
    this.#height += 1
    const txs: Uint8Array[] = [Uint8Array.of(0)]
    for (const { tx, hash, sequence } of this.#mempool) {
      if (sequence === this.#sequence) {
        this.#sequence += 1n
        txs.push(tx)
        if (this.isIndexing) {
          this.#included.set(hash, this.#height)
        }
        this.executed.push(memoOf(tx))
      }
    }
    this.#blocks.set(this.#height, txs)
    this.#mempool = []
  }

  /** Restarts: what waited is forgotten. */
  forgetMempool(): void {
    this.#mempool = []
  }

  /** Another program of the same owner gets a transaction into a block; what waited with its sequence is dropped. */
  spendSequenceElsewhere(): void {
    this.#sequence += 1n
    this.#mempool = []
  }

  #answer({ method, params }: Call): { result: unknown } | { error: unknown } {
    switch (method) {
      case 'status':
        return { result: this.#status() }
      case 'abci_query':
        return { result: { response: { code: 0, log: '', value: this.#account(), height: String(this.#height) } } }
      case 'tx_search':
        return { result: this.#search(params.query ?? '') }
      case 'blockchain':
        return { result: this.#metas(Number(params.minHeight), Number(params.maxHeight)) }
      case 'block':
        return { result: this.#block(Number(params.height)) }
      case 'block_results':
        return { result: this.#results(Number(params.height)) }
      case 'broadcast_tx_sync':
        return this.#broadcast(new Uint8Array(Buffer.from(params.tx ?? '', 'base64')))
      default:
        return { error: { code: -32601, message: 'Method not found', data: method } }
    }
  }

  #broadcast(tx: Uint8Array): { result: unknown } | { error: unknown } {
    const hash = toHex(sha256(tx)).toUpperCase()
    this.broadcasts.push(hash)
    const verdict = ({ code, codespace }: Refusal) => ({ result: { code, codespace, data: '', log: '', hash } })
    const refusal = this.refusals.shift()
    if (refusal !== undefined) {
      return typeof refusal === 'string'
        ? { error: { code: -32603, message: 'Internal error', data: refusal } }
        : verdict(refusal)
    }
    if (this.#mempool.some((waiting) => waiting.hash === hash)) {
      return { error: { code: -32603, message: 'Internal error', data: 'tx already exists in cache' } }
    }
    const { sequence, timeoutHeight } = decodeTx(tx)
    if (timeoutHeight > 0n && timeoutHeight <= BigInt(this.#height)) {
      return verdict({ code: 30, codespace: 'sdk' })
    }
    if (sequence !== this.#sequence + BigInt(this.#mempool.length)) {
      return verdict({ code: 32, codespace: 'sdk' })
    }
    this.#mempool.push({ tx, hash, sequence })
    return verdict({ code: 0, codespace: '' })
  }

  #search(query: string): unknown {
    const hash = /^tx\.hash='([0-9A-F]{64})'$/.exec(query)?.[1] ?? ''
    const height = this.#included.get(hash)
    const txs = [
      {
        hash,
        height: String(height),
        index: 1,
        tx: 'AAAA',
        tx_result: { code: 0, data: '', log: '', gas_wanted: '0', gas_used: '0', events: [], codespace: '' },
      },
    ]
    return height === undefined ? { txs: [], total_count: '0' } : { txs, total_count: '1' }
  }

  #metas(from: number, to: number): unknown {
    const heights = Array.from({ length: to - from + 1 }, (_, index) => to - index)
    const metas = heights.map((height) => ({
      block_id: BLOCK_ID,
      block_size: '1',
      header: headerOf(height),
      num_txs: String(this.#blocks.get(height)?.length ?? 1),
    }))
    return { last_height: String(this.#height), block_metas: metas }
  }

  #block(height: number): unknown {
    const txs = (this.#blocks.get(height) ?? []).map((tx) => Buffer.from(tx).toString('base64'))
    const last_commit = { height: '0', round: 0, block_id: BLOCK_ID, signatures: [] }
    return {
      block_id: BLOCK_ID,
      block: { header: headerOf(height), data: { txs }, evidence: { evidence: [] }, last_commit },
    }
  }

  #results(height: number): unknown {
    const result = { code: 0, data: null, log: '', gas_wanted: '0', gas_used: '0', events: null, codespace: '' }
    const txs_results = (this.#blocks.get(height) ?? []).map(() => result)
    return { height: String(height), txs_results, finalize_block_events: null, validator_updates: null }
  }

  #account(): string {
    const account = BaseAccount.fromPartial({ address: 'tail1', accountNumber: 0n, sequence: this.#sequence })
    const value = BaseAccount.encode(account).finish()
    const answer = { account: { typeUrl: '/cosmos.auth.v1beta1.BaseAccount', value } }
    return Buffer.from(QueryAccountResponse.encode(answer).finish()).toString('base64')
  }

  #status(): unknown {
    const hash = 'AB'.repeat(32)
    return {
      node_info: {
        id: 'ab'.repeat(20),
        listen_addr: 'none',
        network: this.chainId,
        version: '0.38.17',
        channels: '',
        moniker: 'scripted',
        other: {},
        protocol_version: { p2p: '8', block: '11', app: '1' },
      },
      sync_info: {
        latest_block_hash: this.isEmpty ? '' : hash,
        latest_app_hash: this.isEmpty ? '' : hash,
        latest_block_height: this.isEmpty ? '0' : String(this.#height),
        latest_block_time: this.isEmpty
          ? '0001-01-01T00:00:00Z'
          : new Date(1_700_000_000_000 + 1_000 * this.#height).toISOString(),
        catching_up: false,
      },
      validator_info: {
        address: 'AB'.repeat(20),
        pub_key: { type: 'tendermint/PubKeyEd25519', value: Buffer.alloc(32).toString('base64') },
        voting_power: '1',
      },
    }
  }
}

const HASH = 'AB'.repeat(32)
const BLOCK_ID = { hash: HASH, parts: { total: 1, hash: HASH } }

function headerOf(height: number): unknown {
  return {
    version: { block: '11', app: '1' },
    chain_id: 'tailrace-local-1',
    height: String(height),
    time: new Date(1_700_000_000_000 + 1_000 * height).toISOString(),
    last_block_id: BLOCK_ID,
    last_commit_hash: HASH,
    data_hash: HASH,
    validators_hash: HASH,
    next_validators_hash: HASH,
    consensus_hash: HASH,
    app_hash: HASH,
    last_results_hash: HASH,
    evidence_hash: HASH,
    proposer_address: 'AB'.repeat(20),
  }
}

function memoOf(tx: Uint8Array): string {
  // The memo is the last text of the body that the tests set: a short word between these marks.
  return /<([^>]*)>/.exec(Buffer.from(tx).toString('latin1'))?.[1] ?? ''
}
