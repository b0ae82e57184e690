/** Sums over the epochs that the chain's why-ledger gives. Amounts in utail. */
import type { EarningEpoch, EarningsPage } from '../../ipc/wires/earnings-wire.ts'

export interface EpochSums {
  /** Earned, on hold. */
  readonly held: bigint
  readonly credited: bigint
  readonly bonded: bigint
  /** Taken by a conviction. */
  readonly debited: bigint
}

export function sumsOf(epoch: EarningEpoch): EpochSums {
  const sum = (kind: EarningEpoch['lines'][number]['kind']): bigint =>
    epoch.lines.reduce((total, line) => (line.kind === kind ? total + BigInt(line.amount) : total), 0n)
  return { held: sum('hold'), credited: sum('credit'), bonded: sum('bond'), debited: sum('debit') }
}

/** Earned in the epochs that ended since then. */
export function earnedSince(page: EarningsPage, sinceMs: number): bigint {
  return page.epochs
    .filter(({ endedAtMs }) => endedAtMs >= sinceMs)
    .reduce((total, epoch) => total + sumsOf(epoch).held, 0n)
}

export function localMidnight(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0)
}
