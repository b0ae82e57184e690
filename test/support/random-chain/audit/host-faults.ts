import { peerKeyOf } from '../../../../src/chain/state/hosts.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { sumBigint } from '../../../../src/lib/fixed-point.ts'
import { addressOfPublicKey, decodeAddress } from '../../../../src/protocol/address.ts'
import type { StateView } from './state-view.ts'
import { hexNumber } from './state-view.ts'

const LEDGER_KEPT = 1_000n
const devices = new Map<string, string>()

/** Hosts and what points at them: devices, peers, totals, ledgers, services, rosters. */
export function* hostFaults(view: StateView): Generator<string> {
  const hosts = view.rows('host')
  const [totals] = view.rows('hostTotals').map(({ value }) => value)
  const weight = sumBigint(hosts.map(({ value }) => BigInt(value.weight)))
  if ((totals?.hosts ?? 0) !== hosts.length || BigInt(totals?.weight || '0') !== weight) {
    yield `${hosts.length} hosts with weight ${weight}, the totals say ${totals?.hosts} and ${totals?.weight}`
  }
  for (const { id: owner, value: host } of hosts) {
    const device = deviceOf(host.devicePubkey)
    const named = [view.get('device', device), view.get('peer', toHex(peerKeyOf(host.peerId).slice(1)))]
    if (toHex(host.owner) !== owner || named.some((one) => one === undefined || toHex(one) !== owner)) {
      yield `host ${owner}: its device or its peer id is not its own`
    }
  }
  for (const kind of ['device', 'peer'] as const) {
    // With the first direction above: as many keys as hosts are each one's own.
    if (view.rows(kind).length !== hosts.length) {
      yield `${view.rows(kind).length} entries of kind ${kind} for ${hosts.length} hosts`
    }
  }
  yield* ledgerFaults(view)
  yield* serviceFaults(view)
}

function deviceOf(publicKey: Uint8Array): string {
  const id = toHex(publicKey)
  const known = devices.get(id) ?? toHex(decodeAddress(addressOfPublicKey(publicKey)))
  devices.set(id, known)
  return known
}

function* ledgerFaults(view: StateView): Generator<string> {
  const counts = new Map<string, bigint>()
  for (const { fields, value } of view.rows('ledger')) {
    const [owner = '', sequence = ''] = fields
    counts.set(owner, (counts.get(owner) ?? 0n) + 1n)
    const last = view.get('ledgerTotals', owner)?.lastSequence ?? 0n
    const isKept = value.sequence <= last && value.sequence > last - LEDGER_KEPT
    if (value.sequence !== hexNumber(sequence) || !isKept || BigInt(value.amount) < 0n) {
      yield `ledger of ${owner}: line ${value.sequence} of ${last}, amount ${value.amount}`
    }
  }
  for (const { id: owner, value } of view.rows('ledgerTotals')) {
    const kept = value.lastSequence > LEDGER_KEPT ? LEDGER_KEPT : value.lastSequence
    if ((counts.get(owner) ?? 0n) !== kept || view.get('host', owner) === undefined) {
      yield `ledger of ${owner}: ${counts.get(owner)} lines, ${kept} expected`
    }
  }
}

function* serviceFaults(view: StateView): Generator<string> {
  for (const { fields, value } of view.rows('service')) {
    const [owner = '', model = ''] = fields
    const isKnown = view.get('host', owner) !== undefined && view.get('model', model) !== undefined
    if (!isKnown || toHex(new TextEncoder().encode(value.model)) !== model) {
      yield `service of ${owner}: no such host or model`
    }
  }
  for (const { fields, value } of view.rows('roster')) {
    const hosts = value.entries.map(({ host }) => toHex(host))
    const isSorted = hosts.every((host, index) => index === 0 || (hosts[index - 1] as string) < host)
    const hasWeights = value.entries.every(({ weight }) => BigInt(weight) > 0n)
    if (!isSorted || !hasWeights || value.height !== hexNumber(fields[1] ?? '0')) {
      yield `roster of ${value.height}: not in order, or an entry without weight`
    }
  }
}
