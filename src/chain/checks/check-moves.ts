import { equalBytes } from '../../lib/bytes.ts'
import type { CheckerState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import type { CheckStateName } from '../state/work/checks.ts'
import { writeCheck } from '../state/work/checks.ts'
import { removeEvent, scheduleEvent } from '../state/work/due.ts'

/** States in which something is still to come; the others are outcomes. */
const OPEN_STATES: ReadonlySet<string> = new Set<CheckStateName>([
  'drawn',
  'opened',
  'demanded',
  'disputed',
  'committing',
  'revealing',
])

export function isOpen(check: CheckState): boolean {
  return OPEN_STATES.has(check.state)
}

/**
 * Writes the check in its next state. Invariant: an open check has one event in the queue, at its deadline; an outcome has none.
 * A deadline of this block lets the end of the block decide: many checks then share its bound on work.
 */
export function moveCheck(
  context: BlockContext,
  check: CheckState,
  state: CheckStateName,
  deadline: number,
  fields: Partial<CheckState> = {},
): CheckState {
  const { store } = context
  const { batch, point } = check
  if (check.deadlineHeight > 0n) {
    removeEvent(store, { height: Number(check.deadlineHeight), batch, point })
  }
  const next: CheckState = { ...check, ...fields, state, deadlineHeight: BigInt(deadline) }
  writeCheck(store, next)
  if (isOpen(next)) {
    scheduleEvent(store, { height: deadline, batch, point })
  }
  return next
}

/** The check's verifiers, one of them with other fields. */
export function replaceChecker(check: CheckState, owner: Uint8Array, fields: Partial<CheckerState>): CheckerState[] {
  return check.checkers.map((checker) => (equalBytes(checker.host, owner) ? { ...checker, ...fields } : checker))
}
