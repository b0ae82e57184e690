/** The committed state as a table of a node's database: both engines keep it alike, and only within their own transaction. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { StateChange } from '../chain/application.ts'
import { asBytes } from './block-rows.ts'

export const STATE_TABLE =
  'CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;'

export class StateTable {
  readonly #database: DatabaseSync
  #put: StatementSync | undefined
  #remove: StatementSync | undefined

  /** The table need not be there before the first call. */
  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** The whole state in key order. */
  *entries(): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const row of this.#database.prepare('SELECT key, value FROM state ORDER BY key').iterate()) {
      yield [asBytes(row.key), asBytes(row.value)]
    }
  }

  apply(changes: Iterable<StateChange>): void {
    this.#put ??= this.#database.prepare('INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)')
    this.#remove ??= this.#database.prepare('DELETE FROM state WHERE key = ?')
    for (const { key, value } of changes) {
      if (value === undefined) {
        this.#remove.run(key)
      } else {
        this.#put.run(key, value)
      }
    }
  }

  /** Instead of everything that was there. */
  replace(entries: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    this.#database.exec('DELETE FROM state')
    const put = this.#database.prepare('INSERT INTO state (key, value) VALUES (?, ?)')
    for (const [key, value] of entries) {
      put.run(key, value)
    }
  }
}

/** All that `write` does, or nothing. */
export function inTransaction(database: DatabaseSync, write: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    write()
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) {
      database.exec('ROLLBACK')
    }
    throw error
  }
}
