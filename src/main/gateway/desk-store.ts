/** The gateway's book in one SQLite file (gateway/desk/ports.ts: DeskStore). Amounts are below 2^63: SQLite's integers hold them. */
import { z } from 'zod'
import type {
  BatchOfOrder,
  DeskStore,
  LaneHead,
  OrderEnd,
  OrderEntry,
  PayerBook,
  SkippedExecutor,
} from '../../gateway/desk/ports.ts'
import { SILENT } from '../../gateway/desk/ports.ts'
import { CodedError } from '../../lib/coded-error.ts'
import {
  ReceiptOpening,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  WorkData,
} from '../../protocol/gen/tailrace/v1/work.ts'
import type { SqlRow } from '../sqlite-file.ts'
import { bytesOf, integerOf, SqliteFile, textOf } from '../sqlite-file.ts'

const VERSION = 1
const SCHEMA = `
  CREATE TABLE payers (
    payer TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL, owed INTEGER NOT NULL, reserved INTEGER NOT NULL, promised INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE orders (
    order_hash TEXT PRIMARY KEY, payer TEXT NOT NULL, sequence INTEGER NOT NULL, at_ms INTEGER NOT NULL, state TEXT NOT NULL,
    executor TEXT, skipped TEXT NOT NULL, output_tokens INTEGER NOT NULL, price INTEGER NOT NULL, max_price INTEGER NOT NULL,
    reserved INTEGER NOT NULL, expiry_height INTEGER NOT NULL, watched INTEGER NOT NULL, error_code TEXT, signed BLOB NOT NULL, receipt BLOB, voucher BLOB, data BLOB,
    batch INTEGER, batch_tx TEXT, batch_root BLOB, batch_sum INTEGER, batch_leaves INTEGER, opening BLOB,
    UNIQUE (payer, sequence)
  ) STRICT;
  CREATE INDEX orders_by_time ON orders (at_ms);
  CREATE INDEX orders_by_payer ON orders (payer, at_ms);
  CREATE INDEX orders_by_state ON orders (state);
  CREATE INDEX orders_by_expiry ON orders (watched, expiry_height);
  CREATE TABLE lanes (
    payer TEXT NOT NULL, executor TEXT NOT NULL, cumulative INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (payer, executor)
  ) STRICT;
`
/** Entries stay for so many blocks after their expiry: the draws of their batches are over by then. */
const KEEP_BLOCKS = 50_000
/** Closed orders that are watched at a time: those that expire first. */
const WATCHED = 1_000
const SKIPPED = z.array(z.object({ executor: z.string(), reason: z.string() })).max(8)
const STATE = z.enum(['drawing', 'streaming', 'done', 'lost', 'failed'])
const COLUMNS = `order_hash, payer, at_ms, state, executor, skipped, output_tokens, price, error_code, signed, receipt, voucher,
  batch, batch_tx, batch_root, batch_sum, batch_leaves, opening`

export interface DeskStoreFile extends DeskStore {
  close(): void
}

/** @throws CodedError `store_in_use`, `store_damaged`, `store_version`, `store_failed` */
export function openDeskStore(path: string, onFault?: (error: unknown) => void): DeskStoreFile {
  return new SqliteDeskStore(new SqliteFile(path, { version: VERSION, schema: SCHEMA, ...(onFault && { onFault }) }))
}

class SqliteDeskStore implements DeskStoreFile {
  readonly #file: SqliteFile

  constructor(file: SqliteFile) {
    this.#file = file
  }

  close(): void {
    this.#file.close()
  }

  async payer(payer: string): Promise<PayerBook> {
    const row = this.#file.get('SELECT next_sequence, owed, reserved, promised FROM payers WHERE payer = ?', payer)
    return row === undefined
      ? { nextSequence: 1n, owed: 0n, reserved: 0n, promised: 0n }
      : {
          nextSequence: integerOf(row.next_sequence),
          owed: integerOf(row.owed),
          reserved: integerOf(row.reserved),
          promised: integerOf(row.promised),
        }
  }

  async putOrder(entry: OrderEntry): Promise<void> {
    const order = entry.order.order
    if (order === undefined) {
      throw new CodedError('internal', 'a signed order has its order')
    }
    this.#file.transaction(() => {
      this.#file.run('INSERT OR IGNORE INTO payers VALUES (?, 1, 0, 0, 0)', entry.payer)
      const taken = this.#file.run(
        `UPDATE payers SET next_sequence = ?1 + 1, reserved = reserved + ?2, promised = max(promised, ?3)
         WHERE payer = ?4 AND next_sequence <= ?1`,
        order.sequence,
        order.maxPrice,
        order.total,
        entry.payer,
      )
      if (taken !== 1) {
        throw new CodedError('sequence_taken', 'another order has this sequence')
      }
      this.#file.run(
        `INSERT INTO orders (order_hash, payer, sequence, at_ms, state, skipped, output_tokens, price, max_price, reserved,
         expiry_height, watched, signed) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, 0, ?)`,
        entry.orderHash,
        entry.payer,
        order.sequence,
        entry.atMs,
        entry.state,
        JSON.stringify(entry.skipped),
        order.maxPrice,
        order.maxPrice,
        order.expiryHeight,
        SignedOrder.encode(entry.order).finish(),
      )
    })
  }

  async nameCandidate(orderHash: string, executor: string, skipped: readonly SkippedExecutor[]): Promise<void> {
    this.#file.transaction(() => {
      const row = this.#open(orderHash)
      this.#file.run('UPDATE orders SET executor = ? WHERE order_hash = ?', executor, orderHash)
      this.#note(row, skipped, true)
    })
  }

  async startStreaming(orderHash: string): Promise<void> {
    this.#file.transaction(() => {
      this.#open(orderHash)
      this.#file.run("UPDATE orders SET state = 'streaming' WHERE order_hash = ?", orderHash)
    })
  }

  async countersign(orderHash: string, receipt: SignedReceipt, voucher: SignedVoucher, data: WorkData): Promise<void> {
    const { receipt: facts } = receipt
    const { voucher: given } = voucher
    if (facts === undefined || given === undefined) {
      throw new CodedError('internal', 'a receipt and its voucher belong together')
    }
    this.#file.transaction(() => {
      const row = this.#open(orderHash)
      const [payer, executor] = [textOf(row.payer), textOf(row.executor)]
      if (this.#lane(payer, executor).cumulative + facts.price !== given.cumulative) {
        throw new CodedError('lane_moved', 'the voucher does not follow the last one of its lane')
      }
      this.#file.run(
        `UPDATE orders SET state = 'done', receipt = ?, voucher = ?, data = ?, output_tokens = ?, price = ?, watched = 1
         WHERE order_hash = ?`,
        SignedReceipt.encode(receipt).finish(),
        SignedVoucher.encode(voucher).finish(),
        WorkData.encode(data).finish(),
        facts.outputTokens,
        facts.price,
        orderHash,
      )
      this.#note(row, skippedOf(row), false)
      this.#moveLane(payer, executor, { cumulative: given.cumulative, sequence: given.sequence })
    })
  }

  async closeOrder(orderHash: string, { errorCode, isOut, skipped }: OrderEnd): Promise<void> {
    this.#file.transaction(() => {
      const row = this.#open(orderHash)
      this.#file.run(
        'UPDATE orders SET state = ?, error_code = ?, watched = 1 WHERE order_hash = ?',
        isOut ? 'lost' : 'failed',
        errorCode,
        orderHash,
      )
      this.#note(row, skipped ?? skippedOf(row), isOut)
    })
  }

  async lane(payer: string, executor: string): Promise<LaneHead> {
    return this.#lane(payer, executor)
  }

  async reconcileLane(payer: string, executor: string, accepted: bigint): Promise<void> {
    this.#file.transaction(() => {
      const lane = this.#lane(payer, executor)
      if (accepted > lane.cumulative) {
        this.#file.run('INSERT OR IGNORE INTO payers VALUES (?, 1, 0, 0, 0)', payer)
        this.#moveLane(payer, executor, { ...lane, cumulative: accepted })
      }
    })
  }

  async watchedLanes(): Promise<readonly { readonly payer: string; readonly executor: string }[]> {
    const rows = this.#file.all(
      'SELECT payer, executor, skipped FROM orders WHERE watched = 1 ORDER BY expiry_height, rowid LIMIT ?',
      WATCHED,
    )
    const lanes = new Map<string, { readonly payer: string; readonly executor: string }>()
    for (const row of rows) {
      const payer = textOf(row.payer)
      const asked = row.executor === null ? [] : [textOf(row.executor)]
      for (const executor of [...asked, ...skippedOf(row).map((each) => each.executor)]) {
        lanes.set(`${payer}/${executor}`, { payer, executor })
      }
    }
    return [...lanes.values()]
  }

  async order(orderHash: string): Promise<OrderEntry | undefined> {
    const row = this.#file.get(`SELECT ${COLUMNS} FROM orders WHERE order_hash = ?`, orderHash)
    return row === undefined ? undefined : entryOf(row)
  }

  async workData(orderHash: string): Promise<WorkData | undefined> {
    const row = this.#file.get('SELECT data FROM orders WHERE order_hash = ?', orderHash)
    return row?.data === undefined || row.data === null ? undefined : WorkData.decode(bytesOf(row.data))
  }

  async setBatch(orderHash: string, batch: BatchOfOrder): Promise<void> {
    this.#file.run(
      `UPDATE orders SET batch = ?, batch_tx = ?, batch_root = ?, batch_sum = ?, batch_leaves = ?, opening = ?
       WHERE order_hash = ?`,
      batch.id,
      batch.txHash,
      batch.root,
      batch.sum,
      batch.leaves,
      ReceiptOpening.encode(batch.opening).finish(),
      orderHash,
    )
  }

  async orders(limit: number, payer?: string): Promise<readonly OrderEntry[]> {
    const rows =
      payer === undefined
        ? this.#file.all(`SELECT ${COLUMNS} FROM orders ORDER BY at_ms DESC, rowid DESC LIMIT ?`, limit)
        : this.#file.all(
            `SELECT ${COLUMNS} FROM orders WHERE payer = ? ORDER BY at_ms DESC, rowid DESC LIMIT ?`,
            payer,
            limit,
          )
    return rows.map(entryOf)
  }

  async unfinished(): Promise<readonly OrderEntry[]> {
    return this.#file.all(`SELECT ${COLUMNS} FROM orders WHERE state IN ('drawing', 'streaming')`).map(entryOf)
  }

  async prune(belowHeight: number): Promise<void> {
    this.#file.transaction(() => {
      const watched = this.#file.all(
        'SELECT order_hash, payer, reserved, expiry_height FROM orders WHERE watched = 1 ORDER BY expiry_height, rowid LIMIT ?',
        WATCHED,
      )
      for (const row of watched.filter((each) => integerOf(each.expiry_height) < belowHeight)) {
        this.#file.run('UPDATE orders SET reserved = 0, watched = 0 WHERE order_hash = ?', textOf(row.order_hash))
        this.#reserve(textOf(row.payer), -integerOf(row.reserved))
      }
      this.#file.run(
        "DELETE FROM orders WHERE watched = 0 AND expiry_height < ? AND state IN ('done', 'lost', 'failed')",
        belowHeight - KEEP_BLOCKS,
      )
    })
  }

  /** What the order may still cost: once for each who has it and did not sign a refusal. */
  #note(row: SqlRow, skipped: readonly SkippedExecutor[], isOut: boolean): void {
    const silent = skipped.filter(({ reason }) => reason === SILENT).length
    const reserved = integerOf(row.max_price) * BigInt(silent + (isOut ? 1 : 0))
    this.#file.run(
      'UPDATE orders SET skipped = ?, reserved = ? WHERE order_hash = ?',
      JSON.stringify(skipped),
      reserved,
      textOf(row.order_hash),
    )
    this.#reserve(textOf(row.payer), reserved - integerOf(row.reserved))
  }

  #lane(payer: string, executor: string): LaneHead {
    const row = this.#file.get(
      'SELECT cumulative, sequence FROM lanes WHERE payer = ? AND executor = ?',
      payer,
      executor,
    )
    return row === undefined
      ? { cumulative: 0n, sequence: 0n }
      : { cumulative: integerOf(row.cumulative), sequence: integerOf(row.sequence) }
  }

  /** What the lane moves by is owed, whether we countersigned it or the chain took it without us. */
  #moveLane(payer: string, executor: string, to: LaneHead): void {
    const moved = to.cumulative - this.#lane(payer, executor).cumulative
    this.#file.run('UPDATE payers SET owed = owed + ? WHERE payer = ?', moved, payer)
    this.#file.run(
      `INSERT INTO lanes VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET cumulative = excluded.cumulative, sequence = excluded.sequence`,
      payer,
      executor,
      to.cumulative,
      to.sequence,
    )
  }

  #reserve(payer: string, amount: bigint): void {
    this.#file.run('UPDATE payers SET reserved = reserved + ? WHERE payer = ?', amount, payer)
  }

  /** A finished order is finished once. */
  #open(orderHash: string): SqlRow {
    const row = this.#file.get(
      `SELECT order_hash, payer, executor, skipped, max_price, reserved FROM orders
       WHERE order_hash = ? AND state IN ('drawing', 'streaming')`,
      orderHash,
    )
    if (row === undefined) {
      throw new CodedError('order_closed', 'this order is not open', { fields: { orderHash } })
    }
    return row
  }
}

function skippedOf(row: SqlRow): readonly SkippedExecutor[] {
  return SKIPPED.parse(JSON.parse(textOf(row.skipped)))
}

function entryOf(row: SqlRow): OrderEntry {
  const optional = {
    ...(row.executor === null ? {} : { executor: textOf(row.executor) }),
    ...(row.error_code === null ? {} : { errorCode: textOf(row.error_code) }),
    ...(row.receipt === null ? {} : { receipt: SignedReceipt.decode(bytesOf(row.receipt)) }),
    ...(row.voucher === null ? {} : { voucher: SignedVoucher.decode(bytesOf(row.voucher)) }),
    ...(row.opening === null ? {} : { batch: batchOf(row) }),
  }
  return {
    orderHash: textOf(row.order_hash),
    payer: textOf(row.payer),
    order: SignedOrder.decode(bytesOf(row.signed)),
    atMs: Number(integerOf(row.at_ms)),
    state: STATE.parse(row.state),
    skipped: skippedOf(row),
    outputTokens: Number(integerOf(row.output_tokens)),
    price: integerOf(row.price),
    ...optional,
  }
}

function batchOf(row: SqlRow): BatchOfOrder {
  return {
    id: integerOf(row.batch),
    txHash: textOf(row.batch_tx),
    root: bytesOf(row.batch_root),
    sum: integerOf(row.batch_sum),
    leaves: Number(integerOf(row.batch_leaves)),
    opening: ReceiptOpening.decode(bytesOf(row.opening)),
  }
}
