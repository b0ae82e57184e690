import { CarrierState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, listRecords, setRecord } from '../records.ts'
import { carrierKey, carrierRange } from './consensus-keys.ts'

/** Who carries the weight of hosts without a key of their own. */
export function readCarrier(store: StateStore, host: Uint8Array): CarrierState | undefined {
  return getRecord(store, carrierKey(host), CarrierState)
}

export function writeCarrier(store: StateStore, host: Uint8Array, carrier: CarrierState): void {
  setRecord(store, carrierKey(host), CarrierState, carrier)
}

export function removeCarrier(store: StateStore, host: Uint8Array): void {
  store.delete(carrierKey(host))
}

/** By host. */
export function listCarriers(store: StateStore): { readonly host: Uint8Array; readonly carrier: CarrierState }[] {
  return [...listRecords(store, carrierRange(), CarrierState)].map(([key, carrier]) => ({
    host: key.slice(1),
    carrier,
  }))
}
