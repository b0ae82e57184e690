import { concatBytes } from '../../lib/bytes.ts'
import { mulDiv, PPM, sharePpm } from '../../lib/fixed-point.ts'
import { addressOfPublicKey, encodeAddress } from '../../protocol/address.ts'
import type { HostRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import {
  LedgerEntry,
  QueryHostRequest,
  QueryHostResponse,
  QueryHostsRequest,
  QueryHostsResponse,
  QueryLedgerRequest,
  QueryLedgerResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { REPUTATION_PER_RACE } from '../epoch/settle.ts'
import { hostOfDevice, readHost, readHostTotals } from '../state/hosts.ts'
import { hostKey, hostRange, ledgerKey } from '../state/keys.ts'
import { readLedgerTotals } from '../state/ledger.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { decodeRequest, pageSize, requireAddress } from './request.ts'

/** Hosts and why they earned what they earned. */
export const HOST_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/tailrace.v1.Query/Host', queryHost],
  ['/tailrace.v1.Query/Hosts', queryHosts],
  ['/tailrace.v1.Query/Ledger', queryLedger],
]

/** τ of the reputation, in verified races. */
const REPUTATION_HALF = 10n * REPUTATION_PER_RACE

/** ⌊10⁶ · g / (g + τ)⌋ */
export function reputationPpm(reputation: bigint): bigint {
  return mulDiv(PPM, reputation, reputation + REPUTATION_HALF)
}

function queryHost(context: QueryContext, request: Uint8Array): Uint8Array {
  const address = requireAddress(decodeRequest(QueryHostRequest, request).address)
  const host = readHost(context.store, address) ?? hostOfDevice(context.store, address)
  return QueryHostResponse.encode({
    host: host === undefined ? undefined : recordOf(context.store, host, readHostTotals(context.store).weight),
  }).finish()
}

function queryHosts(context: QueryContext, request: Uint8Array): Uint8Array {
  const { store } = context
  const { startAfter, limit } = decodeRequest(QueryHostsRequest, request)
  const size = pageSize(limit, 100, 200)
  const { from, to } = hostRange()
  // The successor of a key is the key with a zero byte behind it.
  const start = startAfter === '' ? from : concatBytes(hostKey(requireAddress(startAfter)), Uint8Array.of(0))
  const page = [...store.range(start, to, { limit: size + 1 })].map(([, bytes]) => HostState.decode(bytes))
  const totals = readHostTotals(store)
  const hosts = page.slice(0, size).map((host) => recordOf(store, host, totals.weight))
  const next = page.length > size ? (hosts.at(-1)?.owner ?? '') : ''
  return QueryHostsResponse.encode({ hosts, next, total: totals.hosts }).finish()
}

function queryLedger(context: QueryContext, request: Uint8Array): Uint8Array {
  const { store } = context
  const { host, fromSequence, limit } = decodeRequest(QueryLedgerRequest, request)
  const owner = requireAddress(host)
  const totals = readLedgerTotals(store, owner)
  const size = pageSize(limit, 200, 500)
  const range = store.range(ledgerKey(owner, fromSequence), ledgerKey(owner, totals.lastSequence + 1n), { limit: size })
  return QueryLedgerResponse.encode({
    entries: [...range].map(([, bytes]) => LedgerEntry.decode(bytes)),
    lastSequence: totals.lastSequence,
    totalHeld: totals.held,
    totalCredited: totals.credited,
    totalBonded: totals.bonded,
    totalDebitedHeld: totals.debitedHeld,
    totalDebitedBond: totals.debitedBond,
  }).finish()
}

function recordOf(store: StateStore, host: HostState, totalWeight: bigint): HostRecord {
  return {
    owner: encodeAddress(host.owner),
    devicePubkey: host.devicePubkey,
    deviceAddress: addressOfPublicKey(host.devicePubkey),
    duties: host.duties,
    deviceExpiryHeight: host.deviceExpiryHeight,
    peerId: host.peerId,
    shape: host.shape,
    moniker: host.moniker,
    attestation: host.attestation,
    active: host.active,
    registeredHeight: host.registeredHeight,
    weight: host.weight,
    weightPpm: sharePpm(BigInt(host.weight), totalWeight),
    reputationPpm: reputationPpm(host.reputation),
    held: host.held,
    bond: host.bond,
    credited: readLedgerTotals(store, host.owner).credited,
    faults: host.faults,
    lastFaultCode: host.lastFaultCode,
    lastFaultTx: host.lastFaultTx,
    lastFaultHeight: host.lastFaultHeight,
    raceEpoch: host.raceEpoch,
    finds: host.finds,
    findsVerified: host.findsVerified,
    raceVerdict: host.raceVerdict,
    raceShape: host.raceShape,
    payoutAddress: host.payout.length === 0 ? '' : encodeAddress(host.payout),
  }
}
