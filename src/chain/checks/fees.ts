import { toHex } from '../../lib/bytes.ts'
import { minBigint, mulDiv, PPM } from '../../lib/fixed-point.ts'
import type { BatchState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { BlockContext } from '../context.ts'
import { isBarred, readHost } from '../state/hosts.ts'
import { debitHeld } from '../work/debit-held.ts'
import { medianOf } from './batch-terms.ts'
import { decideRuling, isSameRuling, standing } from './verdict.ts'

/** Verifiers and arbiters of one batch get at most one part in so many of what it earns. */
const FEES_PART = 5n

export interface Charges {
  readonly burned: bigint
  readonly fees: bigint
}

/** What a closed batch costs its executor: the burn, and a fee for each report and ruling that stands. */
export function chargeBatch(context: BlockContext, batch: BatchState, checks: readonly CheckState[]): Charges {
  const earned = batch.sum - batch.refunded
  const { executor, txHash } = batch
  const epoch = Number(batch.epoch)
  const burn = mulDiv(earned, BigInt(context.params.serving.burnPpm), PPM)
  const burned = debitHeld(context, executor, burn, epoch, 'order_burn', txHash, 'burn')
  let fees = 0n
  for (const { host, amount } of feesOf(context, batch, checks, earned)) {
    const destination = { host, epoch: context.epoch.epoch, reason: 'check_reward' as const }
    fees += debitHeld(context, executor, amount, epoch, 'check_fee', txHash, destination)
  }
  return { burned, fees }
}

interface Fee {
  readonly host: Uint8Array
  readonly amount: bigint
}

/** One entry for each host, in address order. */
function feesOf(context: BlockContext, batch: BatchState, checks: readonly CheckState[], earned: bigint): Fee[] {
  const workers = checks.flatMap(paidHosts).filter((owner) => isPayable(context, owner))
  if (workers.length === 0) {
    return []
  }
  const wanted = mulDiv(medianOf(context, batch.model), BigInt(context.params.serving.checkFeePpm), PPM)
  const most = earned / (FEES_PART * BigInt(workers.length))
  const fee = minBigint(wanted, most)
  const byHost = new Map<string, Fee>()
  for (const host of workers) {
    const amount = (byHost.get(toHex(host))?.amount ?? 0n) + fee
    byHost.set(toHex(host), { host, amount })
  }
  return [...byHost.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}

/** A conviction takes all that a host holds: what comes later in its epoch is not paid either. */
function isPayable(context: BlockContext, owner: Uint8Array): boolean {
  const host = readHost(context.store, owner)
  return host !== undefined && !isBarred(host, context.epoch.epoch)
}

/** Whose work on a passed check stands: the verifiers that the outcome confirms, and the arbiters who agreed. */
function paidHosts(check: CheckState): Uint8Array[] {
  if (check.state !== 'passed') {
    return []
  }
  const decision = decideRuling(check.arbiters)
  const agreeing = check.arbiters.filter(
    ({ ruling }) => decision !== undefined && ruling !== undefined && isSameRuling(ruling, decision),
  )
  return [...standing(check.checkers, decision), ...agreeing].map(({ host }) => host)
}
