import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { CodedError } from '../../lib/coded-error.ts'
import { guardStore } from '../sqlite-errors.ts'
import { inTransaction, STATE_TABLE, StateTable } from '../state-table.ts'
import type { StateEntry } from './snapshot-chunk.ts'

const SQLITE_CONSTRAINT = 19

/**
 * The state of a snapshot on its way in: a database of its own beside the one in use, so that nothing of a peer's touches that one
 * before it is proven, and a state larger than memory needs no memory. It is worth nothing after a kill: nothing is flushed.
 */
export class StagedState {
  readonly #path: string
  readonly #database: DatabaseSync

  /** Begins empty, whatever lay at `path`. @throws CodedError `store_full`, `store_in_use`, `store_failed` */
  constructor(path: string) {
    this.#path = path
    rmSync(path, { force: true })
    this.#database = guardStore(path, () => new DatabaseSync(path))
    guardStore(path, () => {
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF')
      this.#database.exec(STATE_TABLE)
    })
  }

  /** @throws CodedError `snapshot_damaged` for a key that is there already, `store_full`, `store_failed` */
  put(entries: readonly StateEntry[]): void {
    try {
      guardStore(this.#path, () => {
        const insert = this.#database.prepare('INSERT INTO state (key, value) VALUES (?, ?)')
        inTransaction(this.#database, () => {
          for (const [key, value] of entries) {
            insert.run(key, value)
          }
        })
      })
    } catch (error) {
      throw isDuplicate(error) ? new CodedError('snapshot_damaged', 'the snapshot has a key twice') : error
    }
  }

  /** In key order. */
  entries(): Iterable<StateEntry> {
    return new StateTable(this.#database).entries()
  }

  /** Takes it off the disk; may be called more than once. */
  discard(): void {
    if (this.#database.isOpen) {
      this.#database.close()
    }
    rmSync(this.#path, { force: true })
  }
}

function isDuplicate(error: unknown): boolean {
  const { cause } = error as { cause?: { errcode?: number } }
  return (cause?.errcode ?? 0) % 256 === SQLITE_CONSTRAINT
}
