/** The one JSON object that a check prints: what happened, as the chain has it. */
import type { CheatKind } from './check-arguments.ts'
import { isWithholding } from './check-arguments.ts'
import { findConviction, requireTx } from './find-conviction.ts'
import type { FollowOutcome } from './follow.ts'
import { CHEATER_MONIKER, hostNamed } from './follow.ts'
import type { PlacedCompletion } from './orders.ts'
import type { HostTotals, NetworkWatch, ObservedChain } from './watch-network.ts'
import { ledgerMatches } from './watch-network.ts'

export interface HostSummary {
  readonly address: string
  readonly role: 'app' | 'companion' | 'cheater'
  readonly backend: string
  readonly shape: string
  readonly finds: number
  readonly findsVerified: number
  readonly weightPpm: number
  readonly reputationPpm: number
  readonly held: string
  readonly earned: string
  readonly receipts: number
  readonly checksPassed: number
  readonly checksFailed: number
}

export interface CheaterSummary {
  readonly address: string
  readonly kind: CheatKind
  readonly before: { readonly weightPpm: number; readonly reputationPpm: number }
  readonly caughtBy: string
  readonly faultCode: string
  readonly evidenceTx: string
  readonly height: number
  readonly after: { readonly weightPpm: number; readonly reputationPpm: number; readonly earnedInEpoch: string }
}

export interface CheckSummary {
  readonly ok: boolean
  readonly chainId: string
  readonly height: number
  readonly epochs: number
  readonly seconds: number
  readonly hosts: readonly HostSummary[]
  readonly ledgerMatchesChain: boolean
  readonly clickToFirstFindMs: number
  readonly clickToFirstEarningMs: number
  /** Completions that the developer got. */
  readonly orders: number
  readonly batches: number
  readonly receiptsVerifiedOffline: number
  readonly cheater?: CheaterSummary
  readonly honest?: { readonly faults: number; readonly convicted: number }
}

export interface SummaryParts {
  readonly chain: ObservedChain
  readonly rpcUrl: string
  readonly watch: NetworkWatch
  readonly outcome: FollowOutcome
  readonly cheat: CheatKind | undefined
  readonly startedAtMs: number
  readonly orders: readonly PlacedCompletion[]
  readonly receiptsVerifiedOffline: number
}

export async function summarize(parts: SummaryParts, signal: AbortSignal): Promise<CheckSummary> {
  const { chain, watch, outcome, cheat } = parts
  await watch.poll(signal)
  const entries = [...watch.totals.values()]
  const matches = await Promise.all(entries.map(({ record }) => ledgerMatches(chain, record.owner, signal)))
  const honest = entries.filter(({ record }) => cheat === undefined || record.moniker !== CHEATER_MONIKER)
  const faults = honest.reduce((sum, { record }) => sum + Number(record.faults), 0)
  const hosts = entries.map((entry) => hostSummary(entry, outcome.appAddress, cheat))
  const cheater = cheat === undefined ? undefined : await cheaterSummary(parts, cheat, signal)
  const app = hosts.find((host) => host.role === 'app')
  const batches = entries.reduce((sum, { work }) => sum + work.batches.length, 0)
  const holds = [
    app !== undefined && app.backend === 'webgpu' && app.findsVerified > 0 && app.weightPpm > 0 && app.earned !== '0',
    matches.every(Boolean),
    faults === 0,
    isServed(parts, hosts) && batches > 0 && parts.receiptsVerifiedOffline > 0,
    honest.every(({ work }) => work.checksFailed === 0 && work.withheld === 0),
    cheater === undefined || (isWithholding(cheat) ? isRefunded(cheater) : isCaught(cheater)),
  ]
  return {
    ok: holds.every(Boolean),
    chainId: chain.chainId,
    height: Number(watch.epoch()?.height ?? 0n),
    epochs: watch.closedEpochs(),
    seconds: Math.round((Date.now() - parts.startedAtMs) / 1_000),
    hosts,
    ledgerMatchesChain: matches.every(Boolean),
    clickToFirstFindMs: outcome.clickToFirstFindMs,
    clickToFirstEarningMs: outcome.clickToFirstEarningMs,
    orders: parts.orders.length,
    batches,
    receiptsVerifiedOffline: parts.receiptsVerifiedOffline,
    ...(cheater === undefined ? {} : { cheater, honest: { faults, convicted: faults } }),
  }
}

/** Six completions, half of them streamed, two by the app's own host, and a check of somebody's work passed. */
function isServed({ orders, outcome }: SummaryParts, hosts: readonly HostSummary[]): boolean {
  const own = orders.filter(({ executor }) => executor === outcome.appAddress).length
  const streamed = orders.filter((order) => order.streamed).length
  const passed = hosts.reduce((sum, host) => sum + host.checksPassed, 0)
  return orders.length >= 6 && own >= 2 && streamed >= 2 && passed >= 1
}

function hostSummary(entry: HostTotals, appAddress: string, cheat: CheatKind | undefined): HostSummary {
  const { record } = entry
  const isCheater = cheat !== undefined && record.moniker === CHEATER_MONIKER
  const earned = BigInt(record.held || '0') + BigInt(record.bond || '0') + BigInt(record.credited || '0')
  return {
    address: record.owner,
    role: record.owner === appAddress ? 'app' : isCheater ? 'cheater' : 'companion',
    backend: record.attestation?.backend ?? '',
    shape: record.shape,
    finds: Number(entry.finds),
    findsVerified: Number(entry.findsVerified),
    weightPpm: Number(record.weightPpm),
    reputationPpm: Number(record.reputationPpm),
    held: record.held || '0',
    earned: earned.toString(),
    receipts: entry.work.receipts,
    checksPassed: entry.work.checksPassed,
    checksFailed: entry.work.checksFailed,
  }
}

async function cheaterSummary(parts: SummaryParts, kind: CheatKind, signal: AbortSignal): Promise<CheaterSummary> {
  const record = hostNamed(parts.watch, CHEATER_MONIKER)
  const entry = record && parts.watch.totals.get(record.owner)
  if (record === undefined || entry === undefined) {
    throw new Error('the cheater never registered')
  }
  if (isWithholding(kind)) {
    return withheldSummary(parts, kind, entry, signal)
  }
  const conviction = await findConviction(parts.rpcUrl, record, signal)
  const ledger = await parts.chain.ledger(record.owner, 0n, signal)
  // What it held before was taken by the conviction: it earned what it still got for that epoch afterwards.
  const earnedInEpoch = ledger.entries
    .filter((line) => line.kind === 'hold' && line.epoch === conviction.epoch && line.height > record.lastFaultHeight)
    .reduce((sum, line) => sum + BigInt(line.amount), 0n)
  const after = entry.afterFault
  if (after === undefined) {
    throw new Error('the cheater was never seen after its conviction')
  }
  return {
    address: record.owner,
    kind,
    before: {
      weightPpm: Number(entry.beforeFault?.weightPpm ?? 0n),
      reputationPpm: Number(entry.beforeFault?.reputationPpm ?? 0n),
    },
    caughtBy: conviction.finder,
    faultCode: record.lastFaultCode,
    evidenceTx: record.lastFaultTx,
    height: Number(record.lastFaultHeight),
    after: {
      weightPpm: Number(after.weightPpm),
      reputationPpm: Number(after.reputationPpm),
      earnedInEpoch: earnedInEpoch.toString(),
    },
  }
}

/** No conviction: the batch went back to its payers, and the same sum once more was taken. The evidence is the batch. */
async function withheldSummary(
  { chain, rpcUrl }: SummaryParts,
  kind: CheatKind,
  { record, work, beforeFault }: HostTotals,
  signal: AbortSignal,
): Promise<CheaterSummary> {
  const refunded = work.batches.find(({ state }) => state === 'refunded')
  const { entries } = await chain.ledger(record.owner, 0n, signal)
  const debit = entries.find(({ reason }) => reason === 'opening_withheld')
  if (refunded === undefined || debit === undefined) {
    throw new Error('no batch of the cheater was refunded')
  }
  await requireTx(rpcUrl, refunded.txHash, signal)
  const inEpoch = (reason: string): bigint =>
    entries
      .filter((line) => line.epoch === refunded.epoch && line.reason === reason)
      .reduce((sum, line) => sum + BigInt(line.amount), 0n)
  const fromOrders = inEpoch('order_income') - inEpoch('opening_withheld') - inEpoch('withheld_penalty')
  return {
    address: record.owner,
    kind,
    before: {
      weightPpm: Number(beforeFault?.weightPpm ?? 0n),
      reputationPpm: Number(beforeFault?.reputationPpm ?? 0n),
    },
    caughtBy: 'draw',
    faultCode: debit.reason,
    evidenceTx: refunded.txHash,
    height: Number(debit.height),
    after: {
      weightPpm: Number(record.weightPpm),
      reputationPpm: work.reputationPpm,
      earnedInEpoch: (fromOrders > 0n ? fromOrders : 0n).toString(),
    },
  }
}

/** Whoever keeps openings back earns nothing by its batch and gains no reputation; its weight, which races gave, stays (protocol §4). */
function isRefunded(cheater: CheaterSummary): boolean {
  return cheater.before.weightPpm > 0 && cheater.after.reputationPpm === 0 && cheater.after.earnedInEpoch === '0'
}

function isCaught(cheater: CheaterSummary): boolean {
  return (
    cheater.before.weightPpm > 0 &&
    cheater.after.weightPpm === 0 &&
    cheater.after.reputationPpm === 0 &&
    cheater.after.earnedInEpoch === '0' &&
    cheater.evidenceTx !== '' &&
    cheater.faultCode !== ''
  )
}
