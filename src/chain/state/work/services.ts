import { ServiceState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, listRecords, setRecord } from '../records.ts'
import { serviceKey, serviceRange } from './work-keys.ts'

/** Services: one model that one host serves, with what is known of its work. They outlive a new registration of the host. */
export interface ServiceAt {
  readonly owner: Uint8Array
  readonly service: ServiceState
}

export function readService(store: StateStore, owner: Uint8Array, model: string): ServiceState | undefined {
  return getRecord(store, serviceKey(owner, model), ServiceState)
}

export function writeService(store: StateStore, owner: Uint8Array, service: ServiceState): void {
  setRecord(store, serviceKey(owner, service.model), ServiceState, service)
}

/** Changes some fields of a known service. */
export function updateService(
  store: StateStore,
  owner: Uint8Array,
  model: string,
  fields: Partial<ServiceState>,
): void {
  const service = readService(store, owner, model)
  if (service !== undefined) {
    writeService(store, owner, { ...service, ...fields })
  }
}

/** By host address, then by model; of one host, or of all. */
export function listServices(store: StateStore, owner?: Uint8Array): ServiceAt[] {
  return [...listRecords(store, serviceRange(owner), ServiceState)].map(([key, service]) => ({
    owner: key.slice(1, 21),
    service,
  }))
}

/** The service with its counts of this epoch: they begin at 0 in each. */
export function inEpoch(service: ServiceState, epoch: number): ServiceState {
  return service.epoch === BigInt(epoch)
    ? service
    : { ...service, epoch: BigInt(epoch), epochValue: 0n, epochPoints: 0n }
}
