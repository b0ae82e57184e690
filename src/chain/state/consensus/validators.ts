import { ConsensusState, ValidatorState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { readValidator, writeValidator } from '../chain-status.ts'
import { validatorKey } from '../keys.ts'
import { getRecord, listRecords, setRecord } from '../records.ts'
import { CONSENSUS_KEY, heartbeatsKey, livenessKey, upgradeVoteKey, validatorRange } from './consensus-keys.ts'

/** Records of consensus keys, under their addresses, and what they have in common. */
export interface Validator {
  /** Consensus address, 20 bytes. */
  readonly address: Uint8Array
  readonly record: ValidatorState
}

/** By address, those that were replaced or broke consensus among them: at most a few for each host with a key. */
export function listValidators(store: StateStore): Validator[] {
  return [...listRecords(store, validatorRange(), ValidatorState)].map(([key, record]) => ({
    address: key.slice(1),
    record,
  }))
}

/** Changes some fields of a key that is there. */
export function updateValidator(store: StateStore, address: Uint8Array, fields: Partial<ValidatorState>): void {
  const record = readValidator(store, address)
  if (record !== undefined) {
    writeValidator(store, address, { ...record, ...fields })
  }
}

/** Forgets a key without power, with all that is kept of it. The weight behind it then has no key. */
export function removeValidator(store: StateStore, address: Uint8Array): void {
  const record = readValidator(store, address)
  const weight = BigInt(record?.weight ?? '0') + BigInt(record?.carried ?? '0')
  if (weight > 0n) {
    updateConsensus(store, { uncarried: (BigInt(readConsensus(store).uncarried) + weight).toString() })
  }
  store.delete(validatorKey(address))
  store.delete(livenessKey(address))
  store.delete(heartbeatsKey(address))
  store.delete(upgradeVoteKey(address))
}

/** Whether the key may have power at all: not replaced, and never proven to have broken consensus. */
export function isUsable({ retired, tombstoned }: ValidatorState): boolean {
  return !retired && !tombstoned
}

/** A key without power, of no host yet. */
export function newValidator(fields: Pick<ValidatorState, 'consensusKey' | 'blsPublicKey'>): ValidatorState {
  return {
    ...fields,
    power: '0',
    owner: new Uint8Array(0),
    nodePubkey: new Uint8Array(0),
    genesis: false,
    registeredHeight: 0n,
    enginePower: 0n,
    weight: '0',
    carried: '0',
    differences: [],
    jailed: false,
    removedHeight: 0n,
    removedPower: '0',
    tombstoned: false,
    retired: false,
    retiredHeight: 0n,
    inherited: '0',
    entitled: '',
    entitledAtFirst: '',
    missedSinceSettle: 0n,
    inSetSince: 0n,
    leftHeight: 0n,
  }
}

export function readConsensus(store: StateStore): ConsensusState {
  return (
    getRecord(store, CONSENSUS_KEY, ConsensusState) ?? {
      scaled: false,
      reference: '0',
      shift: 0,
      totalWeight: '0',
      uncarried: '0',
      settledHeight: 0n,
      appVersion: 0,
      lastProposer: new Uint8Array(0),
    }
  )
}

export function updateConsensus(store: StateStore, fields: Partial<ConsensusState>): void {
  setRecord(store, CONSENSUS_KEY, ConsensusState, { ...readConsensus(store), ...fields })
}
