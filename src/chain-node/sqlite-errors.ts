import { DatabaseSync } from 'node:sqlite'
import { CodedError, errorMessage } from '../lib/coded-error.ts'

// SQLite's result codes (sqlite.org/rescode.html), primary code in the low byte.
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26
// What a failed write, flush or truncation says, a quota's end among them (SQLITE_IOERR with its detail).
const WRITE_FAILURES: readonly number[] = [778, 1034, 1290, 1546]

/**
 * Runs `action` on the database at `path`.
 * @throws CodedError `store_in_use`, `store_damaged`, `store_full` (nothing more can be written, for now), `store_failed`
 */
export function guardStore<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const number = (cause as { errcode?: unknown }).errcode
    const primary = typeof number === 'number' ? number & 0xff : 0
    const fields = { path }
    if (primary === SQLITE_FULL || primary === SQLITE_READONLY || WRITE_FAILURES.includes(Number(number))) {
      throw new CodedError('store_full', `${path} cannot be written: ${errorMessage(cause)}`, { fields, cause })
    }
    if (primary === SQLITE_BUSY) {
      throw new CodedError('store_in_use', `another process uses ${path}`, { fields, cause })
    }
    if (primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB) {
      throw new CodedError('store_damaged', `${path} is damaged`, { fields, cause })
    }
    throw new CodedError('store_failed', `${path}: ${errorMessage(cause)}`, { fields, cause })
  }
}

/** What a node keeps in one file: its tables, and whether what the file holds is this node's. */
interface DatabaseParts {
  createTables(database: DatabaseSync): void
  /** @throws CodedError where it is another's */
  checkIdentity(database: DatabaseSync): void
}

/**
 * A database that this process alone may open, each transaction of which is on disk when it returns.
 * @throws CodedError `store_in_use`, `store_damaged`, `store_failed`, and those of `checkIdentity`
 */
export function openExclusively(path: string, { createTables, checkIdentity }: DatabaseParts): DatabaseSync {
  const database = guardStore(path, () => new DatabaseSync(path))
  try {
    guardStore(path, () => {
      // Exclusive before WAL: the lock is the process's own and dies with it, and no shared-memory file is needed.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      database.exec('PRAGMA trusted_schema = OFF')
      database.exec('BEGIN EXCLUSIVE')
      createTables(database)
      database.exec('COMMIT')
    })
    checkIdentity(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
