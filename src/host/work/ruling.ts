/**
 * One step of an arbiter's duty (protocol §4): judge by the reference engine, commit, and show the ruling when all have
 * committed. Invariant: ruling and salt stand in the store before their hash leaves; the chain's stage decides what is sent.
 */
import { CodedError } from '../../lib/coded-error.ts'
import { MsgCommitRuling, MsgRevealRuling } from '../../protocol/gen/tailrace/v1/tx.ts'
import { judgeReceipt, rulingOf } from '../../protocol/work/judge.ts'
import type { CheckContext } from './checks/check-context.ts'
import type { HiddenRuling } from './checks/commitment.ts'
import { keepRuling, keptRuling, SALT_BYTES } from './checks/commitment.ts'
import type { Duty, Outgoing } from './checks/duty.ts'

/** What is to be sent next; undefined where it is not this host's turn, or data is still missing. */
export async function rulingStep(
  context: CheckContext,
  duty: Duty,
  signal: AbortSignal,
): Promise<Outgoing | undefined> {
  if (duty.check.state === 'committing') {
    return duty.committed === undefined ? commitRuling(context, duty, signal) : undefined
  }
  return duty.check.state === 'revealing' && duty.committed !== undefined
    ? revealRuling(context, duty, duty.committed)
    : undefined
}

async function commitRuling(context: CheckContext, duty: Duty, signal: AbortSignal): Promise<Outgoing | undefined> {
  const { store, host } = context
  const kept = await keptRuling(store, duty.place, undefined)
  const hidden = kept ?? (await rule(context, duty, signal))
  if (hidden === undefined) {
    return undefined
  }
  // Again also where it was kept: what is sent is what is kept.
  const hash = await keepRuling(store, duty.place, hidden)
  const { batch, point } = duty.place
  const message = MsgCommitRuling.fromPartial({ signer: host.keys.deviceAddress, batch, point, hash })
  return { kind: 'commit_ruling', message }
}

/** An arbiter sees the executor's scores at once: what it says of them is hidden until the others have committed. */
async function rule(context: CheckContext, duty: Duty, signal: AbortSignal): Promise<HiddenRuling | undefined> {
  const { finder, scoring, host } = context
  const data = await finder.find(duty, 'work_and_scores', signal)
  if (data === undefined) {
    return undefined
  }
  const { order, receipt } = duty.subject
  const contextTokens = await scoring.contextTokens(duty, signal)
  const reference = await scoring.pass(duty, data, 'reference', signal)
  const ruling = rulingOf(judgeReceipt({ order, receipt, data, contextTokens }, reference))
  return { ruling, salt: host.rng.bytes(SALT_BYTES) }
}

async function revealRuling(context: CheckContext, duty: Duty, committed: Uint8Array): Promise<Outgoing | undefined> {
  const { store, host } = context
  const hidden = await keptRuling(store, duty.place, committed)
  if (hidden === undefined) {
    throw new CodedError('commitment_lost', 'the ruling that was committed to is lost')
  }
  const { batch, point } = duty.place
  const message = MsgRevealRuling.fromPartial({ signer: host.keys.deviceAddress, batch, point, ...hidden })
  return { kind: 'reveal_ruling', message }
}
