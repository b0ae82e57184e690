/** The one JSON object that a check prints: what happened, as the chain has it. */
import type { ChainPort } from '../../../src/host/ports.ts'
import type { CheatKind } from './check-arguments.ts'
import { findConviction } from './find-conviction.ts'
import type { FollowOutcome } from './follow.ts'
import { CHEATER_MONIKER, hostNamed } from './follow.ts'
import type { HostTotals, NetworkWatch } from './watch-network.ts'
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
  readonly cheater?: CheaterSummary
  readonly honest?: { readonly faults: number; readonly convicted: number }
}

export interface SummaryParts {
  readonly chain: ChainPort
  readonly rpcUrl: string
  readonly watch: NetworkWatch
  readonly outcome: FollowOutcome
  readonly cheat: CheatKind | undefined
  readonly startedAtMs: number
}

export async function summarize(parts: SummaryParts, signal: AbortSignal): Promise<CheckSummary> {
  const { chain, watch, outcome, cheat } = parts
  await watch.poll(signal)
  const entries = [...watch.totals.values()]
  const matches = await Promise.all(entries.map(({ record }) => ledgerMatches(chain, record, signal)))
  const honest = entries.filter(({ record }) => cheat === undefined || record.moniker !== CHEATER_MONIKER)
  const faults = honest.reduce((sum, { record }) => sum + Number(record.faults), 0)
  const hosts = entries.map((entry) => hostSummary(entry, outcome.appAddress, cheat))
  const cheater = cheat === undefined ? undefined : await cheaterSummary(parts, cheat, signal)
  const app = hosts.find((host) => host.role === 'app')
  const holds = [
    app !== undefined && app.backend === 'webgpu' && app.findsVerified > 0 && app.weightPpm > 0 && app.earned !== '0',
    matches.every(Boolean),
    faults === 0,
    cheater === undefined || isCaught(cheater),
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
    ...(cheater === undefined ? {} : { cheater, honest: { faults, convicted: faults } }),
  }
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
  }
}

async function cheaterSummary(parts: SummaryParts, kind: CheatKind, signal: AbortSignal): Promise<CheaterSummary> {
  const record = hostNamed(parts.watch, CHEATER_MONIKER)
  const entry = record && parts.watch.totals.get(record.owner)
  if (record === undefined || entry === undefined) {
    throw new Error('the cheater never registered')
  }
  const conviction = await findConviction(parts.rpcUrl, record, signal)
  const ledger = await parts.chain.ledger(record.owner, 0n, signal)
  const earnedInEpoch = ledger.entries
    .filter((line) => line.kind === 'hold' && line.epoch === conviction.epoch)
    .reduce((sum, line) => sum + BigInt(line.amount), 0n)
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
      weightPpm: Number(record.weightPpm),
      reputationPpm: Number(record.reputationPpm),
      earnedInEpoch: earnedInEpoch.toString(),
    },
  }
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
