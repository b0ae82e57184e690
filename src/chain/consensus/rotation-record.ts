import { RotationState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { rotationKey } from '../state/consensus/consensus-keys.ts'
import { getRecord, setRecord } from '../state/records.ts'
import type { PowerChange, RotationSet } from './proposer-rotation.ts'
import { advance, applyChanges, createRotation } from './proposer-rotation.ts'

/**
 * The sets of the last, the next and the one after next height, as CometBFT has them: changes of block h are in force at h + 2,
 * so the set of h + 2 is that of h + 1 with the changes, one turn on.
 */
export function startRotation(store: StateStore, genesis: readonly PowerChange[]): void {
  const first = createRotation(genesis)
  writeRotation(store, 1, first)
  writeRotation(store, 2, advance(first))
}

/** End of block `height`. */
export function turnRotation(store: StateStore, height: number, changes: readonly PowerChange[]): void {
  const next = readRotation(store, height + 1)
  if (next !== undefined) {
    writeRotation(store, height + 2, advance(applyChanges(next, changes)))
  }
  store.delete(rotationKey(height - 1))
}

export function readRotation(store: StateStore, height: number): RotationSet | undefined {
  const record = getRecord(store, rotationKey(height), RotationState)
  return record === undefined
    ? undefined
    : { members: record.entries, proposer: record.proposer.length === 0 ? undefined : record.proposer }
}

function writeRotation(store: StateStore, height: number, { members, proposer }: RotationSet): void {
  setRecord(store, rotationKey(height), RotationState, {
    entries: [...members],
    proposer: proposer ?? new Uint8Array(0),
  })
}
