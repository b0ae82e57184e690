/**
 * Batches: receipts on their way to the chain (protocol §§3–4). Invariant: the leaves stand in (payer, from) order and their
 * intervals join without a gap, so the sum of the root is what the lanes owe and every unit that is paid can be drawn.
 */
import { compareBytes, u32be, u64be } from '../../lib/bytes.ts'
import { ceilDiv, maxBigint, minBigint, PPM } from '../../lib/fixed-point.ts'
import type { SumInterval, SumLeaf, SumNode } from '../../lib/merkle-sum.ts'
import { verifyMerkleSumProof } from '../../lib/merkle-sum.ts'
import type { Candidate } from '../draw.ts'
import { createDrawStream, drawWeighted } from '../draw.ts'
import type { ReceiptOpening } from '../gen/tailrace/v1/work.ts'
import { BatchLeaf } from '../gen/tailrace/v1/work.ts'
import { sha256, taggedHash } from '../hash.ts'
import { WORK_LIMITS } from './limits.ts'

export function sumLeafOf(leaf: BatchLeaf): SumLeaf {
  return { data: BatchLeaf.encode(leaf).finish(), sum: leaf.to - leaf.from }
}

/** Order of leaves in the tree. */
export function compareLeaves(a: BatchLeaf, b: BatchLeaf): number {
  return compareBytes(a.payer, b.payer) || (a.from < b.from ? -1 : a.from > b.from ? 1 : 0)
}

/** The interval of [0, root sum) that the opened leaf covers, or undefined where the proof does not hold. */
export function verifyBatchLeaf(root: SumNode, leaves: number, opening: ReceiptOpening): SumInterval | undefined {
  const { leaf, index, path } = opening
  if (leaf === undefined || leaf.to < leaf.from) {
    return undefined
  }
  return verifyMerkleSumProof(root, sumLeafOf(leaf), index, leaves, path, sha256)
}

/** How many points are drawn: ⌈p · value / median receipt⌉, at least `least`, at most WORK_LIMITS.pointsPerBatch. */
export function pointCount(checkPpm: bigint, value: bigint, median: bigint, least: number): number {
  const wanted = ceilDiv(checkPpm * value, PPM * maxBigint(median, 1n))
  return Number(minBigint(maxBigint(wanted, BigInt(least)), BigInt(WORK_LIMITS.pointsPerBatch)))
}

/** Units in [0, sum), drawn with the R two blocks after the batch (or the close's, for `salt` > 0). */
export function drawPoints(randomness: Uint8Array, batch: bigint, salt: number, sum: bigint, count: number): bigint[] {
  const stream = createDrawStream(taggedHash('tailrace/work/draw-points/1', randomness, u64be(batch), u32be(salt)))
  return Array.from({ length: count }, () => stream.below(sum))
}

/** The host that keeps the openings beside executor and gateway: never the executor. Undefined where nobody else is eligible. */
export function drawCustodian(
  randomness: Uint8Array,
  batch: bigint,
  executor: Uint8Array,
  candidates: readonly Candidate[],
): Uint8Array | undefined {
  const seed = taggedHash('tailrace/work/draw-custodian/1', randomness, u64be(batch))
  return drawWeighted(seed, without(candidates, [executor]), 1)[0]?.address
}

/** Verifiers of one point: `count` of the candidates, never the executor nor who had a round of this point before. */
export function drawCheckers(
  randomness: Uint8Array,
  batch: bigint,
  point: number,
  excluded: readonly Uint8Array[],
  candidates: readonly Candidate[],
  count: number,
): Uint8Array[] {
  const seed = taggedHash('tailrace/work/draw-checkers/1', randomness, u64be(batch), u32be(point))
  return drawWeighted(seed, without(candidates, excluded), count).map((candidate) => candidate.address)
}

/** Whether a point gets a second verifier, who cannot know of it. */
export function isAudited(randomness: Uint8Array, batch: bigint, point: number, auditPpm: bigint): boolean {
  const seed = taggedHash('tailrace/work/draw-audit/1', randomness, u64be(batch), u32be(point))
  return createDrawStream(seed).below(PPM) < auditPpm
}

/** Whether a point's verifiers are rather of the executor's numeric class (two of three points) or rather not (the third). */
export function prefersOwnClass(randomness: Uint8Array, batch: bigint, point: number): boolean {
  const seed = taggedHash('tailrace/work/draw-class/1', randomness, u64be(batch), u32be(point))
  return createDrawStream(seed).below(3n) !== 0n
}

/** Arbiters of a disputed check: never a party to it. */
export function drawArbiters(
  randomness: Uint8Array,
  batch: bigint,
  point: number,
  parties: readonly Uint8Array[],
  candidates: readonly Candidate[],
  count: number,
): Uint8Array[] {
  const seed = taggedHash('tailrace/work/draw-arbiters/1', randomness, u64be(batch), u32be(point))
  return drawWeighted(seed, without(candidates, parties), count).map((candidate) => candidate.address)
}

function without(candidates: readonly Candidate[], excluded: readonly Uint8Array[]): Candidate[] {
  return candidates.filter(({ address }) => !excluded.some((other) => compareBytes(other, address) === 0))
}
