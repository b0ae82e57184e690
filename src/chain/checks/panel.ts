import { compareBytes, equalBytes } from '../../lib/bytes.ts'
import type { BatchState, CheckerState, RosterEntry } from '../../protocol/gen/tailrace/v1/state.ts'
import { CheckVerdict } from '../../protocol/gen/tailrace/v1/tx.ts'
import { drawArbiters, drawCheckers, drawCustodian, isAudited, prefersOwnClass } from '../../protocol/work/batch.ts'
import type { BlockContext, EndContext } from '../context.ts'
import { isBarred, readHost } from '../state/hosts.ts'
import { candidatesOf, newestRoster } from '../state/work/rosters.ts'
import { readService } from '../state/work/services.ts'

/** Whom the randomness may pick for one batch: hosts of the model's newest roster that still take part, never the executor. */
export interface Panel {
  readonly batch: BatchState
  readonly eligible: readonly RosterEntry[]
  /** What the executor says that it serves with. */
  readonly numericClass: string
}

/** So many of the executor's class make a choice. */
const ENOUGH_OF_CLASS = 2

export function panelOf(context: BlockContext, batch: BatchState): Panel {
  const entries = newestRoster(context.store, batch.model)?.entries ?? []
  const eligible = entries.filter(({ host }) => !equalBytes(host, batch.executor) && takesPart(context, host))
  const numericClass = readService(context.store, batch.executor, batch.model)?.numericClass ?? ''
  return { batch, eligible, numericClass }
}

/** Empty where nobody else is eligible. */
export function pickCustodian(context: EndContext, { batch, eligible }: Panel): Uint8Array {
  const drawn = drawCustodian(context.randomness, batch.id, batch.executor, candidatesOf(eligible))
  return drawn ?? new Uint8Array(0)
}

/**
 * The verifiers of a point, with this block's R. An audited point has one more, but only where somebody is left who could be
 * an arbiter: two who agree and nobody to judge them would be worth less than one.
 */
export function pickCheckers(
  context: EndContext,
  panel: Panel,
  point: number,
  excluded: readonly Uint8Array[],
): CheckerState[] {
  const { randomness, params } = context
  const { batch, eligible, numericClass } = panel
  const { checkersPerPoint, auditPpm } = params.serving
  const canAudit = eligible.length > checkersPerPoint + 1
  const count =
    canAudit && isAudited(randomness, batch.id, point, BigInt(auditPpm)) ? checkersPerPoint + 1 : checkersPerPoint
  const free = eligible.filter(({ host }) => !isAmong(excluded, host))
  const own = free.filter((entry) => entry.numericClass === numericClass)
  const others = free.filter((entry) => entry.numericClass !== numericClass)
  const wantsOwn = prefersOwnClass(randomness, batch.id, point) && own.length >= ENOUGH_OF_CLASS
  const preferred = wantsOwn ? own : others
  const first = drawCheckers(randomness, batch.id, point, [], candidatesOf(preferred), count)
  const rest = drawCheckers(randomness, batch.id, point, first, candidatesOf(free), count - first.length)
  return [...first, ...rest].map(newChecker)
}

/** Arbiters of a disputed check: any numeric class, they rule with the reference engine. In address order. */
export function pickArbiters(
  context: EndContext,
  { batch, eligible }: Panel,
  point: number,
  parties: readonly Uint8Array[],
): Uint8Array[] {
  const count = context.params.serving.arbiters
  const candidates = candidatesOf(eligible)
  return drawArbiters(context.randomness, batch.id, point, parties, candidates, count).sort(compareBytes)
}

function takesPart(context: BlockContext, owner: Uint8Array): boolean {
  const host = readHost(context.store, owner)
  return host?.active === true && !isBarred(host, context.epoch.epoch)
}

function isAmong(hosts: readonly Uint8Array[], host: Uint8Array): boolean {
  return hosts.some((other) => equalBytes(other, host))
}

function newChecker(host: Uint8Array): CheckerState {
  return {
    host,
    commit: new Uint8Array(0),
    commitHeight: 0n,
    verdict: CheckVerdict.CHECK_VERDICT_UNSPECIFIED,
    maxMargin: 0,
    softMargins: 0,
    scoresHash: new Uint8Array(0),
    txHash: '',
  }
}
