/**
 * What is ready goes to the chain: commits that are ready together in one message, reports in another, rulings in messages of
 * one transaction. A transaction that is refused for one of its parts is taken apart and sent again.
 */
import { encodeAddress } from '../../../protocol/address.ts'
import type { CheckCommit, CheckReport } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../../protocol/messages.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import type { SubmitResult } from '../../submitting.ts'
import { refusalOf, submitMessages } from '../../submitting.ts'
import type { DoneCheck } from '../check-log.ts'
import type { CheckContext } from './check-context.ts'
import { passName, rulingName } from './commitment.ts'
import { NEVER_TRIED } from './duty.ts'
import type { OutgoingDuty } from './duty-book.ts'

/** A transaction has so many messages, and one host so many rulings in a block. */
const RULINGS_AT_ONCE = 8

/** Sends until the signal aborts; one transaction at a time. */
export async function sendOutgoing(context: CheckContext, signal: AbortSignal): Promise<void> {
  const { book, host } = context
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  while (!signal.aborted) {
    const rung = book.nextRing()
    const height = host.watch.latest()?.height ?? 0
    const parcel = nextParcel(book.sendable(height))
    if (parcel.length === 0) {
      await Promise.race([rung, ended])
      continue
    }
    const result = await submitMessages(host, messagesOf(context, parcel), 'device', signal)
    await settle(context, parcel, result, Math.max(height, host.watch.latest()?.height ?? 0))
    book.ring()
  }
}

/** The most urgent one and what can travel with it. */
function nextParcel(sendable: readonly OutgoingDuty[]): readonly OutgoingDuty[] {
  const first = sendable[0]
  if (first === undefined) {
    return []
  }
  const { kind } = first.outgoing
  if (first.duty.isAlone) {
    return [first]
  }
  const most = kind === 'commit' || kind === 'report' ? WORK_LIMITS.commitsPerTransaction : RULINGS_AT_ONCE
  return sendable.filter(({ duty, outgoing }) => outgoing.kind === kind && !duty.isAlone).slice(0, most)
}

function messagesOf({ host }: CheckContext, parcel: readonly OutgoingDuty[]): TypedMessage[] {
  const signer = host.keys.deviceAddress
  const commits: CheckCommit[] = []
  const reports: CheckReport[] = []
  const messages: TypedMessage[] = []
  for (const { outgoing } of parcel) {
    switch (outgoing.kind) {
      case 'commit':
        commits.push(outgoing.part)
        break
      case 'report':
        reports.push(outgoing.part)
        break
      case 'commit_ruling':
        messages.push({ typeUrl: '/tailrace.v1.MsgCommitRuling', value: outgoing.message })
        break
      case 'reveal_ruling':
        messages.push({ typeUrl: '/tailrace.v1.MsgRevealRuling', value: outgoing.message })
    }
  }
  if (commits.length > 0) {
    messages.push({ typeUrl: '/tailrace.v1.MsgCommitChecks', value: { signer, commits } })
  }
  if (reports.length > 0) {
    messages.push({ typeUrl: '/tailrace.v1.MsgReportChecks', value: { signer, reports } })
  }
  return messages
}

async function settle(
  context: CheckContext,
  parcel: readonly OutgoingDuty[],
  result: SubmitResult,
  height: number,
): Promise<void> {
  if (result.status === 'executed') {
    for (const sent of parcel) {
      await accept(context, sent, result.outcome.height)
    }
    return
  }
  const isFinal = refusalOf(result) === 'final'
  for (const { duty } of parcel) {
    if (isFinal && parcel.length > 1) {
      duty.isAlone = true
      continue
    }
    duty.refusals += isFinal ? 1 : 0
    context.book.rest(duty, height, duty.refusals)
  }
}

async function accept(context: CheckContext, { duty, outgoing }: OutgoingDuty, height: number): Promise<void> {
  duty.outgoing = undefined
  duty.isAlone = false
  duty.refusals = 0
  duty.triedHeight = NEVER_TRIED
  switch (outgoing.kind) {
    case 'commit':
      duty.committed = outgoing.part.hash
      return
    case 'commit_ruling':
      duty.committed = outgoing.message.hash
      return
    case 'report': {
      duty.finishedHeight = height
      const verdict = VERDICTS[outgoing.part.verdict]
      if (verdict !== undefined) {
        note(context, { duty, outgoing }, verdict)
      }
      if (verdict !== 'unavailable') {
        await context.store.forgetCommitment(passName(duty.place))
      }
      return
    }
    case 'reveal_ruling':
      duty.finishedHeight = height
      note(context, { duty, outgoing }, outgoing.message.ruling?.valid === true ? 'valid' : 'invalid')
      await context.store.forgetCommitment(rulingName(duty.place))
  }
}

const VERDICTS: Readonly<Partial<Record<CheckVerdict, DoneCheck['verdict']>>> = {
  [CheckVerdict.CHECK_VERDICT_PASS]: 'pass',
  [CheckVerdict.CHECK_VERDICT_FAIL]: 'fail',
  [CheckVerdict.CHECK_VERDICT_UNAVAILABLE]: 'unavailable',
}

function note({ host, view, log }: CheckContext, { duty }: OutgoingDuty, verdict: DoneCheck['verdict']): void {
  const { role, place, subject } = duty
  const { batch, point } = place
  log.add({ batch, point, atMs: host.clock.nowMs(), role, executor: encodeAddress(subject.receipt.executor), verdict })
  const fields = { batch: Number(batch), point, verdict }
  view.notice('info', role === 'verifier' ? 'check_reported' : 'ruling_revealed', fields)
}
