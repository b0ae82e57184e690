import type { DatabaseSync } from 'node:sqlite'
import { STATE_TABLE } from './state-table.ts'

/** Raised with every change of the tables below; an older or newer store is refused, not guessed at. */
export const SCHEMA_VERSION = 1

/** Creates what is missing; a store of this version is left as it is. */
export function createSchema(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS blocks (
      height INTEGER PRIMARY KEY,
      time_ms INTEGER NOT NULL,
      hash BLOB NOT NULL,
      last_block_hash BLOB NOT NULL,
      data_hash BLOB NOT NULL,
      prior_app_hash BLOB NOT NULL,
      last_results_hash BLOB NOT NULL,
      validators_hash BLOB NOT NULL,
      proposer BLOB NOT NULL,
      app_hash BLOB NOT NULL,
      events TEXT NOT NULL,
      tx_count INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS txs (
      height INTEGER NOT NULL,
      tx_index INTEGER NOT NULL,
      hash BLOB NOT NULL,
      tx BLOB NOT NULL,
      result TEXT NOT NULL,
      PRIMARY KEY (height, tx_index)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS txs_by_hash ON txs (hash);
    CREATE TABLE IF NOT EXISTS tx_events (
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      height INTEGER NOT NULL,
      tx_index INTEGER NOT NULL,
      PRIMARY KEY (key, value, height, tx_index)
    ) STRICT, WITHOUT ROWID;
    ${STATE_TABLE}
  `)
}
