/** Tables of the work store, and how its records stand in them. Amounts are below 2^53. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { Job, KeptOpening, OwnBatch } from '../../host/work/ports.ts'
import { concatBytes, fromHex, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { maxBigint } from '../../lib/fixed-point.ts'
import { OpeningHeader } from '../../protocol/gen/tailrace/v1/peer.ts'
import { MsgSubmitBatch } from '../../protocol/gen/tailrace/v1/tx.ts'
import {
  ReceiptOpening,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  WorkData,
} from '../../protocol/gen/tailrace/v1/work.ts'
import type { SqlRow } from '../sqlite-file.ts'
import { bytesOf, integerOf, textOf } from '../sqlite-file.ts'

/** Raised with every change of the tables; a store of another version is refused, not guessed at. */
export const WORK_SCHEMA_VERSION = 1

/** Column names to values, in the order of the statement. */
export type Columns = Readonly<Record<string, SQLInputValue>>

export const WORK_SCHEMA = `
    CREATE TABLE jobs (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      order_hash TEXT NOT NULL UNIQUE,
      payer BLOB NOT NULL,
      reached INTEGER NOT NULL,
      expiry INTEGER NOT NULL,
      accepted_at_ms INTEGER NOT NULL,
      state TEXT NOT NULL,
      signed_order BLOB NOT NULL,
      receipt BLOB,
      voucher BLOB,
      root TEXT,
      leaf INTEGER,
      lane_from INTEGER,
      lane_to INTEGER,
      error_code TEXT
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state);
    CREATE INDEX jobs_by_root ON jobs (root, leaf);
    CREATE INDEX jobs_by_payer ON jobs (payer, reached);
    CREATE TABLE job_data (order_hash TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE batches (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      root TEXT NOT NULL UNIQUE,
      model TEXT NOT NULL,
      sum INTEGER NOT NULL,
      leaves BLOB NOT NULL,
      message BLOB NOT NULL,
      state TEXT NOT NULL,
      id INTEGER,
      tx_hash TEXT,
      height INTEGER,
      handed_to_gateways INTEGER NOT NULL,
      handed_to_custodian INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX batches_by_state ON batches (state);
    CREATE INDEX batches_by_id ON batches (id);
    CREATE TABLE refusals (order_hash TEXT PRIMARY KEY, height INTEGER NOT NULL, refusal BLOB NOT NULL) STRICT;
    CREATE TABLE noted_orders (
      payer BLOB NOT NULL,
      sequence INTEGER NOT NULL,
      order_hash TEXT NOT NULL,
      expiry INTEGER NOT NULL,
      signed_order BLOB NOT NULL,
      PRIMARY KEY (payer, sequence)
    ) STRICT;
    CREATE INDEX noted_by_expiry ON noted_orders (expiry);
    CREATE TABLE kept (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      order_hash TEXT NOT NULL,
      executor TEXT NOT NULL,
      batch INTEGER NOT NULL,
      leaf INTEGER NOT NULL,
      expiry INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      header BLOB NOT NULL,
      opening BLOB NOT NULL,
      data BLOB NOT NULL,
      UNIQUE (order_hash, executor, batch)
    ) STRICT;
    CREATE INDEX kept_by_batch ON kept (executor, batch, leaf);
    CREATE TABLE commitments (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      bytes BLOB NOT NULL
    ) STRICT;
`

export function jobColumns(job: Job): Columns {
  const { order } = job.order
  if (order === undefined) {
    throw new CodedError('internal_fault', 'a job without its order cannot be stored')
  }
  return {
    order_hash: job.orderHash,
    payer: order.payer,
    reached: job.reached ?? ownReach(job),
    expiry: order.expiryHeight,
    accepted_at_ms: job.acceptedAtMs,
    state: job.state,
    signed_order: SignedOrder.encode(job.order).finish(),
    receipt: job.receipt === undefined ? null : SignedReceipt.encode(job.receipt).finish(),
    voucher: job.voucher === undefined ? null : SignedVoucher.encode(job.voucher).finish(),
    root: job.root ?? null,
    leaf: job.index ?? null,
    lane_from: job.from ?? null,
    lane_to: job.to ?? null,
    error_code: job.errorCode ?? null,
  }
}

/** Greatest sequence that a batch names by this job, where that lies by its voucher or has none. */
function ownReach({ order, voucher }: Pick<Job, 'order' | 'voucher'>): bigint {
  return maxBigint(order.order?.sequence ?? 0n, voucher?.voucher?.sequence ?? 0n)
}

export function jobFromRow(row: SqlRow): Job {
  const job = plainJobFromRow(row)
  const reached = integerOf(row.reached)
  return reached === ownReach(job) ? job : { ...job, reached }
}

function plainJobFromRow(row: SqlRow): Job {
  return {
    orderHash: textOf(row.order_hash),
    order: SignedOrder.decode(bytesOf(row.signed_order)),
    acceptedAtMs: Number(integerOf(row.accepted_at_ms)),
    state: textOf(row.state) as Job['state'],
    ...present('receipt', row.receipt, (value) => SignedReceipt.decode(bytesOf(value))),
    ...present('voucher', row.voucher, (value) => SignedVoucher.decode(bytesOf(value))),
    ...present('root', row.root, textOf),
    ...present('index', row.leaf, (value) => Number(integerOf(value))),
    ...present('from', row.lane_from, integerOf),
    ...present('to', row.lane_to, integerOf),
    ...present('errorCode', row.error_code, textOf),
  }
}

export function batchColumns(batch: OwnBatch): Columns {
  return {
    root: batch.root,
    model: batch.model,
    sum: batch.sum,
    leaves: concatBytes(...batch.leaves.map(fromHex)),
    message: MsgSubmitBatch.encode(batch.message).finish(),
    state: batch.state,
    id: batch.id ?? null,
    tx_hash: batch.txHash ?? null,
    height: batch.height ?? null,
    handed_to_gateways: batch.handedToGateways ? 1 : 0,
    handed_to_custodian: batch.handedToCustodian ? 1 : 0,
  }
}

export function batchFromRow(row: SqlRow): OwnBatch {
  return {
    root: textOf(row.root),
    model: textOf(row.model),
    sum: integerOf(row.sum),
    leaves: hashes(bytesOf(row.leaves)),
    message: MsgSubmitBatch.decode(bytesOf(row.message)),
    state: textOf(row.state) as OwnBatch['state'],
    ...present('id', row.id, integerOf),
    ...present('txHash', row.tx_hash, textOf),
    ...present('height', row.height, (value) => Number(integerOf(value))),
    handedToGateways: row.handed_to_gateways === 1n,
    handedToCustodian: row.handed_to_custodian === 1n,
  }
}

export function keptColumns({ header, opening, data }: KeptOpening): Columns {
  const blobs = {
    header: OpeningHeader.encode(header).finish(),
    opening: ReceiptOpening.encode(opening).finish(),
    data: WorkData.encode(data).finish(),
  }
  return {
    order_hash: toHex(data.orderHash),
    executor: header.executor,
    batch: header.batch,
    leaf: opening.index,
    expiry: opening.order?.order?.expiryHeight ?? 0n,
    size_bytes: blobs.header.length + blobs.opening.length + blobs.data.length,
    ...blobs,
  }
}

export function keptFromRow(row: SqlRow): KeptOpening {
  return {
    header: OpeningHeader.decode(bytesOf(row.header)),
    opening: ReceiptOpening.decode(bytesOf(row.opening)),
    data: WorkData.decode(bytesOf(row.data)),
  }
}

const HASH_BYTES = 32

function hashes(all: Uint8Array): string[] {
  return Array.from({ length: all.length / HASH_BYTES }, (_, index) =>
    toHex(all.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES)),
  )
}

/** The property where the column is not NULL. */
function present<Name extends string, T>(
  name: Name,
  value: SQLOutputValue | undefined,
  read: (value: SQLOutputValue) => T,
): { [Key in Name]?: T } {
  return value === null || value === undefined ? {} : ({ [name]: read(value) } as { [Key in Name]: T })
}
