/** What the why-ledger comes to: running sums, sums by epoch, and whether all of it is what the chain says. Pure, in utail. */
import type { LedgerEntryWire, LedgerTotalsWire, Standing } from '../../../ipc/snapshot.ts'

/** What an entry changes of all that was ever earned and not taken; movements between hold, bond and balance change nothing. */
export function netOf({ kind, amount }: LedgerEntryWire): bigint {
  switch (kind) {
    case 'hold':
      return BigInt(amount)
    case 'debit':
      return -BigInt(amount)
    case 'credit':
    case 'bond':
    case 'zero':
    case 'weight':
      return 0n
  }
}

/** Earned less taken, over all entries ever written. */
export function netTotal(totals: LedgerTotalsWire): bigint {
  return BigInt(totals.held) - BigInt(totals.debitedHeld) - BigInt(totals.debitedBond)
}

/** By sequence: the sum right after each entry. Counted back from the totals, so that entries no longer kept are in it. */
export function runningSums(
  entries: readonly LedgerEntryWire[],
  totals: LedgerTotalsWire | null,
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>()
  if (totals === null || entries[0]?.sequence !== totals.lastSequence) {
    return sums
  }
  let sum = netTotal(totals)
  for (const entry of entries) {
    sums.set(entry.sequence, sum)
    sum -= netOf(entry)
  }
  return sums
}

export interface Balance {
  readonly earned: bigint
  readonly taken: bigint
  readonly held: bigint
  readonly bond: bigint
  readonly credited: bigint
}

/** Where everything earned is, by the ledger alone. */
export function balanceOf(totals: LedgerTotalsWire): Balance {
  const credited = BigInt(totals.credited)
  const bonded = BigInt(totals.bonded)
  const earned = BigInt(totals.held)
  return {
    earned,
    taken: BigInt(totals.debitedHeld) + BigInt(totals.debitedBond),
    held: earned - credited - bonded - BigInt(totals.debitedHeld),
    bond: bonded - BigInt(totals.debitedBond),
    credited,
  }
}

/** Whether the ledger's sums are what the chain's record of this host says, to the last unit. */
export function isSameAsChain(balance: Balance, standing: Pick<Standing, 'held' | 'bond' | 'credited'>): boolean {
  return (
    balance.held === BigInt(standing.held) &&
    balance.bond === BigInt(standing.bond) &&
    balance.credited === BigInt(standing.credited)
  )
}

/** Whether entries that reach back to the first one add up to the totals. */
export function isSumOfEntries(entries: readonly LedgerEntryWire[], totals: LedgerTotalsWire): boolean {
  const sum = (kind: LedgerEntryWire['kind']) =>
    entries.reduce((total, entry) => (entry.kind === kind ? total + BigInt(entry.amount) : total), 0n)
  return (
    sum('hold') === BigInt(totals.held) &&
    sum('credit') === BigInt(totals.credited) &&
    sum('bond') === BigInt(totals.bonded) &&
    sum('debit') === BigInt(totals.debitedHeld) + BigInt(totals.debitedBond)
  )
}

export const SOURCES = ['races', 'orders', 'checks'] as const
export type Source = (typeof SOURCES)[number]

export type EpochSums = Readonly<Record<Source | 'taken', bigint>> & { readonly epoch: number }

/** What each epoch came to, oldest first, without gaps; at most the newest `limit`. */
export function sumsByEpoch(entries: readonly LedgerEntryWire[], limit: number): readonly EpochSums[] {
  const sums = new Map<number, Record<Source | 'taken', bigint>>()
  for (const entry of entries) {
    const own = sums.get(entry.epoch) ?? { races: 0n, orders: 0n, checks: 0n, taken: 0n }
    sums.set(entry.epoch, own)
    const amount = netOf(entry)
    if (amount < 0n) {
      own.taken -= amount
    } else {
      own[sourceOf(entry.reason)] += amount
    }
  }
  if (sums.size === 0) {
    return []
  }
  const newest = Math.max(...sums.keys())
  const oldest = Math.max(Math.min(...sums.keys()), newest - limit + 1)
  return Array.from({ length: newest - oldest + 1 }, (_, index) => {
    const epoch = oldest + index
    return { epoch, ...(sums.get(epoch) ?? { races: 0n, orders: 0n, checks: 0n, taken: 0n }) }
  })
}

function sourceOf(reason: string): Source {
  switch (reason) {
    case 'emission_share':
      return 'races'
    case 'check_reward':
      return 'checks'
    default:
      return 'orders'
  }
}
