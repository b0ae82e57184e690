import { UpgradePlanState, UpgradeVoteState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { deleteRange, getRecord, listRecords, setRecord } from '../records.ts'
import { UPGRADE_PLAN_KEY, upgradeVoteKey, upgradeVoteRange } from './consensus-keys.ts'

/** The accepted plan of an upgrade and the votes for it. */
export function readUpgradePlan(store: StateStore): UpgradePlanState | undefined {
  return getRecord(store, UPGRADE_PLAN_KEY, UpgradePlanState)
}

export function writeUpgradePlan(store: StateStore, plan: UpgradePlanState): void {
  setRecord(store, UPGRADE_PLAN_KEY, UpgradePlanState, plan)
}

export function removeUpgradePlan(store: StateStore): void {
  store.delete(UPGRADE_PLAN_KEY)
}

export function writeUpgradeVote(store: StateStore, validator: Uint8Array, vote: UpgradeVoteState): void {
  setRecord(store, upgradeVoteKey(validator), UpgradeVoteState, vote)
}

/** By validator. */
export function listUpgradeVotes(
  store: StateStore,
): { readonly validator: Uint8Array; readonly vote: UpgradeVoteState }[] {
  return [...listRecords(store, upgradeVoteRange(), UpgradeVoteState)].map(([key, vote]) => ({
    validator: key.slice(1),
    vote,
  }))
}

export function removeUpgradeVotes(store: StateStore): void {
  deleteRange(store, upgradeVoteRange())
}
