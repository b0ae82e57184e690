/** Keys of paid work: models and who serves them, escrows and lanes, batches and their checks. See ../key-space.ts. */
import { concatBytes, u32be, u64be, utf8 } from '../../../lib/bytes.ts'
import type { KeyRange } from '../key-space.ts'
import { stateKey, stateRange } from '../key-space.ts'

export const BATCH_COUNTER_KEY = stateKey('batchCounter')

export function modelKey(model: string): Uint8Array {
  return stateKey('model', utf8(model))
}

export function modelRange(): KeyRange {
  return stateRange('model')
}

/** Who could be drawn for a model from the end of block `height` on. */
export function rosterKey(model: string, height: number): Uint8Array {
  return stateKey('roster', lengthPrefixed(model), u64be(BigInt(height)))
}

export function rosterRange(model: string): KeyRange {
  return stateRange('roster', lengthPrefixed(model))
}

export function serviceKey(owner: Uint8Array, model: string): Uint8Array {
  return stateKey('service', owner, utf8(model))
}

/** Services of one host, or of all. */
export function serviceRange(owner?: Uint8Array): KeyRange {
  return stateRange('service', owner ?? new Uint8Array(0))
}

export function escrowKey(payer: Uint8Array): Uint8Array {
  return stateKey('escrow', payer)
}

export function escrowRange(): KeyRange {
  return stateRange('escrow')
}

export function escrowOfOwnerKey(owner: Uint8Array, payer: Uint8Array): Uint8Array {
  return stateKey('escrowOfOwner', owner, payer)
}

export function escrowOfOwnerRange(owner: Uint8Array): KeyRange {
  return stateRange('escrowOfOwner', owner)
}

/** Escrows that are being withdrawn, by the height of their release. */
export function escrowReleaseKey(height: bigint, payer: Uint8Array): Uint8Array {
  return stateKey('escrowRelease', u64be(height), payer)
}

/** Releases up to and with `height`. */
export function escrowReleasesUntil(height: number): KeyRange {
  return { from: stateRange('escrowRelease').from, to: stateKey('escrowRelease', u64be(BigInt(height) + 1n)) }
}

export function laneKey(payer: Uint8Array, executor: Uint8Array): Uint8Array {
  return stateKey('lane', payer, executor)
}

export function laneRange(): KeyRange {
  return stateRange('lane')
}

export function batchKey(id: bigint): Uint8Array {
  return stateKey('batch', u64be(id))
}

export function batchRange(): KeyRange {
  return stateRange('batch')
}

export function batchOfHostKey(executor: Uint8Array, id: bigint): Uint8Array {
  return stateKey('batchOfHost', executor, u64be(id))
}

export function batchOfHostRange(executor: Uint8Array): KeyRange {
  return stateRange('batchOfHost', executor)
}

/** How many batches of an epoch are not closed yet. */
export function openBatchesKey(executor: Uint8Array, epoch: number): Uint8Array {
  return stateKey('openBatches', executor, u64be(BigInt(epoch)))
}

/** A batch that is neither paid nor refunded. */
export function openBatchKey(executor: Uint8Array, id: bigint): Uint8Array {
  return stateKey('openBatch', executor, u64be(id))
}

export function openBatchRange(executor: Uint8Array): KeyRange {
  return stateRange('openBatch', executor)
}

/** What one payer's receipts added to a host's g in an epoch. */
export function payerCreditKey(epoch: number, host: Uint8Array, payer: Uint8Array, model: string): Uint8Array {
  return stateKey('payerCredit', u64be(BigInt(epoch)), host, payer, utf8(model))
}

export function payerCreditRange(epoch: number): KeyRange {
  return stateRange('payerCredit', u64be(BigInt(epoch)))
}

export function checkKey(batch: bigint, point: number): Uint8Array {
  return stateKey('check', u64be(batch), u32be(point))
}

export function checkRange(batch: bigint): KeyRange {
  return stateRange('check', u64be(batch))
}

/** A check in which a host has to do something now, by what it has to do. */
export function workDutyKey(host: Uint8Array, kind: number, batch: bigint, point: number): Uint8Array {
  return stateKey('workDuty', host, Uint8Array.of(kind), u64be(batch), u32be(point))
}

export function workDutyRange(host: Uint8Array, kind: number): KeyRange {
  return stateRange('workDuty', host, Uint8Array.of(kind))
}

export function dueKey(height: number, batch: bigint, point: number): Uint8Array {
  return stateKey('due', u64be(BigInt(height)), u64be(batch), u32be(point))
}

/** Events up to and with `height`. */
export function dueUntil(height: number): KeyRange {
  return { from: stateRange('due').from, to: stateKey('due', u64be(BigInt(height) + 1n)) }
}

/** A text that is not the last field: no text is then the beginning of another. */
function lengthPrefixed(text: string): Uint8Array {
  const bytes = utf8(text)
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}
