import { bigintToBytes, bytesToBigint, u64be } from '../../lib/bytes.ts'
import type { StateStore } from '../application.ts'
import type { KeyRange } from './key-space.ts'

/** Typed access to the byte map. Codecs are the generated ones: fields in order, defaults left out, so equal records are equal bytes. */
export interface RecordCodec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

const AMOUNT_BYTES = 16

export function getRecord<T>(store: StateStore, key: Uint8Array, codec: RecordCodec<T>): T | undefined {
  const bytes = store.get(key)
  return bytes === undefined ? undefined : codec.decode(bytes)
}

export function setRecord<T>(store: StateStore, key: Uint8Array, codec: RecordCodec<T>, record: T): void {
  store.set(key, codec.encode(record).finish())
}

export function* listRecords<T>(
  store: StateStore,
  range: KeyRange,
  codec: RecordCodec<T>,
): Generator<readonly [Uint8Array, T]> {
  for (const [key, value] of store.range(range.from, range.to)) {
    yield [key, codec.decode(value)]
  }
}

export function deleteRange(store: StateStore, range: KeyRange): void {
  for (const [key] of store.range(range.from, range.to)) {
    store.delete(key)
  }
}

export function countRange(store: StateStore, range: KeyRange, limit: number): number {
  return [...store.range(range.from, range.to, { limit })].length
}

/** An amount below 2^128; 0 is the absent entry. */
export function getAmount(store: StateStore, key: Uint8Array): bigint {
  const bytes = store.get(key)
  return bytes === undefined ? 0n : bytesToBigint(bytes)
}

export function setAmount(store: StateStore, key: Uint8Array, amount: bigint): void {
  if (amount === 0n) {
    store.delete(key)
  } else {
    store.set(key, bigintToBytes(amount, AMOUNT_BYTES))
  }
}

/** A counter below 2^64; 0 is the absent entry. */
export function getCounter(store: StateStore, key: Uint8Array): bigint {
  return getAmount(store, key)
}

export function setCounter(store: StateStore, key: Uint8Array, count: bigint): void {
  store.set(key, u64be(count))
}
