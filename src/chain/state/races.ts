import { bytesToBigint, u32be } from '../../lib/bytes.ts'
import { EpochState, RaceState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { ShapeName } from '../../protocol/params.ts'
import type { StateStore } from '../application.ts'
import { epochKey, findsKey, findsRange, raceKey, raceRange, targetKey } from './keys.ts'
import { getRecord, listRecords, setRecord } from './records.ts'

/**
 * Races and their committed finds. One entry holds the nonces of one commit, packed: u32 index of the first one, then u64
 * nonces, all big endian, under the commit's first nonce. Nonces rise over the whole race, so membership is one look-up.
 */
const NONCE_BYTES = 8
const INDEX_BYTES = 4
/** One more than the largest nonce, as a search bound. */
const HIGHEST_NONCE = (1n << 64n) - 1n

export function readEpochState(store: StateStore, epoch: number): EpochState | undefined {
  return getRecord(store, epochKey(epoch), EpochState)
}

export function writeEpochState(store: StateStore, state: EpochState): void {
  setRecord(store, epochKey(Number(state.epoch)), EpochState, state)
}

/** Target of this epoch's race, 32 bytes; undefined for an epoch that is not known (any more). */
export function readTarget(store: StateStore, epoch: number, shape: ShapeName): Uint8Array | undefined {
  return store.get(targetKey(epoch, shape))
}

export function writeTarget(store: StateStore, epoch: number, shape: ShapeName, target: Uint8Array): void {
  store.set(targetKey(epoch, shape), target)
}

export function readRace(store: StateStore, epoch: number, host: Uint8Array): RaceState | undefined {
  return getRecord(store, raceKey(epoch, host), RaceState)
}

export function writeRace(store: StateStore, epoch: number, host: Uint8Array, race: RaceState): void {
  setRecord(store, raceKey(epoch, host), RaceState, race)
}

export interface RaceAt {
  readonly host: Uint8Array
  readonly race: RaceState
}

/** All races of the epoch, by host address. */
export function listRaces(store: StateStore, epoch: number): RaceAt[] {
  return [...listRecords(store, raceRange(epoch), RaceState)].map(([key, race]) => ({ host: key.slice(-20), race }))
}

export function appendFinds(
  store: StateStore,
  epoch: number,
  host: Uint8Array,
  firstIndex: number,
  nonces: readonly bigint[],
): void {
  const [first] = nonces
  if (first !== undefined) {
    store.set(findsKey(epoch, host, first), pack(firstIndex, nonces))
  }
}

export function hasFind(store: StateStore, epoch: number, host: Uint8Array, nonce: bigint): boolean {
  const { from, to } = findsRange(epoch, host)
  const after = nonce === HIGHEST_NONCE ? to : findsKey(epoch, host, nonce + 1n)
  for (const [, packed] of store.range(from, after, { reverse: true, limit: 1 })) {
    return unpack(packed).includes(nonce)
  }
  return false
}

/** Committed nonces from `fromIndex`, at most `limit`, in the order of commits. */
export function listFinds(
  store: StateStore,
  epoch: number,
  host: Uint8Array,
  fromIndex: number,
  limit: number,
): bigint[] {
  const found: bigint[] = []
  const { from, to } = findsRange(epoch, host)
  for (const [, packed] of store.range(from, to)) {
    const firstIndex = Number(bytesToBigint(packed.subarray(0, INDEX_BYTES)))
    const count = (packed.length - INDEX_BYTES) >> 3
    if (firstIndex + count <= fromIndex) {
      continue
    }
    const skipped = fromIndex > firstIndex ? fromIndex - firstIndex : 0
    found.push(...unpack(packed).slice(skipped, skipped + limit - found.length))
    if (found.length >= limit) {
      break
    }
  }
  return found
}

function pack(firstIndex: number, nonces: readonly bigint[]): Uint8Array {
  const packed = new Uint8Array(INDEX_BYTES + NONCE_BYTES * nonces.length)
  packed.set(u32be(firstIndex))
  const view = new DataView(packed.buffer)
  for (const [at, nonce] of nonces.entries()) {
    view.setBigUint64(INDEX_BYTES + NONCE_BYTES * at, nonce)
  }
  return packed
}

function unpack(packed: Uint8Array): bigint[] {
  const nonces: bigint[] = []
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  for (let offset = INDEX_BYTES; offset < packed.length; offset += NONCE_BYTES) {
    nonces.push(view.getBigUint64(offset))
  }
  return nonces
}
