/**
 * One step of a verifier's duty (protocol §4): look at the tokens, commit to the own scores, look at the executor's, report.
 * Invariant: nobody is accused for what the network or this machine did: data that fits no hash or does not come is at most
 * UNAVAILABLE, an engine that fails says nothing, and before a FAIL for a margin the reference engine is asked as well.
 */
import { equalBytes } from '../../../lib/bytes.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { encodeAddress } from '../../../protocol/address.ts'
import type { CheckReport } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { WorkData } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { OwnPass, ReceiptJudgement } from '../../../protocol/work/judge.ts'
import { judgeReceipt, ownScoresHash } from '../../../protocol/work/judge.ts'
import type { ChainSnapshot } from '../../chain-snapshot.ts'
import type { CheckContext } from './check-context.ts'
import { keepPass, keptPass, passHash } from './commitment.ts'
import type { Duty, Outgoing } from './duty.ts'
import { deadlineOf } from './duty.ts'
import { batchOf } from './find-work.ts'

/** A report that is ready so many blocks before the deadline still arrives. */
const REPORTING_BLOCKS = 3
/** Sources see a commit a block or two after it. */
const SEEN_BLOCKS = 3

/** What is to be sent next; undefined where it is not this host's turn, or data is still missing. */
export async function verifyingStep(
  context: CheckContext,
  duty: Duty,
  snapshot: ChainSnapshot,
  signal: AbortSignal,
): Promise<Outgoing | undefined> {
  const { store } = context
  const own = (await keptPass(store, duty.place, duty.committed)) ?? (await computePass(context, duty, signal))
  if (own === undefined) {
    return unavailable(duty, snapshot)
  }
  const hash = passHash(duty.place, own)
  if (duty.committed === undefined) {
    const { batch, point } = duty.place
    return { kind: 'commit', part: { batch, point, hash } }
  }
  if (!equalBytes(hash, duty.committed)) {
    // The pass that was committed to is lost and this device does not compute it again: there is nothing that it could report.
    throw new CodedError('commitment_lost', 'the scores that were committed to are lost')
  }
  const data = await context.finder.find(duty, 'work_and_scores', signal)
  if (data === undefined) {
    return unavailable(duty, snapshot)
  }
  const judgement = await judge(context, duty, data, own, signal)
  await keepForArbiters(context, duty, data, signal)
  return { kind: 'report', part: reportOf(duty, judgement, own) }
}

/** Computed, and kept before anything of it leaves. */
async function computePass(context: CheckContext, duty: Duty, signal: AbortSignal): Promise<OwnPass | undefined> {
  const data = await context.finder.find(duty, 'work', signal)
  if (data === undefined) {
    return undefined
  }
  const own = await context.scoring.pass(duty, data, 'own', signal)
  await keepPass(context.store, duty.place, own)
  return own
}

/**
 * The judgement by the own scores. One that convicts by a margin alone is compared with the reference engine's, by which
 * arbiters rule: where that finds nothing, the deviation is this device's.
 */
async function judge(
  context: CheckContext,
  duty: Duty,
  data: WorkData,
  own: OwnPass,
  signal: AbortSignal,
): Promise<ReceiptJudgement> {
  const { order, receipt } = duty.subject
  const claim = { order, receipt, data, contextTokens: await context.scoring.contextTokens(duty, signal) }
  const first = judgeReceipt(claim, own)
  if (first.valid || first.reasons.some((reason) => reason !== 'deviation')) {
    return first
  }
  const reference = await referencePass(context, duty, data, signal)
  const second = reference === undefined ? first : judgeReceipt(claim, reference)
  if (second.valid) {
    context.host.logger.log('warn', 'own engine deviates from the reference', {
      check: duty.key,
      own: first.maxMargin,
      reference: second.maxMargin,
    })
  }
  return second.valid ? second : first
}

/** Undefined where it fails or would come too late for the report. */
async function referencePass(
  { host, scoring }: CheckContext,
  duty: Duty,
  data: WorkData,
  signal: AbortSignal,
): Promise<OwnPass | undefined> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const late = host.watch
    .until(({ height }) => height >= deadlineOf(duty) - REPORTING_BLOCKS, either)
    .then(() => over.abort())
  // Rejects when it is no longer waited for.
  late.catch(() => undefined)
  try {
    return await scoring.pass(duty, data, 'reference', either)
  } catch (error) {
    signal.throwIfAborted()
    host.logger.log('warn', 'no second opinion', { check: duty.key, error: String(error) })
    return undefined
  } finally {
    over.abort()
  }
}

/** Only where half of the window is gone, and sources had time to see the commit: until then somebody may still answer. Never of posted data. */
function unavailable(duty: Duty, { height, params }: ChainSnapshot): Outgoing | undefined {
  const deadline = deadlineOf(duty)
  const half = deadline - Math.trunc(params.serving.checkBlocks / 2)
  const isLast = height >= deadline - REPORTING_BLOCKS
  if (duty.check.posted || height < half || (!isLast && height < commitHeightOf(duty) + SEEN_BLOCKS)) {
    return undefined
  }
  const { batch, point } = duty.place
  const verdict = CheckVerdict.CHECK_VERDICT_UNAVAILABLE
  const part = { batch, point, verdict, maxMargin: 0, softMargins: 0, scoresHash: new Uint8Array(0) }
  return { kind: 'report', part }
}

function commitHeightOf({ check, place }: Duty): number {
  const own = check.checkers.find(({ host }) => equalBytes(host, place.host))
  return Number(own?.commitHeight ?? 0n)
}

function reportOf({ place }: Duty, judgement: ReceiptJudgement, own: OwnPass): CheckReport {
  const { batch, point } = place
  const { valid, maxMargin, softMargins } = judgement
  const verdict = valid ? CheckVerdict.CHECK_VERDICT_PASS : CheckVerdict.CHECK_VERDICT_FAIL
  return { batch, point, verdict, maxMargin, softMargins, scoresHash: ownScoresHash(own) }
}

/** Handed out like every opening that this host keeps. Where there is no room the other sources have to do. */
async function keepForArbiters(context: CheckContext, duty: Duty, data: WorkData, signal: AbortSignal): Promise<void> {
  const { id, executor, root, sum, leaves, txHash } = await batchOf(context, duty, signal)
  const header = { executor: encodeAddress(executor), batch: id, root, sum, leaves, txHash }
  await context.store.keepOpening({ header, opening: duty.subject.opening, data })
}
