import { BatchState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import {
  countRange,
  getAmount,
  getCounter,
  getRecord,
  listRecords,
  setAmount,
  setCounter,
  setRecord,
} from '../records.ts'
import {
  BATCH_COUNTER_KEY,
  batchKey,
  batchOfHostKey,
  batchOfHostRange,
  batchRange,
  openBatchesKey,
  openBatchKey,
  openBatchRange,
  payerCreditKey,
} from './work-keys.ts'

/** Batches by id, which rises over the life of the chain: ids of one epoch, and of one host, are in order of time. */
export function takeBatchId(store: StateStore): bigint {
  const id = getCounter(store, BATCH_COUNTER_KEY) + 1n
  setCounter(store, BATCH_COUNTER_KEY, id)
  return id
}

export function readBatch(store: StateStore, id: bigint): BatchState | undefined {
  return getRecord(store, batchKey(id), BatchState)
}

export function writeBatch(store: StateStore, batch: BatchState): void {
  setRecord(store, batchKey(batch.id), BatchState, batch)
}

/** A new batch, and that it is open. */
export function addBatch(store: StateStore, batch: BatchState): void {
  writeBatch(store, batch)
  store.set(batchOfHostKey(batch.executor, batch.id), Uint8Array.of(1))
  store.set(openBatchKey(batch.executor, batch.id), Uint8Array.of(1))
  changeOpenBatches(store, batch.executor, Number(batch.epoch), 1n)
}

/** Says that a batch is paid or refunded: what is held of its epoch may be released. Once for each batch. */
export function endBatch(store: StateStore, batch: BatchState): void {
  store.delete(openBatchKey(batch.executor, batch.id))
  changeOpenBatches(store, batch.executor, Number(batch.epoch), -1n)
}

export function removeBatch(store: StateStore, batch: BatchState): void {
  store.delete(batchKey(batch.id))
  store.delete(batchOfHostKey(batch.executor, batch.id))
}

/** All batches known, the oldest first. */
export function* listBatches(store: StateStore): Generator<BatchState> {
  for (const [, batch] of listRecords(store, batchRange(), BatchState)) {
    yield batch
  }
}

/** Batches of one executor with ids from `fromId`, ascending, at most `limit`. */
export function batchesOfHost(store: StateStore, executor: Uint8Array, fromId: bigint, limit: number): BatchState[] {
  const { to } = batchOfHostRange(executor)
  return [...store.range(batchOfHostKey(executor, fromId), to, { limit })].flatMap(([key]) => batchOfKey(store, key))
}

/** Batches of one executor that are neither paid nor refunded, the oldest first. */
export function listOpenBatches(store: StateStore, executor: Uint8Array): BatchState[] {
  const { from, to } = openBatchRange(executor)
  return [...store.range(from, to)].flatMap(([key]) => batchOfKey(store, key))
}

export function openBatches(store: StateStore, executor: Uint8Array, epoch: number): bigint {
  return getAmount(store, openBatchesKey(executor, epoch))
}

/** Open batches of one executor over all epochs, counted up to `limit`. */
export function openBatchCount(store: StateStore, executor: Uint8Array, limit: number): number {
  return countRange(store, openBatchRange(executor), limit)
}

/** What this payer's receipts added to the host's g in this epoch, in millionths of the median receipt. */
export function payerCreditOf(
  store: StateStore,
  epoch: number,
  host: Uint8Array,
  payer: Uint8Array,
  model: string,
): bigint {
  return getAmount(store, payerCreditKey(epoch, host, payer, model))
}

export function setPayerCredit(
  store: StateStore,
  epoch: number,
  host: Uint8Array,
  payer: Uint8Array,
  model: string,
  credit: bigint,
): void {
  setAmount(store, payerCreditKey(epoch, host, payer, model), credit)
}

function batchOfKey(store: StateStore, key: Uint8Array): BatchState[] {
  const id = new DataView(key.buffer, key.byteOffset).getBigUint64(key.length - 8)
  const batch = readBatch(store, id)
  return batch === undefined ? [] : [batch]
}

function changeOpenBatches(store: StateStore, executor: Uint8Array, epoch: number, difference: bigint): void {
  const key = openBatchesKey(executor, epoch)
  setAmount(store, key, getAmount(store, key) + difference)
}
