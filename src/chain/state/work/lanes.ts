import { LaneState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, setRecord } from '../records.ts'
import { laneKey } from './work-keys.ts'

/** Lanes (payer, executor). `accepted` never falls and a lane is never forgotten: an old voucher stays worthless. */
const NEW_LANE: LaneState = { accepted: 0n, sequence: 0n, vouched: 0n }

export function readLane(store: StateStore, payer: Uint8Array, executor: Uint8Array): LaneState {
  return getRecord(store, laneKey(payer, executor), LaneState) ?? NEW_LANE
}

export function writeLane(store: StateStore, payer: Uint8Array, executor: Uint8Array, lane: LaneState): void {
  setRecord(store, laneKey(payer, executor), LaneState, lane)
}
