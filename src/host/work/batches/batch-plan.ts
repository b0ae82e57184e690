/**
 * Lays a batch: which receipts, in which lanes, at which intervals, under which root. Pure. Invariant: what it answers is what the
 * chain takes: one model, lanes in address order, each from where the chain stands, by a voucher that reaches its end, or by
 * receipts alone that have waited long enough for one.
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
import { compareBigint, endHeightOf, layLane, startOf } from '../lanes.ts'
import type { Job, OwnBatch } from '../ports.ts'

export interface LaneFacts {
  /** Cumulative up to which the chain took batches. */
  readonly accepted: bigint
  /** What its escrow may still pay; 0 where it is closed. */
  readonly available: bigint
  /** Greatest order sequence that batches of this lane have named. */
  readonly reached: bigint
  /** A batch with this lane was refused: it goes alone. */
  readonly isSuspect: boolean
}

export interface PlanRules {
  /** `tail1…` of the device key that sends it. */
  readonly signer: string
  readonly height: number
  readonly countersignBlocks: number
  /** Whether the order's stream is over, so that no voucher comes by it. */
  readonly isOver: (orderHash: string) => boolean
}

export interface PlacedJob {
  readonly orderHash: string
  readonly from: bigint
  readonly to: bigint
}

export interface BatchPlan {
  readonly batch: OwnBatch
  /** In leaf order. */
  readonly placed: readonly PlacedJob[]
}

/** Receipts of one model that follow each other in one lane from where the chain stands. */
interface LanePart {
  readonly payer: Uint8Array
  readonly facts: LaneFacts
  readonly jobs: readonly Job[]
  /** Each of them goes without a voucher. */
  readonly isLoose: boolean
}

/** Receipts among which a gap's filling is looked for. */
const MOST_FILLING = 12
/** A batch may take a block or two to arrive. */
const ARRIVAL_BLOCKS = 2

/** The next batch of what `jobs` holds, by hex payer `lanes`; undefined where nothing can be batched now. */
export function planBatch(
  jobs: readonly Job[],
  lanes: ReadonlyMap<string, LaneFacts>,
  rules: PlanRules,
): BatchPlan | undefined {
  const laid = [...groupByPayer(jobs.filter(({ receipt }) => receipt !== undefined))].flatMap(([payer, own]) => {
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

/** Whether a receipt can no longer be brought to the chain in time. */
export function isExpired(job: Job, height: number): boolean {
  return orderOf(job).expiryHeight < BigInt(height + ARRIVAL_BLOCKS)
}

/** Whether a receipt may go without a voucher. */
function mayGoLoose(job: Job, { reached }: LaneFacts, rules: PlanRules): boolean {
  return (
    rules.isOver(job.orderHash) &&
    !isExpired(job, rules.height) &&
    endHeightOf(job) + rules.countersignBlocks <= rules.height &&
    orderOf(job).sequence > reached
  )
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

/**
 * What a lane brings now: the run of its vouchers, expired orders too, for what lies behind them needs them; where there is none,
 * receipts that have waited long enough for a voucher. Before vouchers that lie further on these have to fill the gap to the
 * last unit; where they never will, all go without.
 */
function layPart(payer: Uint8Array, facts: LaneFacts, jobs: readonly Job[], rules: PlanRules): LanePart {
  const { run, ahead, unvouched } = layLane(jobs, facts.accepted)
  if (run.length > 0) {
    return { payer, facts, jobs: affordable(ofFirstModel(run), facts.available), isLoose: false }
  }
  const loose = unvouched.filter((job) => mayGoLoose(job, facts, rules)).sort(bySequence)
  const [next] = ahead
  const fitting = next === undefined ? loose : fill(loose, startOf(next) - facts.accepted)
  const isStranded = fitting === undefined && ahead.every((job) => isGivenUp(job, rules))
  const all = isStranded ? [...loose, ...ahead.filter((job) => mayGoLoose(job, facts, rules))].sort(bySequence) : []
  return { payer, facts, jobs: affordable(ofFirstModel(fitting ?? all), facts.available), isLoose: true }
}

/** Whether no voucher is waited for any more. */
export function isGivenUp(job: Job, { height, countersignBlocks }: PlanRules): boolean {
  return height > endHeightOf(job) + 2 * countersignBlocks
}

function ofFirstModel(jobs: readonly Job[]): readonly Job[] {
  const end = jobs.findIndex((job) => orderOf(job).model !== orderOf(jobs[0] as Job).model)
  return end < 0 ? jobs : jobs.slice(0, end)
}

/** Some of these receipts, in their order, whose prices are the sum. Looks at the first few only: it is a search. */
function fill(jobs: readonly Job[], sum: bigint): readonly Job[] | undefined {
  const [first, ...rest] = jobs.slice(0, MOST_FILLING)
  if (sum === 0n) {
    return []
  }
  if (first === undefined || sum < 0n) {
    return undefined
  }
  const others = fill(rest, sum - priceOfJob(first))
  return others === undefined ? fill(rest, sum) : [first, ...others]
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
  const placed = parts.flatMap((part) => {
    let position = part.facts.accepted
    return part.jobs.map((job) => {
      const from = position
      position += priceOfJob(job)
      return { ...job, from, to: position }
    })
  })
  const indexed = placed.map((job, index) => ({ ...job, index }))
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
  return { batch, placed: indexed.map(({ orderHash, from, to }) => ({ orderHash, from, to })) }
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

function bySequence(a: Job, b: Job): number {
  return compareBigint(orderOf(a).sequence, orderOf(b).sequence)
}
