/**
 * What a verifier commits to and how it is drawn (protocol §2): leaves, their order, the sample of a host's finds, its
 * verifiers and the leaves that are opened. Pure functions that the chain and every host compute alike.
 */
import { compareBytes, concatBytes, u32be, u64be } from '../lib/bytes.ts'
import { ceilDiv, PPM } from '../lib/fixed-point.ts'
import type { DrawTable } from './draw.ts'
import { drawFrom, drawSample } from './draw.ts'
import { taggedHash } from './hash.ts'
import type { Params } from './params.ts'

export interface AssignedFind {
  /** 20-byte address of the host whose find it is. */
  readonly host: Uint8Array
  readonly nonce: bigint
}

/** Leaf of a verifier's tree: host(20) ‖ nonce(u64be) ‖ digest(32). */
export function encodeVerificationLeaf(find: AssignedFind, digest: Uint8Array): Uint8Array {
  return concatBytes(find.host, u64be(find.nonce), digest)
}

/** Order of leaves: by host bytes, then by nonce. */
export function compareAssignedFinds(a: AssignedFind, b: AssignedFind): number {
  return compareBytes(a.host, b.host) || (a.nonce < b.nonce ? -1 : a.nonce > b.nonce ? 1 : 0)
}

/** Indices, ascending, into a host's committed finds that are checked in this round. */
export function drawFindSample(
  randomness: Uint8Array,
  epoch: bigint,
  round: number,
  host: Uint8Array,
  size: number,
  count: number,
): number[] {
  const seed = taggedHash('tailrace/draw/find-sample/1', randomness, u64be(epoch), u32be(round), host)
  return drawSample(seed, size, count)
}

/** Indices, ascending, of the hosts without weight in force that are checked in this race: `count` of `size`. */
export function drawNewcomers(randomness: Uint8Array, epoch: bigint, size: number, count: number): number[] {
  return drawSample(taggedHash('tailrace/draw/newcomers/1', randomness, u64be(epoch)), size, count)
}

/** The verifiers of a host in this round: `count` of the candidates by weight, never the host itself; all where fewer are eligible. */
export function drawVerifiers(
  randomness: Uint8Array,
  epoch: bigint,
  round: number,
  host: Uint8Array,
  candidates: DrawTable,
  count: number,
): Uint8Array[] {
  const seed = taggedHash('tailrace/draw/verifiers/1', randomness, u64be(epoch), u32be(round), host)
  return drawFrom(candidates, seed, count, host).map((candidate) => candidate.address)
}

/** Most leaves that one answer opens: with their paths they fit a transaction (TX_LIMITS.bytes) whatever the tree's size. */
export const MAX_OPENINGS = 128

/** Indices, ascending, of the leaves that a verifier has to open: ⌈openingPpm · leaves⌉, at least 1, at most MAX_OPENINGS. */
export function drawOpenings(
  params: Params,
  randomness: Uint8Array,
  epoch: bigint,
  round: number,
  verifier: Uint8Array,
  leaves: number,
): number[] {
  const seed = taggedHash('tailrace/draw/opening/1', randomness, u64be(epoch), u32be(round), verifier)
  const share = Number(ceilDiv(BigInt(leaves) * BigInt(params.openingPpm), PPM))
  return drawSample(seed, leaves, Math.min(Math.max(share, 1), MAX_OPENINGS))
}
