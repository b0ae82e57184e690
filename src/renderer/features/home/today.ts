/** What came in since midnight, by what it was for. Pure, in utail. */
import type { EarningEpoch, EarningLine } from '../../../ipc/wires/earnings-wire.ts'

export const TODAY_KINDS = ['races', 'orders', 'checks', 'taken'] as const
export type TodayKind = (typeof TODAY_KINDS)[number]

export interface Today {
  /** utail by kind; `taken` is counted upwards. */
  readonly amounts: Readonly<Record<TodayKind, bigint>>
  /** Earned less taken. */
  readonly net: bigint
  /** Epochs of today in which something came in. */
  readonly paidEpochs: number
}

const ORDER_REASONS: ReadonlySet<string> = new Set(['order_income', 'order_burn', 'check_fee', 'receipt_void'])

/** Epochs that ended at `midnightMs` or later. Moving from hold to bond and balance is no income. */
export function todayOf(epochs: readonly EarningEpoch[], midnightMs: number): Today {
  const amounts = { races: 0n, orders: 0n, checks: 0n, taken: 0n }
  let paidEpochs = 0
  for (const epoch of epochs.filter(({ endedAtMs }) => endedAtMs >= midnightMs)) {
    for (const line of epoch.lines) {
      const kind = kindOf(line)
      const signed = line.kind === 'hold' ? BigInt(line.amount) : line.kind === 'debit' ? -BigInt(line.amount) : 0n
      amounts[kind] += kind === 'taken' ? -signed : signed
    }
    paidEpochs += epoch.lines.some(({ kind, amount }) => kind === 'hold' && amount !== '0') ? 1 : 0
  }
  return { amounts, net: amounts.races + amounts.orders + amounts.checks - amounts.taken, paidEpochs }
}

/** Takes newer epochs in; those of the same number are replaced. Newest first. */
export function mergeEpochs(
  known: readonly EarningEpoch[],
  newer: readonly EarningEpoch[],
  limit: number,
): readonly EarningEpoch[] {
  const [newest] = newer
  const oldest = newer.at(-1)?.epoch ?? 0
  if (newest === undefined || newest.epoch < (known[0]?.epoch ?? 0)) {
    // Nothing, or less than was known: the chain began anew.
    return newer
  }
  return [...newer, ...known.filter(({ epoch }) => epoch < oldest)].slice(0, limit)
}

/** The last midnight of the person’s time zone. */
export function midnightOf(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0)
}

function kindOf({ kind, reason }: EarningLine): TodayKind {
  if (ORDER_REASONS.has(reason)) {
    return 'orders'
  }
  if (kind === 'debit') {
    return 'taken'
  }
  return reason === 'check_reward' ? 'checks' : 'races'
}
