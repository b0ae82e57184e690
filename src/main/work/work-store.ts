/**
 * The durable store of a host's paid work (node:sqlite, one file beside the keys). Invariant: each `put…` is one transaction,
 * flushed to the disk before its promise resolves; so a kill at any moment loses nothing that anybody was told, and leaves
 * nothing half. What others entrust to this host is bounded in bytes and rows; what is over is forgotten by `prune`.
 * Read next: work-rows.ts (tables and records), host/work/ports.ts (what is asked of it).
 */
import type { Job, KeptBatch, KeptOpening, OwnBatch, WorkStore } from '../../host/work/ports.ts'
import { toHex } from '../../lib/bytes.ts'
import { SignedOrder, SignedRefusal, WorkData } from '../../protocol/gen/tailrace/v1/work.ts'
import { orderHash } from '../../protocol/work/order.ts'
import { bytesOf, integerOf, SqliteFile, textOf } from '../sqlite-file.ts'
import type { Columns } from './work-rows.ts'
import {
  batchColumns,
  batchFromRow,
  jobColumns,
  jobFromRow,
  keptColumns,
  keptFromRow,
  WORK_SCHEMA,
  WORK_SCHEMA_VERSION,
} from './work-rows.ts'

export interface WorkStoreLimits {
  readonly keptRows: number
  readonly keptBytes: number
  /** Orders of others, and refusals: the oldest give way. */
  readonly notedRows: number
}

export interface WorkStoreFile extends WorkStore {
  close(): void
}

const LIMITS: WorkStoreLimits = { keptRows: 100_000, keptBytes: 512 * 1024 * 1024, notedRows: 200_000 }
/** Rows that give way at once, so that the count is not taken for each. */
const EVICTED_ROWS = 1_000
const COMMITMENTS = 256

/**
 * `onFault` hears of every failure of the file, beside whoever asked.
 * @throws CodedError `store_in_use`, `store_damaged`, `store_version`, `store_full`, `store_failed`
 */
export function openWorkStore(
  path: string,
  limits: WorkStoreLimits = LIMITS,
  onFault?: (error: unknown) => void,
): WorkStoreFile {
  const options = { version: WORK_SCHEMA_VERSION, schema: WORK_SCHEMA, ...(onFault && { onFault }) }
  return new SqliteWorkStore(new SqliteFile(path, options), limits)
}

class SqliteWorkStore implements WorkStoreFile {
  readonly #file: SqliteFile
  readonly #limits: WorkStoreLimits
  #kept: { rows: number; bytes: number }

  constructor(file: SqliteFile, limits: WorkStoreLimits) {
    this.#file = file
    this.#limits = limits
    this.#kept = this.#countKept()
  }

  async putJob(job: Job, data?: WorkData): Promise<void> {
    this.#file.transaction(() => {
      this.#upsert('jobs', 'order_hash', jobColumns(job))
      if (data !== undefined) {
        this.#upsert('job_data', 'order_hash', {
          order_hash: job.orderHash,
          data: WorkData.encode(data).finish(),
        })
      }
    })
  }

  async job(name: string): Promise<Job | undefined> {
    const row = this.#file.get('SELECT * FROM jobs WHERE order_hash = ?', name)
    return row === undefined ? undefined : jobFromRow(row)
  }

  async workData(name: string): Promise<WorkData | undefined> {
    const row = this.#file.get('SELECT data FROM job_data WHERE order_hash = ?', name)
    return row === undefined ? undefined : WorkData.decode(bytesOf(row.data))
  }

  async jobs(limit: number): Promise<readonly Job[]> {
    return this.#file.all('SELECT * FROM jobs ORDER BY position DESC LIMIT ?', limit).map(jobFromRow)
  }

  async openJobs(limit: number): Promise<readonly Job[]> {
    const sql = `SELECT * FROM jobs WHERE state IN ('running', 'delivered', 'countersigned') ORDER BY position LIMIT ?`
    return this.#file.all(sql, limit).map(jobFromRow)
  }

  async jobsOfBatch(root: string): Promise<readonly Job[]> {
    return this.#file.all('SELECT * FROM jobs WHERE root = ? ORDER BY leaf', root).map(jobFromRow)
  }

  async reachedSequence(payer: Uint8Array): Promise<bigint> {
    const sql = `SELECT max(reached) AS reached FROM jobs WHERE payer = ? AND state = 'batched'`
    return integerOf(this.#file.get(sql, payer)?.reached ?? 0n)
  }

  async putBatch(batch: OwnBatch, jobs: readonly Job[]): Promise<void> {
    this.#file.transaction(() => {
      this.#upsert('batches', 'root', batchColumns(batch))
      for (const job of jobs) {
        this.#upsert('jobs', 'order_hash', jobColumns(job))
      }
    })
  }

  async batchByRoot(root: string): Promise<OwnBatch | undefined> {
    const row = this.#file.get('SELECT * FROM batches WHERE root = ?', root)
    return row === undefined ? undefined : batchFromRow(row)
  }

  async batchById(id: bigint): Promise<OwnBatch | undefined> {
    const row = this.#file.get('SELECT * FROM batches WHERE id = ?', id)
    return row === undefined ? undefined : batchFromRow(row)
  }

  async openBatches(limit: number): Promise<readonly OwnBatch[]> {
    const sql = `SELECT * FROM batches WHERE state IN ('sending', 'taken') ORDER BY position LIMIT ?`
    return this.#file.all(sql, limit).map(batchFromRow)
  }

  async unhandedBatches(limit: number): Promise<readonly OwnBatch[]> {
    const sql = `SELECT * FROM batches WHERE state = 'paid' AND handed_to_gateways = 0 ORDER BY position DESC LIMIT ?`
    return this.#file.all(sql, limit).map(batchFromRow)
  }

  async newestBatchId(): Promise<bigint> {
    return integerOf(this.#file.get('SELECT max(id) AS newest FROM batches')?.newest ?? 0n)
  }

  async putRefusal(signed: SignedRefusal): Promise<void> {
    this.#file.transaction(() => {
      this.#upsert('refusals', 'order_hash', {
        order_hash: toHex(signed.refusal?.orderHash ?? new Uint8Array(0)),
        height: signed.refusal?.height ?? 0n,
        refusal: SignedRefusal.encode(signed).finish(),
      })
      this.#evict('refusals', 'height')
    })
  }

  async refusal(name: string): Promise<SignedRefusal | undefined> {
    const row = this.#file.get('SELECT refusal FROM refusals WHERE order_hash = ?', name)
    return row === undefined ? undefined : SignedRefusal.decode(bytesOf(row.refusal))
  }

  async keepOpening(kept: KeptOpening): Promise<boolean> {
    const columns = keptColumns(kept)
    const { order_hash = '', executor = '', batch = 0n } = columns
    const before = this.#file.get(
      'SELECT size_bytes FROM kept WHERE order_hash = ? AND executor = ? AND batch = ?',
      order_hash,
      executor,
      batch,
    )
    const rows = this.#kept.rows + (before === undefined ? 1 : 0)
    const size = this.#kept.bytes + Number(columns.size_bytes) - Number(before?.size_bytes ?? 0)
    if (rows > this.#limits.keptRows || size > this.#limits.keptBytes) {
      return false
    }
    this.#file.transaction(() => this.#upsert('kept', 'order_hash, executor, batch', columns))
    this.#kept = { rows, bytes: size }
    return true
  }

  async keptOpening(name: string, batch?: bigint): Promise<KeptOpening | undefined> {
    const row =
      batch === undefined
        ? this.#file.get('SELECT * FROM kept WHERE order_hash = ? ORDER BY position DESC LIMIT 1', name)
        : this.#file.get('SELECT * FROM kept WHERE order_hash = ? AND batch = ?', name, batch)
    return row === undefined ? undefined : keptFromRow(row)
  }

  async keptOfBatch(executor: string, batch: bigint): Promise<readonly KeptOpening[]> {
    const sql = 'SELECT * FROM kept WHERE executor = ? AND batch = ? ORDER BY leaf'
    return this.#file.all(sql, executor, batch).map(keptFromRow)
  }

  async keptBatches(limit: number): Promise<readonly KeptBatch[]> {
    const sql = `SELECT executor, batch, max(position) AS newest FROM kept GROUP BY executor, batch
      ORDER BY newest DESC LIMIT ?`
    return this.#file.all(sql, limit).map((row) => ({ executor: textOf(row.executor), batch: integerOf(row.batch) }))
  }

  async forgetKept(executor: string, batch: bigint): Promise<void> {
    this.#file.transaction(() => this.#file.run('DELETE FROM kept WHERE executor = ? AND batch = ?', executor, batch))
    this.#kept = this.#countKept()
  }

  async noteOrder(signed: SignedOrder): Promise<SignedOrder | undefined> {
    const { order } = signed
    if (order === undefined) {
      return undefined
    }
    const name = toHex(orderHash(order))
    const sql = 'SELECT order_hash, signed_order FROM noted_orders WHERE payer = ? AND sequence = ?'
    const before = this.#file.get(sql, order.payer, order.sequence)
    if (before !== undefined) {
      return before.order_hash === name ? undefined : SignedOrder.decode(bytesOf(before.signed_order))
    }
    this.#file.transaction(() => {
      this.#upsert('noted_orders', 'payer, sequence', {
        payer: order.payer,
        sequence: order.sequence,
        order_hash: name,
        expiry: order.expiryHeight,
        signed_order: SignedOrder.encode(signed).finish(),
      })
      this.#evict('noted_orders', 'expiry')
    })
    return undefined
  }

  async prune(belowHeight: number): Promise<void> {
    this.#file.transaction(() => {
      const isClosed = `root IN (SELECT root FROM batches WHERE state IN ('paid', 'refunded'))`
      this.#file.run(
        `DELETE FROM jobs WHERE expiry < ? AND (state = 'failed' OR (state = 'batched' AND ${isClosed}))`,
        belowHeight,
      )
      this.#file.run('DELETE FROM job_data WHERE order_hash NOT IN (SELECT order_hash FROM jobs)')
      // A refused batch may still turn out to have been taken, as long as its receipts are there.
      this.#file.run(
        `DELETE FROM batches WHERE state IN ('paid', 'refunded', 'refused')
          AND root NOT IN (SELECT root FROM jobs WHERE root IS NOT NULL)
          AND coalesce(height, 0) < ? AND position < (SELECT max(position) FROM batches) - 64`,
        belowHeight,
      )
      this.#file.run('DELETE FROM refusals WHERE height < ?', belowHeight)
      this.#file.run('DELETE FROM noted_orders WHERE expiry < ?', belowHeight)
      this.#file.run('DELETE FROM kept WHERE expiry < ?', belowHeight)
    })
    this.#kept = this.#countKept()
  }

  async putCommitment(name: string, bytes: Uint8Array): Promise<void> {
    this.#file.transaction(() => {
      // Anew rather than in place: what was put last is the newest.
      this.#file.run('DELETE FROM commitments WHERE name = ?', name)
      this.#file.run('INSERT INTO commitments (name, bytes) VALUES (?, ?)', name, bytes)
      this.#file.run(
        `DELETE FROM commitments WHERE position NOT IN
          (SELECT position FROM commitments ORDER BY position DESC LIMIT ?)`,
        COMMITMENTS,
      )
    })
  }

  async commitment(name: string): Promise<Uint8Array | undefined> {
    const row = this.#file.get('SELECT bytes FROM commitments WHERE name = ?', name)
    return row === undefined ? undefined : bytesOf(row.bytes)
  }

  async forgetCommitment(name: string): Promise<void> {
    this.#file.run('DELETE FROM commitments WHERE name = ?', name)
  }

  close(): void {
    this.#file.close()
  }

  #countKept(): { rows: number; bytes: number } {
    const row = this.#file.get('SELECT count(*) AS row_count, sum(size_bytes) AS size FROM kept')
    return { rows: Number(row?.row_count ?? 0), bytes: Number(row?.size ?? 0) }
  }

  /** Keeps the row's position where it is there already. */
  #upsert(table: string, key: string, columns: Columns): void {
    const names = Object.keys(columns)
    const updates = names.map((name) => `${name} = excluded.${name}`).join(', ')
    const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
      ON CONFLICT (${key}) DO UPDATE SET ${updates}`
    this.#file.run(sql, ...Object.values(columns))
  }

  #evict(table: 'refusals' | 'noted_orders', age: string): void {
    const rows = Number(this.#file.get(`SELECT count(*) AS row_count FROM ${table}`)?.row_count ?? 0)
    if (rows > this.#limits.notedRows) {
      const evicted = Math.min(EVICTED_ROWS, Math.ceil(this.#limits.notedRows / 10))
      this.#file.run(
        `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY ${age} LIMIT ?)`,
        evicted,
      )
    }
  }
}
