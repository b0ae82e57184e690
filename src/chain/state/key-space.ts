/**
 * The prefixes of the state's keys, one for each kind of record, and how keys are put together. Invariant: a prefix is never
 * reused for another meaning, and the fields behind it have fixed lengths (the last may be a text), so no key is the beginning
 * of another one of its kind. Read next: keys.ts (network, money, hosts, races), work/work-keys.ts (paid work).
 */
import { concatBytes } from '../../lib/bytes.ts'

const PREFIX = {
  status: 0x01,
  params: 0x02,
  validator: 0x03,
  supply: 0x04,
  hostTotals: 0x05,
  randomness: 0x06,
  balance: 0x10,
  sequence: 0x11,
  host: 0x20,
  device: 0x21,
  held: 0x22,
  ledger: 0x23,
  ledgerTotals: 0x24,
  peer: 0x25,
  consensus: 0x30,
  carrier: 0x31,
  liveness: 0x32,
  heartbeats: 0x33,
  appHash: 0x34,
  rotation: 0x35,
  upgradePlan: 0x36,
  upgradeVote: 0x37,
  epoch: 0x40,
  target: 0x41,
  race: 0x42,
  finds: 0x43,
  sample: 0x44,
  verification: 0x45,
  openedLeaf: 0x46,
  auditSlot: 0x47,
  extensionPending: 0x48,
  mismatchBacklog: 0x49,
  rootsByHeight: 0x4a,
  stamp: 0x4b,
  reexecution: 0x50,
  reexecutionCounter: 0x51,
  model: 0x60,
  roster: 0x61,
  service: 0x62,
  escrow: 0x68,
  escrowOfOwner: 0x69,
  escrowRelease: 0x6a,
  lane: 0x6b,
  batchCounter: 0x70,
  batch: 0x71,
  batchOfHost: 0x72,
  openBatches: 0x73,
  payerCredit: 0x74,
  openBatch: 0x75,
  check: 0x78,
  workDuty: 0x79,
  due: 0x7a,
} as const

export type Prefix = keyof typeof PREFIX

/** Half-open: from ≤ key < to. */
export interface KeyRange {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

export function stateKey(prefix: Prefix, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(PREFIX[prefix]), ...parts)
}

/** The kind of record that a key belongs to; undefined for bytes that are no key of the state. */
export function kindOfKey(key: Uint8Array): Prefix | undefined {
  const [first] = key
  return (Object.keys(PREFIX) as Prefix[]).find((kind) => PREFIX[kind] === first)
}

/** All keys of a kind that begin with these fields. */
export function stateRange(prefix: Prefix, ...parts: readonly Uint8Array[]): KeyRange {
  const from = stateKey(prefix, ...parts)
  return { from, to: successorOf(from) }
}

/** The first key that does not start with `prefix`. A key's first byte is never 0xff, so there is one. */
function successorOf(prefix: Uint8Array): Uint8Array {
  let length = prefix.length
  while (prefix[length - 1] === 0xff) {
    length -= 1
  }
  const next = prefix.slice(0, length)
  next[length - 1] = (next[length - 1] as number) + 1
  return next
}
