/**
 * What the application keeps beside CometBFT, which keeps the blocks: the committed state with its height and app hash
 * (node:sqlite, one file). Invariant: state, height and app hash change in ONE transaction, on disk before CometBFT hears of
 * the commit; a kill at any moment leaves the state of a whole block, and CometBFT replays what is missing.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { StateChange } from '../../chain/application.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { asBytes, asNumber } from '../block-rows.ts'
import { guardStore, openExclusively } from '../sqlite-errors.ts'
import { inTransaction, STATE_TABLE, StateTable } from '../state-table.ts'

/** Raised with every change of the tables; an older or newer store is refused, not guessed at. */
const SCHEMA_VERSION = 1

/** The last commit. */
export interface AppTip {
  readonly height: bigint
  readonly appHash: Uint8Array
}

export class AppStore {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #state: StateTable

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
    this.#state = new StateTable(database)
  }

  /** Undefined before the first commit. */
  tip(): AppTip | undefined {
    const height = this.#meta('height')
    return height === undefined
      ? undefined
      : { height: BigInt(asNumber(height)), appHash: asBytes(this.#meta('app_hash')) }
  }

  /** The whole state in key order. */
  stateEntries(): Generator<readonly [Uint8Array, Uint8Array]> {
    return this.#state.entries()
  }

  /** On disk when this returns. @throws CodedError `store_full`, `store_failed`; then nothing was written. */
  commit(tip: AppTip, changes: Iterable<StateChange>): void {
    this.#write(tip, () => this.#state.apply(changes))
  }

  /** The state of a snapshot instead of what was there. @throws CodedError as `commit` */
  replace(tip: AppTip, entries: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    this.#write(tip, () => this.#state.replace(entries))
  }

  close(): void {
    if (this.#database.isOpen) {
      this.#database.close()
    }
  }

  #write({ height, appHash }: AppTip, write: () => void): void {
    guardStore(this.#path, () =>
      inTransaction(this.#database, () => {
        write()
        setMeta(this.#database, 'height', Number(height))
        setMeta(this.#database, 'app_hash', appHash)
      }),
    )
  }

  #meta(key: string): unknown {
    return readMeta(this.#database, key)
  }
}

/** @throws CodedError `store_in_use`, `store_damaged`, `store_version`, `genesis_mismatch`, `store_failed` */
export function openAppStore(path: string, genesisHash: Uint8Array): AppStore {
  const database = openExclusively(path, {
    createTables(opened) {
      opened.exec('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID')
      opened.exec(STATE_TABLE)
    },
    checkIdentity: (opened) => checkIdentity(opened, genesisHash),
  })
  return new AppStore(database, path)
}

function checkIdentity(database: DatabaseSync, genesisHash: Uint8Array): void {
  const version = readMeta(database, 'schema_version')
  if (version === undefined) {
    inTransaction(database, () => {
      setMeta(database, 'schema_version', SCHEMA_VERSION)
      setMeta(database, 'genesis_hash', genesisHash)
    })
    return
  }
  if (asNumber(version) !== SCHEMA_VERSION) {
    throw new CodedError('store_version', `the store has schema ${version}, this program reads ${SCHEMA_VERSION}`, {
      fields: { found: asNumber(version), expected: SCHEMA_VERSION },
    })
  }
  const stored = asBytes(readMeta(database, 'genesis_hash'))
  if (!equalBytes(stored, genesisHash)) {
    const fields = { stored: toHex(stored), given: toHex(genesisHash) }
    throw new CodedError('genesis_mismatch', `the store belongs to genesis ${fields.stored}, not to ${fields.given}`, {
      fields,
    })
  }
}

function readMeta(database: DatabaseSync, key: string): unknown {
  return database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value
}

function setMeta(database: DatabaseSync, key: string, value: number | Uint8Array): void {
  database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value)
}
