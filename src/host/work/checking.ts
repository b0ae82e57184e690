/**
 * Checks of other hosts' work: as a verifier and as an arbiter (protocol §4). Invariant: what is on chain decides what is done
 * next, so a restart needs only what was committed to (checks/commitment.ts); and one pass at a time is computed, the
 * nearest deadline first, so that orders of this host's own are not starved.
 * Read next: checks/verifying-step.ts and ruling.ts (what is done for one point), checks/find-work.ts (where the data comes
 * from), checks/duty-book.ts (what is under way), checks/sending.ts (what the chain is told), overcommit.ts.
 */
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import { isOurDevice } from '../joining.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { DoneCheck } from './check-log.ts'
import { CheckLog } from './check-log.ts'
import { answerCalls } from './checks/answer-calls.ts'
import type { CheckContext } from './checks/check-context.ts'
import type { CheckingComponents } from './checks/checking-components.ts'
import type { Duty } from './checks/duty.ts'
import { NEVER_TRIED } from './checks/duty.ts'
import { DutyBook } from './checks/duty-book.ts'
import { createWorkFinder } from './checks/find-work.ts'
import { createScoring } from './checks/scoring.ts'
import { sendOutgoing } from './checks/sending.ts'
import { verifyingStep } from './checks/verifying-step.ts'
import type { Overcommit } from './overcommit.ts'
import { createOvercommit } from './overcommit.ts'
import { rulingStep } from './ruling.ts'

export interface CheckingOptions {
  /** Passes computed at once. Default 1. */
  readonly maxParallel?: number
  /** Points for which data is fetched or computed at once. Default 8. */
  readonly maxSteps?: number
  /** How long one source of data is waited for before the next is asked too. Default 1 s. */
  readonly patienceMs?: number
  /** How long one source may take in all. Default 10 s. */
  readonly answerMs?: number
}

/** Built once; a WorkContext fits as components. */
export interface Checking {
  /** By name; each runs until its signal aborts, and may be run again after a failure. */
  readonly tasks: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>
  /** What was checked since the start, newest first, at most 30. */
  log(): readonly DoneCheck[]
}

const DEFAULTS = { maxParallel: 1, maxSteps: 8, patienceMs: 1_000, answerMs: 10_000 }

export function createChecking(
  host: HostContext,
  components: CheckingComponents,
  options: CheckingOptions = {},
): Checking {
  const settings = { ...DEFAULTS, ...options }
  const { peers, keys, chain, store, view } = components
  const log = new CheckLog()
  const context: CheckContext = {
    peers,
    keys,
    chain,
    store,
    host,
    view,
    log,
    book: new DutyBook(decodeAddress(host.keys.ownerAddress), host.logger),
    finder: createWorkFinder(host, components, settings),
    scoring: createScoring(components, settings),
  }
  const overcommit = createOvercommit(host, components)
  return {
    tasks: {
      check_duties: (signal) => forEachSnapshot(host, 'check_duties', isOurs, followDuties, signal),
      check_steps: (signal) => takeSteps(context, overcommit, settings.maxSteps, signal),
      check_sending: (signal) => sendOutgoing(context, signal),
      check_calls: (signal) => answerCalls(host, components, signal),
      overcommit: overcommit.run,
    },
    log: () => log.entries(),
  }

  /** Also after this host has left: what is drawn for it is answered as long as the process runs. */
  function isOurs({ record }: ChainSnapshot): boolean {
    return record !== undefined && isOurDevice(host, record)
  }

  async function followDuties({ height }: ChainSnapshot, signal: AbortSignal): Promise<void> {
    context.book.sync(await chain.workDuties(host.keys.ownerAddress, signal), height)
  }
}

/** Starts the next step of each duty that is ready for one, so many at once. */
async function takeSteps(
  context: CheckContext,
  overcommit: Overcommit,
  maxSteps: number,
  signal: AbortSignal,
): Promise<void> {
  const { book, host } = context
  const running = new Set<Promise<void>>()
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  while (!signal.aborted) {
    const rung = book.nextRing()
    const snapshot = host.watch.latest()
    for (const duty of book.startable(snapshot?.height ?? 0).slice(0, maxSteps - running.size)) {
      if (snapshot === undefined) {
        break
      }
      const step = takeStep(context, overcommit, duty, snapshot, signal).finally(() => {
        running.delete(step)
        book.ring()
      })
      running.add(step)
    }
    await Promise.race([rung, ended])
  }
  await Promise.allSettled(running)
}

/** Never rejects. */
async function takeStep(
  context: CheckContext,
  overcommit: Overcommit,
  duty: Duty,
  snapshot: ChainSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const { host, book } = context
  const either = AbortSignal.any([signal, duty.gone.signal])
  duty.isRunning = true
  try {
    await noteOrder(context, overcommit, duty, either)
    duty.outgoing =
      duty.role === 'verifier'
        ? await verifyingStep(context, duty, snapshot, either)
        : await rulingStep(context, duty, either)
  } catch (error) {
    if (!either.aborted) {
      const fields = { check: duty.key, code: errorCode(error), error: errorMessage(error) }
      host.logger.log('warn', 'check step failed', fields)
      duty.failures += 1
    }
  } finally {
    duty.isRunning = false
  }
  if (duty.outgoing === undefined) {
    duty.triedHeight = host.watch.latest()?.height ?? snapshot.height
    book.rest(duty, duty.triedHeight, duty.failures)
  }
}

/** Once for each duty; that it fails is no reason not to check. */
async function noteOrder(
  { host }: CheckContext,
  overcommit: Overcommit,
  duty: Duty,
  signal: AbortSignal,
): Promise<void> {
  if (duty.triedHeight !== NEVER_TRIED || duty.committed !== undefined) {
    return
  }
  try {
    await overcommit.note(duty.subject.signedOrder, signal)
  } catch (error) {
    signal.throwIfAborted()
    host.logger.log('debug', 'order not noted', { check: duty.key, code: errorCode(error) })
  }
}
