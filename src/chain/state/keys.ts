/**
 * Every key of the state: one prefix byte, then fields of fixed length, so that entries of one kind lie together, in the order
 * of their fields. Numbers are big endian. A prefix is never reused for another meaning.
 */
import { concatBytes, u32be, u64be, utf8 } from '../../lib/bytes.ts'
import type { ShapeName } from '../../protocol/params.ts'

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
} as const

type Prefix = keyof typeof PREFIX

/** Half-open: from ≤ key < to. */
export interface KeyRange {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

export const STATUS_KEY = key('status')
export const PARAMS_KEY = key('params')
export const SUPPLY_KEY = key('supply')
export const HOST_TOTALS_KEY = key('hostTotals')
export const REEXECUTION_COUNTER_KEY = key('reexecutionCounter')

export function validatorKey(consensusAddress: Uint8Array): Uint8Array {
  return key('validator', consensusAddress)
}

export function randomnessKey(height: number): Uint8Array {
  return key('randomness', u64be(BigInt(height)))
}

export function balanceKey(address: Uint8Array): Uint8Array {
  return key('balance', address)
}

export function balanceRange(): KeyRange {
  return rangeOf('balance')
}

export function sequenceKey(address: Uint8Array): Uint8Array {
  return key('sequence', address)
}

export function hostKey(owner: Uint8Array): Uint8Array {
  return key('host', owner)
}

export function hostRange(): KeyRange {
  return rangeOf('host')
}

export function deviceKey(deviceAddress: Uint8Array): Uint8Array {
  return key('device', deviceAddress)
}

/** The host that a peer id stands for, under the id's hash. */
export function peerKey(peerIdHash: Uint8Array): Uint8Array {
  return key('peer', peerIdHash)
}

export function heldKey(owner: Uint8Array, epoch: number): Uint8Array {
  return key('held', owner, u64be(BigInt(epoch)))
}

export function heldRange(owner: Uint8Array): KeyRange {
  return rangeOf('held', owner)
}

export function ledgerKey(owner: Uint8Array, sequence: bigint): Uint8Array {
  return key('ledger', owner, u64be(sequence))
}

export function ledgerRange(owner: Uint8Array): KeyRange {
  return rangeOf('ledger', owner)
}

export function ledgerTotalsKey(owner: Uint8Array): Uint8Array {
  return key('ledgerTotals', owner)
}

export function epochKey(epoch: number): Uint8Array {
  return key('epoch', u64be(BigInt(epoch)))
}

export function targetKey(epoch: number, shape: ShapeName): Uint8Array {
  return key('target', u64be(BigInt(epoch)), utf8(shape))
}

export function raceKey(epoch: number, host: Uint8Array): Uint8Array {
  return key('race', u64be(BigInt(epoch)), host)
}

export function raceRange(epoch: number): KeyRange {
  return rangeOf('race', u64be(BigInt(epoch)))
}

/** One commit's nonces, under its first nonce. */
export function findsKey(epoch: number, host: Uint8Array, firstNonce: bigint): Uint8Array {
  return key('finds', u64be(BigInt(epoch)), host, u64be(firstNonce))
}

export function findsRange(epoch: number, host: Uint8Array): KeyRange {
  return rangeOf('finds', u64be(BigInt(epoch)), host)
}

export function sampleKey(epoch: number, round: number, host: Uint8Array): Uint8Array {
  return key('sample', u64be(BigInt(epoch)), Uint8Array.of(round), host)
}

export function verificationKey(epoch: number, verifier: Uint8Array, round: number): Uint8Array {
  return key('verification', u64be(BigInt(epoch)), verifier, Uint8Array.of(round))
}

export function verificationRange(epoch: number, verifier?: Uint8Array): KeyRange {
  return rangeOf('verification', u64be(BigInt(epoch)), verifier ?? new Uint8Array(0))
}

export function openedLeafKey(epoch: number, round: number, verifier: Uint8Array, index: number): Uint8Array {
  return key('openedLeaf', u64be(BigInt(epoch)), Uint8Array.of(round), verifier, u32be(index))
}

export function openedLeafRange(epoch: number): KeyRange {
  return rangeOf('openedLeaf', u64be(BigInt(epoch)))
}

/** The dense list 0 … n − 1 of opened leaves that no audit has drawn yet. */
export function auditSlotKey(epoch: number, slot: number): Uint8Array {
  return key('auditSlot', u64be(BigInt(epoch)), u32be(slot))
}

export function extensionPendingKey(epoch: number, host: Uint8Array): Uint8Array {
  return key('extensionPending', u64be(BigInt(epoch)), host)
}

export function extensionPendingRange(epoch: number): KeyRange {
  return rangeOf('extensionPending', u64be(BigInt(epoch)))
}

/** Verification records with mismatches that the queue had no room for. */
export function mismatchBacklogKey(epoch: number, verifier: Uint8Array, round: number): Uint8Array {
  return key('mismatchBacklog', u64be(BigInt(epoch)), verifier, Uint8Array.of(round))
}

export function mismatchBacklogRange(): KeyRange {
  return rangeOf('mismatchBacklog')
}

/** Roots posted in one block: what the randomness two blocks later opens. */
export function rootKey(height: number, verifier: Uint8Array, round: number): Uint8Array {
  return key('rootsByHeight', u64be(BigInt(height)), verifier, Uint8Array.of(round))
}

export function rootRange(height: number): KeyRange {
  return rangeOf('rootsByHeight', u64be(BigInt(height)))
}

/** A stamp that a registration has used up. */
export function stampKey(epoch: number, owner: Uint8Array, nonce: bigint): Uint8Array {
  return key('stamp', u64be(BigInt(epoch)), owner, u64be(nonce))
}

/** Lane 0: what verifiers report. Lane 1: what anybody challenges. */
export function reexecutionKey(lane: number, sequence: bigint): Uint8Array {
  return key('reexecution', Uint8Array.of(lane), u64be(sequence))
}

export function reexecutionRange(lane: number): KeyRange {
  return rangeOf('reexecution', Uint8Array.of(lane))
}

/** Everything that belongs to one epoch's race and check; its target is kept apart, and longer. */
export function epochRanges(epoch: number): KeyRange[] {
  const kinds: Prefix[] = [
    'race',
    'finds',
    'sample',
    'verification',
    'openedLeaf',
    'auditSlot',
    'extensionPending',
    'mismatchBacklog',
    'stamp',
    'epoch',
    'target',
  ]
  return kinds.map((kind) => rangeOf(kind, u64be(BigInt(epoch))))
}

function key(prefix: Prefix, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(PREFIX[prefix]), ...parts)
}

function rangeOf(prefix: Prefix, ...parts: readonly Uint8Array[]): KeyRange {
  const from = key(prefix, ...parts)
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
