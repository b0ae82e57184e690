/**
 * Lays a batch: which receipts, in which lanes, at which intervals, under which root. Pure. Invariant: what it answers is what the
 * chain takes: one model, lanes in address order, each from where the chain stands, by a voucher that reaches its end, or by
 * receipts alone that have waited long enough for one. Read next: lane-plan.ts (what a lane brings).
 */
import { compareBytes, fromHex, toHex } from '../../../lib/bytes.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { sumBigint } from '../../../lib/fixed-point.ts'
import type { SumTree } from '../../../lib/merkle-sum.ts'
import { createMerkleSumTree } from '../../../lib/merkle-sum.ts'
import { MsgSubmitBatch } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { BatchLeaf, ReceiptOpening } from '../../../protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../../protocol/hash.ts'
import { sumLeafOf } from '../../../protocol/work/batch.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import { receiptHash } from '../../../protocol/work/receipt.ts'
import { batchViolation } from '../../../protocol/work/violations.ts'
import { orderOf, payerOf, priceOfJob } from '../job-book.ts'
import { endHeightOf } from '../lanes.ts'
import type { Job, OwnBatch } from '../ports.ts'
import type { LaneFacts, LaneRules, LaneTurn } from './lane-plan.ts'
import { planLane } from './lane-plan.ts'

export interface PlanRules extends LaneRules {
  /** `tail1…` of the device key that sends it. */
  readonly signer: string
}

export interface PlacedJob {
  readonly orderHash: string
  readonly from: bigint
  readonly to: bigint
  /** Of one that goes without a voucher: its order's sequence. */
  readonly reached?: bigint
}

export interface BatchPlan {
  readonly batch: OwnBatch
  /** In leaf order. */
  readonly placed: readonly PlacedJob[]
}

/** Receipts of one model. */
interface LanePart extends LaneTurn {
  readonly payer: Uint8Array
  readonly facts: LaneFacts
}

/** The next batch of all open jobs, by hex payer `lanes`; undefined where nothing can be batched now. */
export function planBatch(
  jobs: readonly Job[],
  lanes: ReadonlyMap<string, LaneFacts>,
  rules: PlanRules,
): BatchPlan | undefined {
  const laid = [...groupByPayer(jobs)].flatMap(([payer, own]) => {
    const facts = lanes.get(payer)
    return facts === undefined ? [] : [layPart(fromHex(payer), facts, own, rules)]
  })
  const oldest = laid.flatMap((part) => part.jobs.slice(0, 1)).sort(byAge)[0]
  if (oldest === undefined) {
    return undefined
  }
  const { model } = orderOf(oldest)
  const parts = laid.filter((part) => part.jobs[0] !== undefined && orderOf(part.jobs[0]).model === model)
  return buildBatch(chooseParts(parts, toHex(payerOf(oldest))), model, rules)
}

export function leavesOf(jobs: readonly Job[]): BatchLeaf[] {
  return jobs.map(leafOf)
}

export function treeOf(leaves: readonly BatchLeaf[]): SumTree {
  return createMerkleSumTree(leaves.map(sumLeafOf), sha256)
}

/** The opening of a job that stands in a batch, under the batch's tree. @throws CodedError `internal_fault` where it does not */
export function openingOf(job: Job, tree: SumTree): ReceiptOpening {
  if (job.index === undefined || job.receipt === undefined) {
    throw new CodedError('internal_fault', 'a job that is in no batch cannot be opened')
  }
  const isCountersigned = job.voucher?.voucher?.cumulative === job.to
  return {
    index: job.index,
    leaf: leafOf(job),
    path: tree.proof(job.index),
    order: job.order,
    receipt: job.receipt,
    voucher: isCountersigned ? job.voucher : undefined,
  }
}

function layPart(payer: Uint8Array, facts: LaneFacts, jobs: readonly Job[], rules: PlanRules): LanePart {
  const { jobs: turn, isLoose } = planLane(jobs, facts, rules)
  return { payer, facts, jobs: affordable(ofFirstModel(turn), facts.available), isLoose }
}

function ofFirstModel(jobs: readonly Job[]): readonly Job[] {
  const end = jobs.findIndex((job) => orderOf(job).model !== orderOf(jobs[0] as Job).model)
  return end < 0 ? jobs : jobs.slice(0, end)
}

function affordable(jobs: readonly Job[], available: bigint): Job[] {
  const taken: Job[] = []
  let sum = 0n
  for (const job of jobs) {
    sum += priceOfJob(job)
    if (sum > available) {
      break
    }
    taken.push(job)
  }
  return taken
}

/** As many lanes as a batch holds, the one of the oldest receipt first among them; a suspect lane goes alone. */
function chooseParts(parts: readonly LanePart[], first: string): LanePart[] {
  const isHead = ({ payer }: LanePart) => toHex(payer) === first
  const head = parts.filter(isHead)
  const others = parts.filter((part) => !isHead(part) && !part.facts.isSuspect)
  const chosen: LanePart[] = []
  let leaves = 0
  let loose = 0
  for (const part of head.some(({ facts }) => facts.isSuspect) ? head : [...head, ...others]) {
    const room = WORK_LIMITS.leavesPerBatch - leaves
    const roomForLoose = WORK_LIMITS.uncountersignedPerBatch - loose
    const jobs = part.jobs.slice(0, part.isLoose ? Math.min(room, roomForLoose) : room)
    if (jobs.length > 0 && chosen.length < WORK_LIMITS.lanesPerBatch) {
      chosen.push({ ...part, jobs })
      leaves += jobs.length
      loose += part.isLoose ? jobs.length : 0
    }
  }
  return chosen.sort((a, b) => compareBytes(a.payer, b.payer))
}

function buildBatch(parts: readonly LanePart[], model: string, rules: PlanRules): BatchPlan {
  const placed = parts.flatMap(({ jobs, facts, isLoose }) => placesFrom(facts.accepted, jobs, isLoose))
  const indexed = parts.flatMap(({ jobs }) => jobs).map((job, index) => ({ ...job, ...placed[index], index }))
  const tree = treeOf(leavesOf(indexed))
  const loose = new Set(parts.filter(({ isLoose }) => isLoose).flatMap((part) => part.jobs.map(nameOf)))
  const message = MsgSubmitBatch.fromPartial({
    signer: rules.signer,
    model,
    root: tree.root.hash,
    sum: tree.root.sum,
    leaves: indexed.length,
    lanes: parts.map(({ payer, facts, jobs, isLoose }) => ({
      payer,
      to: facts.accepted + sumBigint(jobs.map(priceOfJob)),
      voucher: isLoose ? undefined : jobs.at(-1)?.voucher,
    })),
    uncountersigned: indexed.filter((job) => loose.has(nameOf(job))).map((job) => openingOf(job, tree)),
  })
  const violation = batchViolation(message)
  if (violation !== undefined) {
    throw new CodedError('internal_fault', `a batch out of bounds: ${violation}`)
  }
  const batch: OwnBatch = {
    root: toHex(tree.root.hash),
    model,
    sum: tree.root.sum,
    leaves: indexed.map(nameOf),
    message,
    state: 'sending',
    handedToGateways: false,
    handedToCustodian: false,
  }
  return { batch, placed }
}

/** The places of jobs of one lane that follow each other. */
export function placesFrom(start: bigint, jobs: readonly Job[], isLoose: boolean): PlacedJob[] {
  let position = start
  return jobs.map((job) => {
    const from = position
    position += priceOfJob(job)
    const place = { orderHash: job.orderHash, from, to: position }
    return isLoose ? { ...place, reached: orderOf(job).sequence } : place
  })
}

/** @throws CodedError `internal_fault` for a job that has no receipt or no interval */
function leafOf(job: Job): BatchLeaf {
  const receipt = job.receipt?.receipt
  if (receipt === undefined || job.from === undefined || job.to === undefined) {
    throw new CodedError('internal_fault', 'a job without receipt or interval is no leaf')
  }
  return {
    orderHash: receipt.orderHash,
    payer: payerOf(job),
    from: job.from,
    to: job.to,
    promptTokens: receipt.promptTokens,
    outputTokens: receipt.outputTokens,
    receiptHash: receiptHash(receipt),
  }
}

function groupByPayer(jobs: readonly Job[]): ReadonlyMap<string, readonly Job[]> {
  const groups = new Map<string, Job[]>()
  for (const job of jobs) {
    const payer = toHex(payerOf(job))
    groups.set(payer, [...(groups.get(payer) ?? []), job])
  }
  return groups
}

function nameOf(job: Job): string {
  return job.orderHash
}

function byAge(a: Job, b: Job): number {
  return endHeightOf(a) - endHeightOf(b) || a.acceptedAtMs - b.acceptedAtMs
}
