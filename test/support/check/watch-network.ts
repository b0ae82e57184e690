/** Follows the chain as an observer and keeps what the summary needs: totals per host over all settled races, and its paid work. */
import type { ChainPort, HostRecord } from '../../../src/host/ports.ts'
import type { WorkChainPort } from '../../../src/host/work/ports.ts'
import type {
  LedgerEntry,
  QueryEpochResponse,
  QueryLedgerResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'
import type { BatchState } from '../../../src/protocol/gen/tailrace/v1/state.ts'

export type ObservedChain = ChainPort & { readonly work: WorkChainPort }

export interface WorkTotals {
  readonly receipts: number
  readonly checksPassed: number
  readonly checksFailed: number
  readonly withheld: number
  readonly reputationPpm: number
  readonly batches: readonly BatchState[]
}

export interface HostTotals {
  finds: bigint
  findsVerified: bigint
  /** Newest record. */
  record: HostRecord
  work: WorkTotals
  /** The record as it stood before any fault, and before anything was withheld. */
  beforeFault: HostRecord | undefined
  /** The record as it stood last in the epoch of its last fault: the next race may give weight again. */
  afterFault: HostRecord | undefined
}

export interface NetworkWatch {
  readonly totals: ReadonlyMap<string, HostTotals>
  epoch(): QueryEpochResponse | undefined
  /** Epochs whose close was seen. */
  closedEpochs(): number
  /** Openings that this host withheld. */
  withheld(owner: string): number
  /** Reads the chain once. */
  poll(signal: AbortSignal): Promise<void>
}

export function watchNetwork(chain: ObservedChain): NetworkWatch {
  const totals = new Map<string, HostTotals>()
  const counted = new Set<string>()
  let epoch: QueryEpochResponse | undefined
  return {
    totals,
    epoch: () => epoch,
    closedEpochs: () => Number(epoch?.epoch ?? 0n),
    withheld: (owner) => totals.get(owner)?.work.withheld ?? 0,
    async poll(signal) {
      const [status, hosts] = await Promise.all([chain.epoch(signal), chain.hosts(signal)])
      const works = await Promise.all(hosts.map(({ owner }) => readWork(chain.work, owner, signal)))
      epoch = status
      for (const [index, record] of hosts.entries()) {
        const work = works[index] as WorkTotals
        const known = totals.get(record.owner)
        const entry = known ?? {
          finds: 0n,
          findsVerified: 0n,
          record,
          work,
          beforeFault: undefined,
          afterFault: undefined,
        }
        entry.record = record
        entry.work = work
        if (record.faults === 0n && work.withheld === 0) {
          entry.beforeFault = record
        }
        if (record.faults > 0n && record.lastFaultHeight >= status.startHeight) {
          entry.afterFault = record
        }
        countRace(entry, record, counted)
        totals.set(record.owner, entry)
      }
    },
  }
}

/** A race counts once, when its verdict has fallen. */
function countRace(entry: HostTotals, record: HostRecord, counted: Set<string>): void {
  const key = `${record.owner} ${record.raceEpoch}`
  if (!counted.has(key) && !['pending', 'none', ''].includes(record.raceVerdict)) {
    counted.add(key)
    entry.finds += record.finds
    entry.findsVerified += record.findsVerified
  }
}

async function readWork(work: WorkChainPort, owner: string, signal: AbortSignal): Promise<WorkTotals> {
  const [services, batches] = await Promise.all([work.services(owner, signal), work.batches(owner, 0n, signal)])
  const sum = (name: 'receipts' | 'checksPassed' | 'checksFailed' | 'withheld'): number =>
    services.reduce((total, { service }) => total + Number(service?.[name] ?? 0n), 0)
  return {
    receipts: sum('receipts'),
    checksPassed: sum('checksPassed'),
    checksFailed: sum('checksFailed'),
    withheld: sum('withheld'),
    reputationPpm: Math.max(0, ...services.map(({ reputationPpm }) => Number(reputationPpm))),
    batches,
  }
}

const LEDGER_TRIES = 20

/** Whether the why-ledger of a host adds up to what the chain holds for it, to the last unit: read within one block. */
export async function ledgerMatches(chain: ChainPort, owner: string, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 0; attempt < LEDGER_TRIES; attempt++) {
    const before = (await chain.epoch(signal)).height
    // Side by side: a busy machine has little of a block left.
    const [record, entries] = await Promise.all([chain.host(owner, signal), readLedger(chain, owner, signal)])
    const balance = await creditedBalance(chain, owner, record, signal)
    const after = (await chain.epoch(signal)).height
    if (before === after && record !== undefined) {
      return addsUp(entries, record, balance)
    }
  }
  return false
}

/** What the accounts hold that this host's credits went to: the owner's, and the one that it named for them. */
async function creditedBalance(
  chain: ChainPort,
  owner: string,
  record: HostRecord | undefined,
  signal: AbortSignal,
): Promise<bigint> {
  const own = await chain.balance(owner, signal)
  const payout = record?.payoutAddress ?? ''
  return payout === '' ? own : own + (await chain.balance(payout, signal))
}

async function readLedger(chain: ChainPort, owner: string, signal: AbortSignal): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = []
  let page: QueryLedgerResponse
  do {
    page = await chain.ledger(owner, BigInt(entries.length) + 1n, signal)
    entries.push(...page.entries)
  } while (page.entries.length > 0 && BigInt(entries.length) < page.lastSequence)
  return entries
}

function addsUp(entries: readonly LedgerEntry[], record: HostRecord, balance: bigint): boolean {
  const sum = (kind: string, reason?: string): bigint =>
    entries
      .filter((entry) => entry.kind === kind && (reason === undefined || entry.reason === reason))
      .reduce((total, entry) => total + BigInt(entry.amount), 0n)
  // All debits but the bond's come out of what is held: burns, fees, refunds, penalties, a conviction.
  const held = sum('hold') - sum('credit') - sum('bond') - (sum('debit') - sum('debit', 'slashed_bond'))
  const bond = sum('bond') - sum('debit', 'slashed_bond')
  return (
    held === BigInt(record.held || '0') &&
    bond === BigInt(record.bond || '0') &&
    sum('credit') === BigInt(record.credited || '0') &&
    balance >= sum('credit')
  )
}
