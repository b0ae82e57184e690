/** One private SQLite file of one process: exclusive, write-ahead log, flushed at each commit, with a schema version. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { DatabaseSync } from 'node:sqlite'
import { guardStore } from '../chain-node/sqlite-errors.ts'
import { CodedError } from '../lib/coded-error.ts'

export type SqlRow = Record<string, SQLOutputValue>

export interface SqliteFileOptions {
  readonly version: number
  readonly schema: string
  /** Hears of every failure of the file, beside whoever asked. */
  readonly onFault?: (error: unknown) => void
}

export class SqliteFile {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, StatementSync>()
  readonly #onFault: (error: unknown) => void

  /** @throws CodedError `store_in_use`, `store_damaged`, `store_version`, `store_full`, `store_failed` */
  constructor(path: string, options: SqliteFileOptions) {
    this.#path = path
    this.#onFault = options.onFault ?? (() => undefined)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#database = guardStore(path, () => new DatabaseSync(path))
    try {
      guardStore(path, () => {
        // Exclusive before WAL: the lock is the process's own and dies with it, and no shared-memory file is needed.
        this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
        this.#database.exec('PRAGMA trusted_schema = OFF')
      })
      this.transaction(() => this.#createSchema(options.version, options.schema))
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** All or nothing; on disk when it returns. @throws CodedError `store_full`, `store_failed`, or what `action` throws */
  transaction<T>(action: () => T): T {
    this.#guard(() => this.#database.exec('BEGIN IMMEDIATE'))
    try {
      const result = action()
      this.#guard(() => this.#database.exec('COMMIT'))
      return result
    } catch (error) {
      // A full disk may have ended the transaction already; the first failure is the one to tell.
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK')
      }
      throw error
    }
  }

  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#guard(() => this.#statement(sql).run(...values)).changes)
  }

  /** Integers arrive as bigint. */
  get(sql: string, ...values: readonly SQLInputValue[]): SqlRow | undefined {
    return this.#guard(() => this.#statement(sql).get(...values))
  }

  all(sql: string, ...values: readonly SQLInputValue[]): SqlRow[] {
    return this.#guard(() => this.#statement(sql).all(...values))
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #guard<T>(action: () => T): T {
    try {
      return guardStore(this.#path, action)
    } catch (error) {
      this.#onFault(error)
      throw error
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) {
      return known
    }
    const statement = this.#database.prepare(sql)
    statement.setReadBigInts(true)
    this.#statements.set(sql, statement)
    return statement
  }

  #createSchema(version: number, schema: string): void {
    const present = Number(this.get('PRAGMA user_version')?.user_version ?? 0)
    if (present === version) {
      return
    }
    if (present !== 0) {
      throw new CodedError('store_version', `${this.#path} was written by another version of this software`, {
        fields: { path: this.#path, version: present },
      })
    }
    this.#database.exec(schema)
    this.#database.exec(`PRAGMA user_version = ${version}`)
  }
}

/** @throws CodedError `store_damaged` where a column does not hold what the schema says. */
export function bytesOf(value: SQLOutputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) {
    return value
  }
  throw new CodedError('store_damaged', 'a column holds no bytes')
}

/** @throws CodedError `store_damaged` */
export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value === 'string') {
    return value
  }
  throw new CodedError('store_damaged', 'a column holds no text')
}

/** @throws CodedError `store_damaged` */
export function integerOf(value: SQLOutputValue | undefined): bigint {
  if (typeof value === 'bigint') {
    return value
  }
  throw new CodedError('store_damaged', 'a column holds no integer')
}
