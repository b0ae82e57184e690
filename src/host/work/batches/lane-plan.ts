/**
 * What one lane brings to the chain now, and what can never be brought. Pure. The chain takes a receipt without a voucher only above all
 * sequences that the lane has named, so whatever a batch passes over needs its voucher's own place. Invariant: nothing is passed
 * over that may need to go without one, and no place is taken from a voucher that may still come: (1) a receipt without a voucher waits until
 * its gateway has said that it gave none, or for long enough; (2) receipts go without vouchers in order of sequence, none before
 * an earlier one that is not decided; (3) vouchers are laid where they say, but not past such a one; (4) a gap before vouchers is filled only by
 * those to whom it must belong. Where no voucher can come any more, all that is in the lane goes without. Why: docs/decisions/0009.
 */
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import { orderOf, priceOfJob } from '../job-book.ts'
import { compareBigint, endHeightOf, layLane, startOf } from '../lanes.ts'
import { BATCHING_BLOCKS } from '../orders/order-facts.ts'
import type { Job } from '../ports.ts'

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

export interface LaneRules {
  readonly height: number
  readonly countersignBlocks: number
  /** Whether the order's stream is over, so that no voucher comes by it. */
  readonly isOver: (orderHash: string) => boolean
  /** Whether its gateway said that it never gave a voucher for this receipt. */
  readonly isAnswered: (orderHash: string) => boolean
  /** Nothing is waited for after its expiry. */
  readonly isFlushing: boolean
}

/** Receipts of a lane that follow each other from where the chain stands. */
export interface LaneTurn {
  readonly jobs: readonly Job[]
  /** Each of them goes without a voucher. */
  readonly isLoose: boolean
}

export interface GivenUp {
  readonly job: Job
  readonly code: 'receipt_expired' | 'never_countersigned'
}

/** Receipts among which a gap's filling is looked for. */
const MOST_FILLING = 12
/** A batch may take a block or two to arrive. */
const ARRIVAL_BLOCKS = 2
const NOTHING: LaneTurn = { jobs: [], isLoose: false }

/** Open jobs of one payer, running ones too. */
export function planLane(jobs: readonly Job[], facts: LaneFacts, rules: LaneRules): LaneTurn {
  const { run, ahead, displaced, unvouched } = layLane(jobs, facts.accepted)
  const undecided = unvouched.filter((job) => !rules.isAnswered(job.orderHash))
  const clear = upTo(run, [...undecided, ...displaced], facts, rules)
  if (clear.length > 0) {
    return { jobs: clear, isLoose: false }
  }
  const [next] = [...run, ...ahead]
  if (next === undefined || displaced.some((job) => mayYetGo(job, facts, rules))) {
    return { jobs: inOrder(jobs, facts, rules), isLoose: true }
  }
  const isHurried = jobs.some((job) => job.receipt !== undefined && isUrgent(job, rules))
  const isBefore = (job: Job): boolean => orderOf(job).sequence <= namedBy(next)
  if (!isHurried && undecided.some((job) => isBefore(job) && isAwaited(job, rules))) {
    return NOTHING
  }
  if (run.length > 0) {
    return { jobs: inOrder(jobs, facts, rules), isLoose: true }
  }
  const filling = fillingOf(next, unvouched.filter(isBefore), facts, { ...rules, isHurried })
  const isStranded = isHurried || isGivenUp(next, rules)
  return { jobs: filling ?? (isStranded ? inOrder(jobs, facts, rules) : []), isLoose: true }
}

/** Whether a receipt can no longer be brought to the chain in time. */
export function isExpired(job: Job, height: number): boolean {
  return orderOf(job).expiryHeight < BigInt(height + ARRIVAL_BLOCKS)
}

/** What has to go now or never. */
export function isUrgent(job: Job, { height }: Pick<LaneRules, 'height'>): boolean {
  return !isExpired(job, height) && orderOf(job).expiryHeight <= BigInt(height + BATCHING_BLOCKS)
}

/** Receipts of one payer that nothing can bring to the chain any more. */
export function givenUpIn(jobs: readonly Job[], { accepted, reached }: LaneFacts, rules: LaneRules): GivenUp[] {
  const { height } = rules
  const { ahead, displaced, unvouched } = layLane(jobs, accepted)
  const isLost = (job: Job): boolean => orderOf(job).sequence <= reached || isExpired(job, height)
  const isSilent = (job: Job): boolean => !rules.isAnswered(job.orderHash)
  // With a voucher an expired one is brought too: what was countersigned behind it needs its place in the lane.
  const patience = rules.isFlushing ? 0 : WORK_LIMITS.orderLifetime
  const waitsInVain = (job: Job): boolean => isExpired(job, height - patience)
  const silent = unvouched.filter(isSilent)
  const lost = [
    ...unvouched.filter((job) => rules.isOver(job.orderHash) && (isSilent(job) ? waitsInVain(job) : isLost(job))),
    ...displaced.filter(isLost),
    // Before them lies a gap that nobody will fill.
    ...(silent.every(waitsInVain) ? ahead.filter((job) => isGivenUp(job, rules) && isExpired(job, height)) : []),
  ]
  return lost.map((job) => ({ job, code: isExpired(job, height) ? 'receipt_expired' : 'never_countersigned' }))
}

/** The vouchers from where the chain stands, as far as they name no sequence at or above one that may have to go without. */
function upTo(run: readonly Job[], others: readonly Job[], facts: LaneFacts, rules: LaneRules): readonly Job[] {
  const waiting = others.filter((job) => mayYetGo(job, facts, rules)).map((job) => orderOf(job).sequence)
  const end = run.findIndex((job) => waiting.some((sequence) => sequence <= namedBy(job)))
  return end < 0 ? run : run.slice(0, end)
}

/** Greatest sequence of the lane up to a voucher: all that lies before it has no greater one. */
function namedBy(job: Job): bigint {
  return job.voucher?.voucher?.sequence ?? 0n
}

/** Its voucher may still come. */
function isAwaited(job: Job, rules: LaneRules): boolean {
  return (
    !rules.isOver(job.orderHash) || !(isGivenUp(job, rules) || isUrgent(job, rules) || isExpired(job, rules.height))
  )
}

/** Whether no voucher is waited for any more. */
function isGivenUp(job: Job, { height, countersignBlocks }: LaneRules): boolean {
  return height > endHeightOf(job) + 2 * countersignBlocks
}

/** Whether the chain will take it without a voucher, now or later. */
function mayYetGo(job: Job, { reached }: LaneFacts, { height }: LaneRules): boolean {
  return orderOf(job).sequence > reached && !isExpired(job, height)
}

/** Whether the chain takes it without a voucher now, and none is waited for. */
function mayGo(job: Job, facts: LaneFacts, rules: LaneRules): boolean {
  const isDecided = job.voucher !== undefined || rules.isAnswered(job.orderHash) || !isAwaited(job, rules)
  return (
    job.receipt !== undefined &&
    isDecided &&
    rules.isOver(job.orderHash) &&
    mayYetGo(job, facts, rules) &&
    endHeightOf(job) + rules.countersignBlocks <= rules.height
  )
}

/**
 * Everything that goes without a voucher, in order of sequence, up to the first that may neither go nor be passed over. What has to go now
 * waits for nobody.
 */
function inOrder(jobs: readonly Job[], facts: LaneFacts, rules: LaneRules): readonly Job[] {
  const { displaced } = layLane(jobs, facts.accepted)
  const taken: Job[] = []
  let isHeld = false
  for (const job of [...jobs].sort(bySequence)) {
    const isHopeless = rules.isAnswered(job.orderHash) || displaced.includes(job)
    if (mayGo(job, facts, rules) && (!isHeld || isUrgent(job, rules))) {
      taken.push(job)
    } else if (mayYetGo(job, facts, rules) || !isHopeless) {
      isHeld = true
    }
  }
  return taken
}

/**
 * Those to whom the gap before a voucher belongs: of those that its gateway has not answered for, where one choice alone fits. Where it gave
 * none of them a voucher, or there is no more time, whichever fit.
 */
function fillingOf(
  next: Job,
  unvouched: readonly Job[],
  facts: LaneFacts,
  rules: LaneRules & { readonly isHurried: boolean },
): readonly Job[] | undefined {
  const gap = startOf(next) - facts.accepted
  const owners = unvouched.filter((job) => !rules.isAnswered(job.orderHash)).sort(bySequence)
  const [only, another] = fillings(owners.slice(0, MOST_FILLING), gap)
  const isSure = another === undefined && owners.length <= MOST_FILLING
  if (only !== undefined && isSure && only.every((job) => mayGo(job, facts, rules))) {
    return only
  }
  const others = unvouched.filter((job) => mayGo(job, facts, rules)).sort(bySequence)
  return owners.length === 0 || rules.isHurried ? fillings(others.slice(0, MOST_FILLING), gap)[0] : undefined
}

/** The first two choices of these receipts, in their order, whose prices are the sum. */
function fillings(jobs: readonly Job[], sum: bigint): readonly (readonly Job[])[] {
  const [first, ...rest] = jobs
  if (sum === 0n) {
    return [[]]
  }
  if (first === undefined || sum < 0n) {
    return []
  }
  const withFirst = fillings(rest, sum - priceOfJob(first)).map((others) => [first, ...others])
  return withFirst.length > 1 ? withFirst : [...withFirst, ...fillings(rest, sum)].slice(0, 2)
}

function bySequence(a: Job, b: Job): number {
  return compareBigint(orderOf(a).sequence, orderOf(b).sequence)
}
