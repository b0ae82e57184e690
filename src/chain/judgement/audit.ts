import { createDrawStream } from '../../protocol/draw.ts'
import type { ReexecutionItem } from '../../protocol/gen/tailrace/v1/state.ts'
import { LeafRef, OpenedLeafState } from '../../protocol/gen/tailrace/v1/state.ts'
import { taggedHash } from '../../protocol/hash.ts'
import type { StateStore } from '../application.ts'
import type { EndContext } from '../context.ts'
import { auditSlotKey, openedLeafKey } from '../state/keys.ts'
import { readEpochState, writeEpochState } from '../state/races.ts'
import { getRecord, setRecord } from '../state/records.ts'

/** Puts an opened leaf on the list from which audits are drawn: slots 0 … n − 1 without a gap. */
export function addAuditable(store: StateStore, epoch: number, leaf: LeafRef): void {
  const state = readEpochState(store, epoch)
  if (state !== undefined) {
    setRecord(store, auditSlotKey(epoch, state.unaudited), LeafRef, leaf)
    writeEpochState(store, { ...state, unaudited: state.unaudited + 1 })
  }
}

/** Draws one leaf of the running epoch that was not audited yet and takes it off the list. */
export function drawAudit(context: EndContext): ReexecutionItem | undefined {
  const { store, randomness, epoch } = context
  const state = readEpochState(store, epoch.epoch)
  if (state === undefined || state.unaudited === 0) {
    return undefined
  }
  const stream = createDrawStream(taggedHash('tailrace/draw/audit/1', randomness))
  const last = state.unaudited - 1
  const drawn = Number(stream.below(BigInt(state.unaudited)))
  const leaf = getRecord(store, auditSlotKey(epoch.epoch, drawn), LeafRef)
  const moved = store.get(auditSlotKey(epoch.epoch, last))
  if (leaf === undefined || moved === undefined) {
    return undefined
  }
  store.set(auditSlotKey(epoch.epoch, drawn), moved)
  store.delete(auditSlotKey(epoch.epoch, last))
  writeEpochState(store, { ...state, unaudited: last })
  const key = openedLeafKey(epoch.epoch, leaf.round, leaf.verifier, leaf.index)
  const opened = getRecord(store, key, OpenedLeafState)
  return opened === undefined
    ? undefined
    : { epoch: BigInt(epoch.epoch), host: opened.host, nonce: opened.nonce, leaf, accusers: [] }
}
