/**
 * Builds the one value that the screen shows from what the host and the chain say. Pure. Invariant: no string of the network
 * reaches the screen longer than the contract's bounds: monikers and codes from chain are cut, lists are capped.
 */

import type { HostRecord, LedgerEntry } from '../../host/ports.ts'
import type { HostView, Notice } from '../../host/view.ts'
import { encodeDeviceReport } from '../../ipc/compute-codec.ts'
import type {
  LeaseState,
  LedgerEntryWire,
  LedgerTotalsWire,
  NetworkHost,
  NetworkModel,
  ScreenSnapshot,
  Standing,
} from '../../ipc/snapshot.ts'
import { MAX_HOSTS, MAX_MODELS, RECENT_ENTRIES } from '../../ipc/snapshot.ts'
import type { GatewaySnapshot, WorkSnapshot } from '../../ipc/work-snapshot.ts'
import type { ModelRecord, QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { Params } from '../../protocol/params.ts'
import type { SnapshotFacts } from '../core/desks.ts'

export interface SnapshotSources extends SnapshotFacts {
  readonly version: string
  readonly nowMs: number
  readonly chainId: string
  readonly view: HostView
  readonly params: Params | undefined
  readonly hosts: readonly HostRecord[]
  /** Owner addresses whose heartbeat arrived of late. */
  readonly online: ReadonlySet<string>
  readonly models: readonly ModelRecord[]
  readonly ledger: QueryLedgerResponse | undefined
  readonly lease: LeaseState
  readonly endpoints: { readonly rpc: string; readonly screen: string }
  readonly dataFolder: string
  readonly logFolder: string
  readonly work: WorkSnapshot | null
  readonly gateway: GatewaySnapshot | null
  /** Notices of paid work; they stand among the host's own, by time. */
  readonly workNotices: readonly Notice[]
}

export function buildSnapshot(sources: SnapshotSources): ScreenSnapshot {
  const { view } = sources
  return {
    version: sources.version,
    nowMs: sources.nowMs,
    chain: { chainId: sources.chainId, height: view.epoch?.height ?? 0, connection: view.connection },
    rules: sources.params === undefined ? null : rulesOf(sources.params, sources.chainId),
    epoch: view.epoch ?? null,
    phase: view.phase,
    joined: view.joined,
    ownerAddress: view.ownerAddress,
    deviceAddress: view.deviceAddress,
    peerId: view.peerId,
    peers: view.peers,
    device: view.device === undefined ? null : encodeDeviceReport({ backends: view.device.backends.slice(0, 8) }),
    backend: view.backend === undefined ? null : { ...view.backend, reason: view.backend.reason.slice(0, 600) },
    earningNotice: earningNoticeOf(view),
    race: view.race ?? null,
    duties: view.duties,
    standing: view.record === undefined ? null : standingOf(view.record),
    balance: view.balance.toString(),
    hosts: sources.hosts.slice(0, MAX_HOSTS).map((record) => networkHostOf(record, view.ownerAddress, sources.online)),
    hostsTotal: sources.hosts.length,
    models: sources.models.slice(0, MAX_MODELS).map(modelOf),
    ledger: (sources.ledger?.entries ?? []).slice(-RECENT_ENTRIES).reverse().map(ledgerEntryOf),
    ledgerTotals: sources.ledger === undefined ? null : ledgerTotalsOf(sources.ledger),
    notices: mergedNotices(view.notices, sources.workNotices),
    lease: sources.lease,
    work: sources.work,
    gateway: sources.gateway,
    endpoints: sources.endpoints,
    dataFolder: sources.dataFolder.slice(0, 1_024),
    logFolder: sources.logFolder.slice(0, 1_024),
    settings: sources.settings,
    wallet: sources.wallet,
    troubles: sources.troubles,
    shell: sources.shell,
    update: sources.update,
    times: timesOf(view),
  }
}

export function ledgerEntryOf(entry: LedgerEntry): LedgerEntryWire {
  return {
    sequence: entry.sequence.toString(),
    height: Number(entry.height),
    epoch: Number(entry.epoch),
    kind: entry.kind as LedgerEntryWire['kind'],
    amount: entry.amount,
    reason: entry.reason,
    txHash: entry.txHash,
  }
}

export function ledgerTotalsOf(response: QueryLedgerResponse): LedgerTotalsWire {
  return {
    lastSequence: response.lastSequence.toString(),
    held: response.totalHeld || '0',
    credited: response.totalCredited || '0',
    bonded: response.totalBonded || '0',
    debitedHeld: response.totalDebitedHeld || '0',
    debitedBond: response.totalDebitedBond || '0',
  }
}

/** Sequences name a notice on the screen: those of paid work begin where the host's can never come. */
const WORK_NOTICES_FROM = 1_000_000_000

function mergedNotices(own: readonly Notice[], ofWork: readonly Notice[]): ScreenSnapshot['notices'] {
  const work = ofWork.map((notice) => ({ ...notice, sequence: notice.sequence + WORK_NOTICES_FROM }))
  return [...own, ...work]
    .sort((a, b) => b.atMs - a.atMs || b.sequence - a.sequence)
    .slice(0, RECENT_ENTRIES)
    .map((notice) => ({ ...notice, fields: cutFields(notice.fields) }))
}

function cutFields(fields: Notice['fields']): Notice['fields'] {
  const entries = Object.entries(fields).slice(0, 32)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, 512) : value]),
  )
}

function rulesOf(params: Params, chainId: string): NonNullable<ScreenSnapshot['rules']> {
  return {
    network: chainId.includes('-local-') ? 'local' : 'public',
    holdEpochs: params.holdEpochs,
    minFinds: 20,
    sampleSize: params.sampleSize,
    verifiersPerHost: params.verifiersPerHost,
    emissionPerEpoch: params.emissionPerEpoch.toString(),
    bondPpm: params.bondPpm,
    weightCapPpm: params.weightCapPpm,
    priceBlocks: params.serving.priceBlocks,
  }
}

function modelOf({ id, price, hosts, contextTokens }: ModelRecord): NetworkModel {
  return { model: id.slice(0, 64), price: price.toString(), hosts, contextTokens }
}

/** A processor or a software adapter races, but slowly: the person should know before waiting for earnings. */
function earningNoticeOf(view: HostView): ScreenSnapshot['earningNotice'] {
  const backend = view.backend
  if (backend === undefined) {
    return null
  }
  const report = view.device?.backends.find((candidate) => candidate.kind === backend.kind)
  const attemptsPerSecond = Math.round(report?.attemptsPerSecond ?? 0)
  if (backend.kind === 'cpu') {
    return { code: 'racing_on_cpu', fields: { reason: backend.reason.slice(0, 512), attemptsPerSecond } }
  }
  return report?.isSoftware === true ? { code: 'software_adapter', fields: { attemptsPerSecond } } : null
}

function standingOf(record: HostRecord): Standing {
  return {
    active: record.active,
    shape: record.shape,
    moniker: record.moniker.slice(0, 64),
    registeredHeight: Number(record.registeredHeight),
    weight: record.weight || '0',
    weightPpm: Number(record.weightPpm),
    reputationPpm: Number(record.reputationPpm),
    held: record.held || '0',
    bond: record.bond || '0',
    credited: record.credited || '0',
    faults: Number(record.faults),
    lastFaultCode: record.lastFaultCode,
    lastFaultTx: record.lastFaultTx,
    lastFaultHeight: Number(record.lastFaultHeight),
    raceEpoch: Number(record.raceEpoch),
    finds: Number(record.finds),
    findsVerified: Number(record.findsVerified),
    raceVerdict: record.raceVerdict,
  }
}

function networkHostOf(record: HostRecord, self: string, online: ReadonlySet<string>): NetworkHost {
  const isSelf = record.owner === self
  return {
    address: record.owner,
    moniker: record.moniker.slice(0, 64),
    active: record.active,
    weightPpm: Number(record.weightPpm),
    reputationPpm: Number(record.reputationPpm),
    finds: Number(record.finds),
    raceVerdict: record.raceVerdict,
    faults: Number(record.faults),
    online: isSelf || online.has(record.owner),
    isSelf,
  }
}

function timesOf(view: HostView): ScreenSnapshot['times'] {
  const { joinRequestedAtMs, firstFindAtMs, firstEarningAtMs } = view.times
  const since = (atMs: number | undefined): number | null =>
    joinRequestedAtMs === undefined || atMs === undefined ? null : Math.max(0, atMs - joinRequestedAtMs)
  return {
    joinRequestedAtMs: joinRequestedAtMs ?? null,
    firstFindAtMs: firstFindAtMs ?? null,
    firstEarningAtMs: firstEarningAtMs ?? null,
    clickToFirstFindMs: since(firstFindAtMs),
    clickToFirstEarningMs: since(firstEarningAtMs),
  }
}
