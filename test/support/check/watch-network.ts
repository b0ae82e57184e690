/** Follows the chain as an observer and keeps what the summary needs: totals per host over all settled races. */
import type { ChainPort, HostRecord } from '../../../src/host/ports.ts'
import type {
  LedgerEntry,
  QueryEpochResponse,
  QueryLedgerResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'

export interface HostTotals {
  finds: bigint
  findsVerified: bigint
  /** Newest record. */
  record: HostRecord
  /** The record as it stood at the last settle before any fault. */
  beforeFault: HostRecord | undefined
}

export interface NetworkWatch {
  readonly totals: ReadonlyMap<string, HostTotals>
  epoch(): QueryEpochResponse | undefined
  /** Epochs whose close was seen. */
  closedEpochs(): number
  /** Reads the chain once. */
  poll(signal: AbortSignal): Promise<void>
}

export function watchNetwork(chain: ChainPort): NetworkWatch {
  const totals = new Map<string, HostTotals>()
  const counted = new Set<string>()
  let epoch: QueryEpochResponse | undefined
  return {
    totals,
    epoch: () => epoch,
    closedEpochs: () => Number(epoch?.epoch ?? 0n),
    async poll(signal) {
      const [status, hosts] = await Promise.all([chain.epoch(signal), chain.hosts(signal)])
      epoch = status
      for (const record of hosts) {
        const entry = totals.get(record.owner) ?? { finds: 0n, findsVerified: 0n, record, beforeFault: undefined }
        entry.record = record
        if (record.faults === 0n) {
          entry.beforeFault = record
        }
        // A race counts once, when its verdict has fallen.
        const key = `${record.owner} ${record.raceEpoch}`
        if (
          !counted.has(key) &&
          record.raceVerdict !== 'pending' &&
          record.raceVerdict !== 'none' &&
          record.raceVerdict !== ''
        ) {
          counted.add(key)
          entry.finds += record.finds
          entry.findsVerified += record.findsVerified
        }
        totals.set(record.owner, entry)
      }
    },
  }
}

/** Whether the why-ledger of a host adds up to what the chain holds for it, to the last unit. */
export async function ledgerMatches(chain: ChainPort, record: HostRecord, signal: AbortSignal): Promise<boolean> {
  const entries: LedgerEntry[] = []
  let page: QueryLedgerResponse
  do {
    page = await chain.ledger(record.owner, BigInt(entries.length) + 1n, signal)
    entries.push(...page.entries)
  } while (page.entries.length > 0 && BigInt(entries.length) < page.lastSequence)
  const sum = (kind: string, reason?: string): bigint =>
    entries
      .filter((entry) => entry.kind === kind && (reason === undefined || entry.reason === reason))
      .reduce((total, entry) => total + BigInt(entry.amount), 0n)
  const held = sum('hold') - sum('credit') - sum('bond') - sum('debit', 'slashed_held')
  const bond = sum('bond') - sum('debit', 'slashed_bond')
  const balance = await chain.balance(record.owner, signal)
  return (
    held === BigInt(record.held || '0') &&
    bond === BigInt(record.bond || '0') &&
    sum('credit') === BigInt(record.credited || '0') &&
    balance >= sum('credit')
  )
}
