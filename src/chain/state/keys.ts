/**
 * Keys of the network, of money, hosts and races: one prefix byte (key-space.ts), then fields of fixed length, so that entries
 * of one kind lie together, in the order of their fields. Numbers are big endian. Paid work has its own: work/work-keys.ts.
 */
import { u32be, u64be, utf8 } from '../../lib/bytes.ts'
import type { ShapeName } from '../../protocol/params.ts'
import type { KeyRange, Prefix } from './key-space.ts'
import { stateKey, stateRange } from './key-space.ts'

export const STATUS_KEY = stateKey('status')
export const PARAMS_KEY = stateKey('params')
export const SUPPLY_KEY = stateKey('supply')
export const HOST_TOTALS_KEY = stateKey('hostTotals')
export const REEXECUTION_COUNTER_KEY = stateKey('reexecutionCounter')

export function validatorKey(consensusAddress: Uint8Array): Uint8Array {
  return stateKey('validator', consensusAddress)
}

export function randomnessKey(height: number): Uint8Array {
  return stateKey('randomness', u64be(BigInt(height)))
}

export function balanceKey(address: Uint8Array): Uint8Array {
  return stateKey('balance', address)
}

export function balanceRange(): KeyRange {
  return stateRange('balance')
}

export function sequenceKey(address: Uint8Array): Uint8Array {
  return stateKey('sequence', address)
}

export function hostKey(owner: Uint8Array): Uint8Array {
  return stateKey('host', owner)
}

export function hostRange(): KeyRange {
  return stateRange('host')
}

export function deviceKey(deviceAddress: Uint8Array): Uint8Array {
  return stateKey('device', deviceAddress)
}

/** The host that a peer id stands for, under the id's hash. */
export function peerKey(peerIdHash: Uint8Array): Uint8Array {
  return stateKey('peer', peerIdHash)
}

export function heldKey(owner: Uint8Array, epoch: number): Uint8Array {
  return stateKey('held', owner, u64be(BigInt(epoch)))
}

export function heldRange(owner: Uint8Array): KeyRange {
  return stateRange('held', owner)
}

export function ledgerKey(owner: Uint8Array, sequence: bigint): Uint8Array {
  return stateKey('ledger', owner, u64be(sequence))
}

export function ledgerRange(owner: Uint8Array): KeyRange {
  return stateRange('ledger', owner)
}

export function ledgerTotalsKey(owner: Uint8Array): Uint8Array {
  return stateKey('ledgerTotals', owner)
}

export function epochKey(epoch: number): Uint8Array {
  return stateKey('epoch', u64be(BigInt(epoch)))
}

export function targetKey(epoch: number, shape: ShapeName): Uint8Array {
  return stateKey('target', u64be(BigInt(epoch)), utf8(shape))
}

export function raceKey(epoch: number, host: Uint8Array): Uint8Array {
  return stateKey('race', u64be(BigInt(epoch)), host)
}

export function raceRange(epoch: number): KeyRange {
  return stateRange('race', u64be(BigInt(epoch)))
}

/** One commit's nonces, under its first nonce. */
export function findsKey(epoch: number, host: Uint8Array, firstNonce: bigint): Uint8Array {
  return stateKey('finds', u64be(BigInt(epoch)), host, u64be(firstNonce))
}

export function findsRange(epoch: number, host: Uint8Array): KeyRange {
  return stateRange('finds', u64be(BigInt(epoch)), host)
}

export function sampleKey(epoch: number, round: number, host: Uint8Array): Uint8Array {
  return stateKey('sample', u64be(BigInt(epoch)), Uint8Array.of(round), host)
}

export function verificationKey(epoch: number, verifier: Uint8Array, round: number): Uint8Array {
  return stateKey('verification', u64be(BigInt(epoch)), verifier, Uint8Array.of(round))
}

export function verificationRange(epoch: number, verifier?: Uint8Array): KeyRange {
  return stateRange('verification', u64be(BigInt(epoch)), verifier ?? new Uint8Array(0))
}

export function openedLeafKey(epoch: number, round: number, verifier: Uint8Array, index: number): Uint8Array {
  return stateKey('openedLeaf', u64be(BigInt(epoch)), Uint8Array.of(round), verifier, u32be(index))
}

export function openedLeafRange(epoch: number): KeyRange {
  return stateRange('openedLeaf', u64be(BigInt(epoch)))
}

/** The dense list 0 … n − 1 of opened leaves that no audit has drawn yet. */
export function auditSlotKey(epoch: number, slot: number): Uint8Array {
  return stateKey('auditSlot', u64be(BigInt(epoch)), u32be(slot))
}

export function extensionPendingKey(epoch: number, host: Uint8Array): Uint8Array {
  return stateKey('extensionPending', u64be(BigInt(epoch)), host)
}

export function extensionPendingRange(epoch: number): KeyRange {
  return stateRange('extensionPending', u64be(BigInt(epoch)))
}

/** Verification records with mismatches that the queue had no room for. */
export function mismatchBacklogKey(epoch: number, verifier: Uint8Array, round: number): Uint8Array {
  return stateKey('mismatchBacklog', u64be(BigInt(epoch)), verifier, Uint8Array.of(round))
}

export function mismatchBacklogRange(): KeyRange {
  return stateRange('mismatchBacklog')
}

/** Roots posted in one block: what the randomness two blocks later opens. */
export function rootKey(height: number, verifier: Uint8Array, round: number): Uint8Array {
  return stateKey('rootsByHeight', u64be(BigInt(height)), verifier, Uint8Array.of(round))
}

export function rootRange(height: number): KeyRange {
  return stateRange('rootsByHeight', u64be(BigInt(height)))
}

/** A stamp that a registration has used up. */
export function stampKey(epoch: number, owner: Uint8Array, nonce: bigint): Uint8Array {
  return stateKey('stamp', u64be(BigInt(epoch)), owner, u64be(nonce))
}

/** Lane 0: what verifiers report. Lane 1: what anybody challenges. */
export function reexecutionKey(lane: number, sequence: bigint): Uint8Array {
  return stateKey('reexecution', Uint8Array.of(lane), u64be(sequence))
}

export function reexecutionRange(lane: number): KeyRange {
  return stateRange('reexecution', Uint8Array.of(lane))
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
  return kinds.map((kind) => stateRange(kind, u64be(BigInt(epoch))))
}
