import { utf8 } from '../../lib/bytes.ts'
import { maxBigint } from '../../lib/fixed-point.ts'
import { addressOfPublicKey, decodeAddress, encodeAddress } from '../../protocol/address.ts'
import { HostState, HostTotals } from '../../protocol/gen/tailrace/v1/state.ts'
import type { Duty } from '../../protocol/gen/tailrace/v1/tx.ts'
import { sha256 } from '../../protocol/hash.ts'
import type { StateStore } from '../application.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import { deviceKey, HOST_TOTALS_KEY, hostKey, hostRange, ledgerRange, ledgerTotalsKey, peerKey } from './keys.ts'
import { createRecordMemo } from './record-memo.ts'
import { deleteRange, getRecord, setRecord } from './records.ts'
import { serviceRange } from './work/work-keys.ts'

/** All hosts are read several times an epoch, and each of them changes once or twice. */
const decodeHost = createRecordMemo<HostState>(HostState)

/** Host records and what is derived from them. The owner's 20 bytes are a host's identity everywhere in the state. */
export function readHost(store: StateStore, owner: Uint8Array): HostState | undefined {
  const bytes = store.get(hostKey(owner))
  return bytes === undefined ? undefined : decodeHost(bytes)
}

export function listHosts(store: StateStore): HostState[] {
  const { from, to } = hostRange()
  return [...store.range(from, to)].map(([, bytes]) => decodeHost(bytes))
}

export function hostOfDevice(store: StateStore, deviceAddress: Uint8Array): HostState | undefined {
  const owner = store.get(deviceKey(deviceAddress))
  return owner === undefined ? undefined : readHost(store, owner)
}

export function readHostTotals(store: StateStore): { readonly hosts: number; readonly weight: bigint } {
  const record = getRecord(store, HOST_TOTALS_KEY, HostTotals)
  return record === undefined ? { hosts: 0, weight: 0n } : { hosts: record.hosts, weight: BigInt(record.weight) }
}

/** Writes the record, and the totals where the host is new or its weight changed. */
export function writeHost(store: StateStore, host: HostState): void {
  const before = readHost(store, host.owner)
  const difference = BigInt(host.weight) - BigInt(before?.weight ?? '0')
  if (before === undefined || difference !== 0n) {
    const totals = readHostTotals(store)
    setRecord(store, HOST_TOTALS_KEY, HostTotals, {
      hosts: before === undefined ? totals.hosts + 1 : totals.hosts,
      weight: (totals.weight + difference).toString(),
    })
  }
  setRecord(store, hostKey(host.owner), HostState, host)
}

/** Forgets a host that holds nothing: its record, keys, services and ledger. Its lanes stay, they are its payers' as well. */
export function removeHost(store: StateStore, host: HostState): void {
  const totals = readHostTotals(store)
  const weight = (totals.weight - BigInt(host.weight)).toString()
  setRecord(store, HOST_TOTALS_KEY, HostTotals, { hosts: totals.hosts - 1, weight })
  store.delete(hostKey(host.owner))
  store.delete(deviceKey(decodeAddress(addressOfPublicKey(host.devicePubkey))))
  store.delete(peerKeyOf(host.peerId))
  deleteRange(store, ledgerRange(host.owner))
  deleteRange(store, serviceRange(host.owner))
  store.delete(ledgerTotalsKey(host.owner))
}

/** A peer id stands for one host: else anybody could claim a rival's, and peers would take its gossip for a forgery. */
export function peerKeyOf(peerId: string): Uint8Array {
  return peerKey(sha256(utf8(peerId)))
}

/** Changes some fields of a registered host. */
export function updateHost(store: StateStore, owner: Uint8Array, fields: Partial<HostState>): void {
  const host = readHost(store, owner)
  if (host !== undefined) {
    writeHost(store, { ...host, ...fields })
  }
}

/** Whether the host's device key may act for it with this duty in a block of this height. */
export function dutyViolation(host: HostState, duty: Duty, height: number): Rejection | undefined {
  if (!host.duties.includes(duty)) {
    return reject('duty_missing', 'the device key does not carry this duty')
  }
  if (BigInt(height) > host.deviceExpiryHeight) {
    return reject('device_expired', 'the device key has expired')
  }
  return undefined
}

/** A convicted host takes no part in the epoch of its conviction. */
export function isBarred(host: HostState, epoch: number): boolean {
  return BigInt(epoch) < host.barredUntilEpoch
}

export function barUntil(host: HostState, epoch: number): bigint {
  return maxBigint(host.barredUntilEpoch, BigInt(epoch) + 1n)
}

/** The account that a host's credits go to: the one that its owner named, or the owner's own. 20 bytes. */
export function payoutOf(host: HostState): Uint8Array {
  return host.payout.length === 0 ? host.owner : host.payout
}

export function ownerText(owner: Uint8Array): string {
  return encodeAddress(owner)
}
