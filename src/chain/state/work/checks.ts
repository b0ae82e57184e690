import { toHex } from '../../../lib/bytes.ts'
import { CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { CheckVerdict } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, listRecords, setRecord } from '../records.ts'
import { readBatch } from './batches.ts'
import { checkKey, checkRange, workDutyKey, workDutyRange } from './work-keys.ts'

/**
 * Checks of drawn points. Invariant: the index of duties follows from the records: every write of a check moves its entries, so
 * a host finds what it has to do now without a look at the others.
 */
export type CheckStateName =
  | 'drawn'
  | 'opened'
  | 'demanded'
  | 'disputed'
  | 'committing'
  | 'revealing'
  | 'passed'
  | 'failed'
  | 'void'
  | 'withheld'
  | 'unchecked'

/** What a host has to do: open a leaf, check it, post its data, rule on it. */
export const WORK_DUTIES = { open: 0, check: 1, post: 2, rule: 3 } as const
type WorkDuty = (typeof WORK_DUTIES)[keyof typeof WORK_DUTIES]

export function readCheck(store: StateStore, batch: bigint, point: number): CheckState | undefined {
  return getRecord(store, checkKey(batch, point), CheckState)
}

/** Writes the record and moves the duties of the hosts that it names. Its batch must be there. */
export function writeCheck(store: StateStore, check: CheckState): void {
  const executor = readBatch(store, check.batch)?.executor
  const before = readCheck(store, check.batch, check.point)
  setRecord(store, checkKey(check.batch, check.point), CheckState, check)
  moveDuties(store, check, dutiesOf(before, executor), dutiesOf(check, executor))
}

export function removeChecks(store: StateStore, batch: bigint): void {
  const executor = readBatch(store, batch)?.executor
  for (const check of listChecks(store, batch)) {
    moveDuties(store, check, dutiesOf(check, executor), [])
    store.delete(checkKey(batch, check.point))
  }
}

/** Checks of one batch, by point. */
export function listChecks(store: StateStore, batch: bigint): CheckState[] {
  return [...listRecords(store, checkRange(batch), CheckState)].map(([, check]) => check)
}

/** Checks in which the host has this to do now, the oldest batch first, at most `limit`. */
export function checksDue(store: StateStore, host: Uint8Array, duty: WorkDuty, limit: number): CheckState[] {
  const { from, to } = workDutyRange(host, duty)
  return [...store.range(from, to, { limit })].flatMap(([key]) => {
    const view = new DataView(key.buffer, key.byteOffset)
    return readCheck(store, view.getBigUint64(key.length - 12), view.getUint32(key.length - 4)) ?? []
  })
}

interface DutyOf {
  readonly host: Uint8Array
  readonly duty: WorkDuty
}

function dutiesOf(check: CheckState | undefined, executor: Uint8Array | undefined): DutyOf[] {
  if (check === undefined) {
    return []
  }
  switch (check.state as CheckStateName) {
    case 'drawn':
      return executor === undefined ? [] : [{ host: executor, duty: WORK_DUTIES.open }]
    case 'demanded':
      return executor === undefined ? [] : [{ host: executor, duty: WORK_DUTIES.post }]
    case 'opened':
      return check.checkers
        .filter(({ verdict }) => verdict === CheckVerdict.CHECK_VERDICT_UNSPECIFIED)
        .map(({ host }) => ({ host, duty: WORK_DUTIES.check }))
    case 'committing':
      return check.arbiters
        .filter(({ commit }) => commit.length === 0)
        .map(({ host }) => ({ host, duty: WORK_DUTIES.rule }))
    case 'revealing':
      return check.arbiters
        .filter(({ commit, ruling }) => commit.length > 0 && ruling === undefined)
        .map(({ host }) => ({ host, duty: WORK_DUTIES.rule }))
    default:
      return []
  }
}

function moveDuties(
  store: StateStore,
  { batch, point }: CheckState,
  before: readonly DutyOf[],
  after: readonly DutyOf[],
): void {
  const keys = (duties: readonly DutyOf[]): Map<string, Uint8Array> =>
    new Map(
      duties.map(({ host, duty }) => {
        const key = workDutyKey(host, duty, batch, point)
        return [toHex(key), key]
      }),
    )
  const next = keys(after)
  for (const [name, key] of keys(before)) {
    if (!next.has(name)) {
      store.delete(key)
    }
  }
  for (const key of next.values()) {
    store.set(key, Uint8Array.of(1))
  }
}
