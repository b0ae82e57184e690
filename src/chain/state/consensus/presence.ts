import { VALIDATOR_LIMITS } from '../../../protocol/consensus/validator.ts'
import { HeartbeatState, LivenessState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, setRecord } from '../records.ts'
import { appHashKey, heartbeatsKey, livenessKey } from './consensus-keys.ts'

/** What keys missed and posted, and the app hashes that heartbeats name. */
export function readLiveness(store: StateStore, validator: Uint8Array): LivenessState | undefined {
  return getRecord(store, livenessKey(validator), LivenessState)
}

export function writeLiveness(store: StateStore, validator: Uint8Array, liveness: LivenessState): void {
  setRecord(store, livenessKey(validator), LivenessState, liveness)
}

/** Slots with a heartbeat, ascending. */
export function readHeartbeats(store: StateStore, validator: Uint8Array): readonly bigint[] {
  return getRecord(store, heartbeatsKey(validator), HeartbeatState)?.slots ?? []
}

/** Adds a slot and forgets those below `keepFrom`. */
export function addHeartbeat(store: StateStore, validator: Uint8Array, slot: bigint, keepFrom: bigint): void {
  const slots = [...readHeartbeats(store, validator).filter((kept) => kept >= keepFrom), slot]
  setRecord(store, heartbeatsKey(validator), HeartbeatState, { slots })
}

/** The app hash after the block of this height, where it is still kept. */
export function readAppHash(store: StateStore, height: number): Uint8Array | undefined {
  return store.get(appHashKey(height))
}

export function keepAppHash(store: StateStore, height: number, appHash: Uint8Array): void {
  store.set(appHashKey(height), appHash)
  if (height >= VALIDATOR_LIMITS.appHashes) {
    store.delete(appHashKey(height - VALIDATOR_LIMITS.appHashes))
  }
}
