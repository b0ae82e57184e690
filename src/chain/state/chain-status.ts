import { CodedError } from '../../lib/coded-error.ts'
import { ChainStatus, ValidatorState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { randomnessKey, STATUS_KEY, sequenceKey, validatorKey } from './keys.ts'
import { getCounter, getRecord, setCounter, setRecord } from './records.ts'

/** Chain status, randomness of past blocks, validators and account sequences. */

/** R_h is kept for this many blocks: for queries and late draws. */
export const RANDOMNESS_KEPT = 1_000

/** Undefined before the genesis. */
export function findStatus(store: StateStore): ChainStatus | undefined {
  return getRecord(store, STATUS_KEY, ChainStatus)
}

/** @throws CodedError `no_state` before the genesis. */
export function readStatus(store: StateStore): ChainStatus {
  const status = findStatus(store)
  if (status === undefined) {
    throw new CodedError('no_state', 'the chain has no genesis yet')
  }
  return status
}

export function writeStatus(store: StateStore, status: ChainStatus): void {
  setRecord(store, STATUS_KEY, ChainStatus, status)
  const height = Number(status.height)
  store.set(randomnessKey(height), status.randomness)
  if (height >= RANDOMNESS_KEPT) {
    store.delete(randomnessKey(height - RANDOMNESS_KEPT))
  }
}

export function readValidator(store: StateStore, consensusAddress: Uint8Array): ValidatorState | undefined {
  return getRecord(store, validatorKey(consensusAddress), ValidatorState)
}

export function writeValidator(store: StateStore, consensusAddress: Uint8Array, validator: ValidatorState): void {
  setRecord(store, validatorKey(consensusAddress), ValidatorState, validator)
}

export function sequenceOf(store: StateStore, address: Uint8Array): bigint {
  return getCounter(store, sequenceKey(address))
}

export function incrementSequence(store: StateStore, address: Uint8Array): void {
  const key = sequenceKey(address)
  setCounter(store, key, getCounter(store, key) + 1n)
}
