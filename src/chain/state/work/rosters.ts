import type { Candidate } from '../../../protocol/draw.ts'
import type { RosterEntry } from '../../../protocol/gen/tailrace/v1/state.ts'
import { RosterState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../../application.ts'
import { createRecordMemo } from '../record-memo.ts'
import { setRecord } from '../records.ts'
import { rosterKey, rosterRange } from './work-keys.ts'

/** A roster of a large network is a megabyte, and every draw and opening reads one. */
const decodeRoster = createRecordMemo<RosterState>(RosterState)

/** Rosters: who could be drawn for a model. The draw at height h uses the newest roster at or below h. */
export function readRoster(store: StateStore, model: string, height: number): RosterState | undefined {
  for (const [, bytes] of store.range(rosterRange(model).from, rosterKey(model, height + 1), {
    reverse: true,
    limit: 1,
  })) {
    return decodeRoster(bytes)
  }
  return undefined
}

export function newestRoster(store: StateStore, model: string): RosterState | undefined {
  const { from, to } = rosterRange(model)
  for (const [, bytes] of store.range(from, to, { reverse: true, limit: 1 })) {
    return decodeRoster(bytes)
  }
  return undefined
}

export function writeRoster(store: StateStore, model: string, roster: RosterState): void {
  setRecord(store, rosterKey(model, Number(roster.height)), RosterState, roster)
}

/** Forgets rosters that no draw at or above `height` uses. */
export function pruneRosters(store: StateStore, model: string, height: number): void {
  const older = [...store.range(rosterRange(model).from, rosterKey(model, height + 1))]
  for (const [key] of older.slice(0, -1)) {
    store.delete(key)
  }
}

export function candidatesOf(entries: readonly RosterEntry[]): Candidate[] {
  return entries.map(({ host, weight }) => ({ address: host, weight: BigInt(weight) }))
}
