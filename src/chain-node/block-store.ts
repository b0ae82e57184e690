/**
 * The node's embedded database (node:sqlite, one file): blocks, the index of transactions and the state's keys.
 * Invariant: a block, its index rows and the state changes it made are written in ONE transaction, flushed before anybody
 * hears of the block; so a kill at any moment leaves the state of some block h together with the blocks 1 … h.
 * Nothing is ever deleted: a public network will need bounded retention, a local one is reset. Writers beside this process
 * are shut out by SQLite's exclusive lock. Read next: tx-search.ts, embedded-engine.ts (the only writer).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { StateChange, TxResult } from '../chain/application.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { CommittedBlock } from './block.ts'
import { hashTx } from './block.ts'
import type { BlockMeta, Row, StoredTx } from './block-rows.ts'
import { asBytes, asNumber, headerFromRow, txFromRow } from './block-rows.ts'
import { createSchema, SCHEMA_VERSION } from './block-schema.ts'
import { INDEX_LIMITS } from './limits.ts'
import { guardStore, openExclusively } from './sqlite-errors.ts'
import { inTransaction, StateTable } from './state-table.ts'
import { decodeEvents, encodeEvents, encodeResult } from './stored-result.ts'
import type { TxSearch, TxSearchResult } from './tx-search.ts'
import { searchTxs } from './tx-search.ts'

interface Identity {
  readonly chainId: string
  /** 32 bytes; a store serves one genesis. */
  readonly genesisHash: Uint8Array
}

/** @throws CodedError `store_in_use`, `store_damaged`, `store_version`, `genesis_mismatch`, `store_failed` */
export function openBlockStore(path: string, identity: Identity): BlockStore {
  const database = openExclusively(path, {
    createTables: createSchema,
    checkIdentity: (opened) => checkIdentity(opened, identity),
  })
  return new BlockStore(database, path, identity.chainId)
}

export class BlockStore {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #chainId: string
  readonly #state: StateTable
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync, path: string, chainId: string) {
    this.#database = database
    this.#state = new StateTable(database)
    this.#path = path
    this.#chainId = chainId
  }

  /** 0 before the first block. */
  height(): number {
    const row = this.#get('SELECT max(height) AS height FROM blocks')
    return typeof row?.height === 'number' ? row.height : 0
  }

  /** App hash after the newest block, or after the genesis; undefined before the genesis was stored. */
  appHash(): Uint8Array | undefined {
    const row =
      this.#get('SELECT app_hash AS hash FROM blocks ORDER BY height DESC LIMIT 1') ??
      this.#get("SELECT value AS hash FROM meta WHERE key = 'genesis_app_hash'")
    return row === undefined ? undefined : asBytes(row.hash)
  }

  /** The whole state in key order. */
  stateEntries(): Generator<readonly [Uint8Array, Uint8Array]> {
    return this.#state.entries()
  }

  commitGenesis(appHash: Uint8Array, changes: readonly StateChange[]): void {
    this.#transaction(() => {
      this.#statement("INSERT INTO meta (key, value) VALUES ('genesis_app_hash', ?)").run(appHash)
      this.#state.apply(changes)
    })
  }

  /** Block, index and state changes in one transaction; on disk when this returns. @throws CodedError `store_failed` */
  commitBlock(block: CommittedBlock, changes: readonly StateChange[]): void {
    this.#transaction(() => {
      this.#insertBlock(block)
      block.txs.forEach((tx, index) => {
        this.#insertTx(block.header.height, index, tx, block.results[index] as TxResult)
      })
      this.#state.apply(changes)
    })
  }

  block(height: number): CommittedBlock | undefined {
    const row = this.#get('SELECT * FROM blocks WHERE height = ?', height)
    if (row === undefined) {
      return undefined
    }
    const txs = this.#statement('SELECT * FROM txs WHERE height = ? ORDER BY tx_index').all(height).map(txFromRow)
    return {
      header: headerFromRow(row, this.#chainId),
      hash: asBytes(row.hash),
      txs: txs.map((entry) => entry.tx),
      results: txs.map((entry) => entry.result),
      events: decodeEvents(String(row.events)),
      appHash: asBytes(row.app_hash),
    }
  }

  /** Newest first, from `maxHeight` down to `minHeight`. */
  blockMetas(minHeight: number, maxHeight: number, limit: number): BlockMeta[] {
    const sql = 'SELECT * FROM blocks WHERE height BETWEEN ? AND ? ORDER BY height DESC LIMIT ?'
    return this.#statement(sql)
      .all(minHeight, maxHeight, limit)
      .map((row) => ({
        header: headerFromRow(row, this.#chainId),
        hash: asBytes(row.hash),
        txCount: asNumber(row.tx_count),
        sizeBytes: asNumber(row.size_bytes),
        appHash: asBytes(row.app_hash),
      }))
  }

  tx(hash: Uint8Array): StoredTx | undefined {
    const row = this.#get('SELECT * FROM txs WHERE hash = ? ORDER BY height DESC LIMIT 1', hash)
    return row === undefined ? undefined : txFromRow(row)
  }

  search(search: TxSearch): TxSearchResult & { readonly txs: readonly StoredTx[] } {
    const found = searchTxs((sql) => this.#statement(sql), search)
    const sql = 'SELECT * FROM txs WHERE height = ? AND tx_index = ?'
    const txs = found.positions.map(({ height, index }) => txFromRow(this.#get(sql, height, index) ?? {}))
    return { ...found, txs }
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) {
      this.#database.close()
    }
  }

  #insertBlock(block: CommittedBlock): void {
    const { header } = block
    const sizeBytes = block.txs.reduce((sum, tx) => sum + tx.length, 0)
    this.#statement(
      `INSERT INTO blocks (height, time_ms, hash, last_block_hash, data_hash, prior_app_hash, last_results_hash,
        validators_hash, proposer, app_hash, events, tx_count, size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      header.height,
      header.timeMs,
      block.hash,
      header.lastBlockHash,
      header.dataHash,
      header.appHash,
      header.lastResultsHash,
      header.validatorsHash,
      header.proposer,
      block.appHash,
      encodeEvents(block.events),
      block.txs.length,
      sizeBytes,
    )
  }

  #insertTx(height: number, index: number, tx: Uint8Array, result: TxResult): void {
    this.#statement('INSERT INTO txs (height, tx_index, hash, tx, result) VALUES (?, ?, ?, ?, ?)').run(
      height,
      index,
      hashTx(tx),
      tx,
      encodeResult(result),
    )
    const insert = this.#statement('INSERT OR IGNORE INTO tx_events (key, value, height, tx_index) VALUES (?, ?, ?, ?)')
    const attributes = result.events.flatMap((event) =>
      event.attributes.map(({ key, value }) => ({ key: `${event.type}.${key}`, value })),
    )
    for (const { key, value } of attributes.slice(0, INDEX_LIMITS.attributes)) {
      if (value.length <= INDEX_LIMITS.valueCharacters) {
        insert.run(key, value, height, index)
      }
    }
  }

  #transaction(write: () => void): void {
    guardStore(this.#path, () => inTransaction(this.#database, write))
  }

  #get(sql: string, ...parameters: (number | Uint8Array)[]): Row | undefined {
    return this.#statement(sql).get(...parameters)
  }

  /** Prepared once; the set of texts is that of this file and of tx-search.ts, which is small. */
  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) {
      return known
    }
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

function checkIdentity(database: DatabaseSync, identity: Identity): void {
  const version = readMeta(database, 'schema_version')
  if (version !== undefined && asNumber(version) !== SCHEMA_VERSION) {
    throw new CodedError(
      'store_version',
      `the block store has schema ${version}, this program reads ${SCHEMA_VERSION}`,
      {
        fields: { found: asNumber(version), expected: SCHEMA_VERSION },
      },
    )
  }
  const stored = readMeta(database, 'genesis_hash')
  if (stored === undefined) {
    const insert = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
    database.exec('BEGIN IMMEDIATE')
    insert.run('schema_version', SCHEMA_VERSION)
    insert.run('genesis_hash', identity.genesisHash)
    database.exec('COMMIT')
    return
  }
  if (!equalBytes(asBytes(stored), identity.genesisHash)) {
    const fields = { stored: toHex(asBytes(stored)), given: toHex(identity.genesisHash) }
    throw new CodedError('genesis_mismatch', `the store belongs to genesis ${fields.stored}, not to ${fields.given}`, {
      fields,
    })
  }
}

function readMeta(database: DatabaseSync, key: string): unknown {
  return database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value
}
