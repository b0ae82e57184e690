import { errorMessage } from '../../../lib/coded-error.ts'
import type { Logger } from '../../../lib/runtime.ts'
import type { QueryWorkDutiesResponse } from '../../../protocol/gen/tailrace/v1/query.ts'
import type { CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { Duty, DutyRole, Outgoing } from './duty.ts'
import { deadlineOf, dutyKey, newDuty, partyOf } from './duty.ts'

/** Blocks between attempts of one duty: 1, 2, 4 … at most this. */
const MOST_REST_BLOCKS = 8

export interface OutgoingDuty {
  readonly duty: Duty
  readonly outgoing: Outgoing
}

/**
 * The duties that the chain lists for this host at present, and a bell that rings whenever one of them may have become ready
 * for its next step. Bounded by what the chain lists at once.
 */
export class DutyBook {
  readonly #duties = new Map<string, Duty>()
  readonly #host: Uint8Array
  readonly #logger: Logger
  #bell = Promise.withResolvers<void>()

  constructor(host: Uint8Array, logger: Logger) {
    this.#host = host
    this.#logger = logger
  }

  /** Takes over what the chain lists. `height`: the chain's, at most; a duty finished at or below it that is listed begins anew. */
  sync(listed: QueryWorkDutiesResponse, height: number): void {
    const known = new Set<string>()
    for (const check of listed.checks) {
      this.#take('verifier', check, height, known)
    }
    for (const check of listed.rulings) {
      this.#take('arbiter', check, height, known)
    }
    for (const [key, duty] of this.#duties) {
      if (!known.has(key)) {
        this.#duties.delete(key)
        duty.gone.abort()
      }
    }
    this.ring()
  }

  /** Those that may take a step now, by deadline; but who waits in vain for its data stands behind who was not tried since. */
  startable(height: number): Duty[] {
    return [...this.#duties.values()]
      .filter((duty) => !duty.isRunning && duty.finishedHeight === undefined && duty.outgoing === undefined)
      .filter((duty) => isInTime(duty, height))
      .sort((a, b) => a.triedHeight - b.triedHeight || deadlineOf(a) - deadlineOf(b))
  }

  /** What may be sent now, the nearest deadline first. */
  sendable(height: number): OutgoingDuty[] {
    return [...this.#duties.values()]
      .flatMap((duty) => (duty.outgoing === undefined ? [] : [{ duty, outgoing: duty.outgoing }]))
      .filter(({ duty }) => isInTime(duty, height))
      .sort((a, b) => deadlineOf(a.duty) - deadlineOf(b.duty))
  }

  /** Nothing came of a step or a sending: again some blocks later. */
  rest(duty: Duty, height: number, times: number): void {
    duty.restUntil = height + Math.min(MOST_REST_BLOCKS, 2 ** Math.max(0, times - 1))
  }

  ring(): void {
    this.#bell.resolve()
    this.#bell = Promise.withResolvers()
  }

  /** The next ring. Taken before what it may change is looked at. */
  nextRing(): Promise<void> {
    return this.#bell.promise
  }

  #take(role: DutyRole, check: CheckState, height: number, known: Set<string>): void {
    const key = dutyKey(role, check)
    const before = this.#duties.get(key)
    const isListedAgain = before?.finishedHeight !== undefined && before.finishedHeight <= height
    try {
      const duty = before === undefined || isListedAgain ? newDuty(role, this.#host, check) : before
      known.add(key)
      this.#duties.set(key, duty)
      update(duty, check)
    } catch (error) {
      this.#logger.log('warn', 'duty not understood', { key, error: errorMessage(error) })
    }
  }
}

/** What is sent now is in the next block at the earliest. */
function isInTime(duty: Duty, height: number): boolean {
  return duty.restUntil <= height && height < deadlineOf(duty)
}

function update(duty: Duty, check: CheckState): void {
  duty.check = check
  const commit = partyOf(duty)?.commit
  if (commit === undefined || commit.length === 0) {
    return
  }
  duty.committed = commit
  if (duty.outgoing?.kind === 'commit' || duty.outgoing?.kind === 'commit_ruling') {
    // It arrived, although the answer to its sending did not.
    duty.outgoing = undefined
  }
}
