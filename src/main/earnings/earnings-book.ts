/**
 * The why-ledger of one owner, summed up by epoch as it is read. Invariant: what the kept epochs come to, plus what `missing`
 * says, is the chain's own totals to the last unit; an entry counts once, however often its page is read; an epoch that may lack
 * entries is known as such. Pure: nothing here asks anybody. Read next: earnings-desk.ts (who reads the chain for it).
 */
import type { EarningLine, EarningSums } from '../../ipc/wires/earnings-wire.ts'
import { MAX_EARNING_LINES } from '../../ipc/wires/earnings-wire.ts'

/** An entry of the chain's ledger (protocol/gen/tailrace/v1/query.ts: LedgerEntry). */
export interface BookEntry {
  readonly sequence: bigint
  readonly height: bigint
  readonly epoch: bigint
  readonly kind: string
  /** utail in decimal; of `weight` a weight. */
  readonly amount: string
  readonly reason: string
}

export type Sums = Readonly<Record<keyof EarningSums, bigint>>

export interface EarningsBook {
  /** The first entry that was not read yet. */
  nextSequence(): bigint
  /** Entries ascending. Those that were read before are passed over; a gap before one marks what may be incomplete. */
  take(entries: readonly BookEntry[]): void
  /** Epochs with an entry, newest first. */
  epochs(): readonly number[]
  lines(epoch: number): readonly EarningLine[]
  /** What all kept epochs come to. */
  sums(): Sums
  /** Entries that were never read or are forgotten. */
  missingEntries(): bigint
  /** Epochs before this one may lack lines; 0 where nothing is missing. */
  completeFromEpoch(): number
}

export interface EarningsBookOptions {
  /** The epoch in which a block of this height was made. */
  readonly epochOfHeight: (height: number) => number
  /** Epochs that are kept; the oldest give way. */
  readonly maxEpochs: number
}

interface Line {
  readonly kind: EarningLine['kind']
  readonly reason: string
  amount: bigint
  entries: number
}

export const NO_SUMS: Sums = { held: 0n, credited: 0n, bonded: 0n, debitedHeld: 0n, debitedBond: 0n }

/** Stands for reasons that are no codes, and for more reasons of one epoch than a message holds. */
const OTHER = 'other'

export function createEarningsBook(options: EarningsBookOptions): EarningsBook {
  const kept = new Map<number, Map<string, Line>>()
  let next = 1n
  let skipped = 0n
  let completeFrom = 0
  function evictOldest(): void {
    const oldest = Math.min(...kept.keys())
    for (const { entries } of kept.get(oldest)?.values() ?? []) {
      skipped += BigInt(entries)
    }
    kept.delete(oldest)
    completeFrom = Math.max(completeFrom, oldest + 1)
  }
  function takeOne(entry: BookEntry): void {
    if (entry.sequence > next) {
      skipped += entry.sequence - next
      // What was skipped lies in this block at the latest, so every later epoch is whole.
      completeFrom = Math.max(completeFrom, options.epochOfHeight(Number(entry.height)) + 1)
    }
    next = entry.sequence + 1n
    const epoch = Number(entry.epoch)
    const lines = kept.get(epoch) ?? new Map<string, Line>()
    kept.set(epoch, lines)
    addTo(lines, entry)
    if (kept.size > options.maxEpochs) {
      evictOldest()
    }
  }
  return {
    nextSequence: () => next,
    take: (entries) => entries.filter(({ sequence }) => sequence >= next).forEach(takeOne),
    epochs: () => [...kept.keys()].sort((a, b) => b - a),
    lines: (epoch) =>
      [...(kept.get(epoch)?.values() ?? [])].map((line) => ({ ...line, amount: line.amount.toString() })),
    sums: () => sumLines([...kept.values()].flatMap((lines) => [...lines.values()])),
    missingEntries: () => skipped,
    completeFromEpoch: () => completeFrom,
  }
}

function addTo(lines: Map<string, Line>, { kind, amount, reason }: BookEntry): void {
  if (!isLineKind(kind)) {
    // A weight is no amount; the epoch stays known by it.
    return
  }
  const code = /^[a-z0-9_.:-]{1,64}$/.test(reason) ? reason : OTHER
  // What is taken of the bond is never lumped together with what is taken of held earnings.
  const isOwnLine = code === 'slashed_bond' || lines.has(`${kind} ${code}`) || lines.size < MAX_EARNING_LINES / 2
  const key = isOwnLine ? code : OTHER
  const line = lines.get(`${kind} ${key}`) ?? { kind, reason: key, amount: 0n, entries: 0 }
  line.amount += BigInt(amount)
  line.entries += 1
  lines.set(`${kind} ${key}`, line)
}

function isLineKind(kind: string): kind is EarningLine['kind'] {
  return ['hold', 'credit', 'bond', 'debit', 'zero'].includes(kind)
}

/** The chain's own rule (chain/state/ledger.ts): a debit is one of the bond where its reason says so. */
export function sumLines(
  lines: readonly { readonly kind: string; readonly reason: string; readonly amount: bigint }[],
): Sums {
  const sums: Record<keyof EarningSums, bigint> = { ...NO_SUMS }
  for (const { kind, reason, amount } of lines) {
    switch (kind) {
      case 'hold':
        sums.held += amount
        break
      case 'credit':
        sums.credited += amount
        break
      case 'bond':
        sums.bonded += amount
        break
      case 'debit':
        sums[reason === 'slashed_bond' ? 'debitedBond' : 'debitedHeld'] += amount
    }
  }
  return sums
}
