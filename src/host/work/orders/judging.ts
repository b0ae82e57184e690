/**
 * The verdict on an order, as far as this host's own node can give it. Nodes differ by a block or two: the gateway may have read a
 * deposit or a price that this host's node does not show yet. Invariant: a fault that a later block may lift is told only when the
 * host has seen so many blocks above the order's height as gateways may be ahead, or the time is up in which the gateway waits. Read
 * next: acceptance.ts (which faults those are), order-facts.ts.
 */
import { errorCode } from '../../../lib/coded-error.ts'
import type { InferenceReport } from '../../../protocol/inference.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import { withTimeLimit } from '../../tasks.ts'
import type { WorkContext } from '../work-context.ts'
import type { OpenedOrder, OrderFacts } from './acceptance.ts'
import { isLiftedByBlocks, orderFault } from './acceptance.ts'
import { awaitHeight, gatherFacts } from './order-facts.ts'

export interface Verdict {
  readonly facts: OrderFacts
  /** Undefined where the order is to be taken. */
  readonly fault: string | undefined
}

/** Less than a gateway waits for its answer (WORK_LIMITS.acceptMs). */
const JUDGE_TIMEOUT_MS = 5_000

/** @throws CodedError `timed_out` where the chain said nothing in time, the signal's reason, or what the chain port throws */
export async function judgeOrder(
  work: WorkContext,
  opened: OpenedOrder,
  report: InferenceReport,
  signal: AbortSignal,
): Promise<Verdict> {
  const { clock, watch } = work.host
  const verdicts: Verdict[] = []
  const judge = async (end: AbortSignal): Promise<Verdict> => {
    let { arrival, snapshot } = await awaitHeight(work, opened, end)
    for (;;) {
      const facts = await gatherFacts(work, opened, report, { arrival, snapshot }, end)
      const verdict = { facts, fault: orderFault(opened, facts) }
      if (!isWorthWaiting(opened, verdict)) {
        return verdict
      }
      verdicts.push(verdict)
      snapshot = await watch.after(facts.height, end)
    }
  }
  try {
    return await withTimeLimit(clock, work.options.judgeTimeoutMs ?? JUDGE_TIMEOUT_MS, signal, judge)
  } catch (error) {
    const last = verdicts.at(-1)
    if (last === undefined || signal.aborted || errorCode(error) !== 'timed_out') {
      throw error
    }
    return last
  }
}

function isWorthWaiting(opened: OpenedOrder, { facts, fault }: Verdict): boolean {
  const isFresh = BigInt(facts.height) < opened.order.height + BigInt(WORK_LIMITS.orderAge)
  return fault !== undefined && isFresh && isLiftedByBlocks(fault, opened, facts)
}
