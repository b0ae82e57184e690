/**
 * Drawn duties: recompute the finds of the assignment, commit to the digests by a Merkle root, open what the randomness
 * draws. What is on chain decides what is done next, so a restart needs no memory: the tree is computed again.
 */

import { equalBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { MsgOpenVerification, MsgSubmitVerification } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import { isOurDevice } from '../joining.ts'
import type { AssignmentRound } from '../ports.ts'
import { submitMessage } from '../submitting.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { RaceRules } from './recompute.ts'
import { recompute } from './recompute.ts'
import type { CheckedFind, VerificationReport } from './verification-report.ts'
import { createVerificationReport } from './verification-report.ts'

export interface Verifying {
  run(signal: AbortSignal): Promise<void>
  /** What this host computed for a drawn find of the epoch. */
  checked(epoch: number, host: string, nonce: bigint): CheckedFind | undefined
  /** Whether duties of this epoch still wait for this host's work. */
  isBusy(): boolean
}

const FINAL_STATES: readonly string[] = ['answered', 'missed', 'false']

interface EpochWork {
  readonly epoch: number
  readonly reports: Map<number, VerificationReport>
  /** By `host/nonce`. */
  readonly checked: Map<string, CheckedFind>
  /** Last state seen of each round. */
  readonly states: Map<number, string>
  isFinished: boolean
}

export function createVerifying(context: HostContext): Verifying {
  let work = newWork(-1)
  let busy = false

  /** Rounds are drawn at the sample height; at the settle their states are final. */
  function wants(snapshot: ChainSnapshot): boolean {
    const { record, height, heights, epoch } = snapshot
    const isFinished = work.epoch === epoch && work.isFinished
    return (
      record !== undefined &&
      isOurDevice(context, record) &&
      snapshot.seed !== undefined &&
      height >= heights.sampleHeight &&
      height <= heights.closeHeight &&
      !isFinished
    )
  }

  async function step(snapshot: ChainSnapshot, signal: AbortSignal): Promise<void> {
    const { epoch, heights, height } = snapshot
    if (work.epoch !== epoch) {
      work = newWork(epoch)
    }
    const rounds = await context.chain.assignment(BigInt(epoch), context.keys.ownerAddress, signal)
    for (const round of rounds) {
      announce(context, work, round)
    }
    busy = rounds.some((round) => !FINAL_STATES.includes(round.state))
    work.isFinished = height >= heights.settleHeight
    if (work.isFinished) {
      busy = false
      return
    }
    for (const round of rounds) {
      await advance(context, work, snapshot, round, signal)
    }
  }

  return {
    run: (signal) => forEachSnapshot(context, 'verifying', wants, step, signal),
    checked: (epoch, host, nonce) => (work.epoch === epoch ? work.checked.get(`${host}/${nonce}`) : undefined),
    isBusy: () => busy,
  }
}

function newWork(epoch: number): EpochWork {
  return { epoch, reports: new Map(), checked: new Map(), states: new Map(), isFinished: false }
}

/** Notices and counts, once for each change of state. */
function announce(context: HostContext, work: EpochWork, round: AssignmentRound): void {
  const before = work.states.get(round.round)
  if (before === round.state) {
    return
  }
  work.states.set(round.round, round.state)
  const { duties } = context.view.current()
  const fields = { epoch: work.epoch, round: round.round }
  const drawn = before === undefined ? duties.drawn + 1 : duties.drawn
  if (before === undefined) {
    const finds = round.finds.reduce((count, { nonces }) => count + nonces.length, 0)
    context.view.notice('info', 'duty_drawn', { ...fields, finds })
  }
  const isAnswered = round.state === 'answered'
  const isMissed = round.state === 'missed' || round.state === 'false'
  context.view.update({
    duties: {
      drawn,
      answered: duties.answered + (isAnswered ? 1 : 0),
      missed: duties.missed + (isMissed ? 1 : 0),
    },
  })
  if (isAnswered) {
    context.view.notice('info', 'duty_answered', fields)
  }
  if (isMissed) {
    context.view.notice('warning', 'duty_missed', { ...fields, state: round.state })
  }
}

/** The next message of one round, where it is this host's turn. */
async function advance(
  context: HostContext,
  work: EpochWork,
  snapshot: ChainSnapshot,
  round: AssignmentRound,
  signal: AbortSignal,
): Promise<void> {
  const isDue = round.state === 'due' && snapshot.height < Number(round.rootDeadlineHeight)
  const isOpening = round.state === 'opening' && snapshot.height < Number(round.openingDeadlineHeight)
  if (!isDue && !isOpening) {
    return
  }
  const report = await reportOf(context, work, snapshot, round, signal)
  if (isDue) {
    await submitReport(context, work.epoch, round, report, signal)
    return
  }
  if (!equalBytes(report.root, round.root)) {
    // Computed twice with different results: this machine cannot be trusted, and the chain would refuse the proof.
    context.view.notice('error', 'faulty_finds', { epoch: work.epoch, count: report.finds.length })
    work.reports.delete(round.round)
    return
  }
  await submitOpenings(context, work.epoch, round, report, signal)
}

async function reportOf(
  context: HostContext,
  work: EpochWork,
  snapshot: ChainSnapshot,
  round: AssignmentRound,
  signal: AbortSignal,
): Promise<VerificationReport> {
  const known = work.reports.get(round.round)
  if (known !== undefined) {
    return known
  }
  if (snapshot.seed === undefined) {
    throw new CodedError('seed_unknown', 'the seed of the epoch is not known')
  }
  const rules: RaceRules = { epoch: snapshot.epoch, seed: snapshot.seed, targets: snapshot.targets }
  const finds: CheckedFind[] = []
  for (const { host, nonces } of round.finds) {
    finds.push(...(await checkHost(context, rules, host, nonces, signal)))
  }
  const report = createVerificationReport(finds)
  work.reports.set(round.round, report)
  for (const find of finds) {
    work.checked.set(`${find.host}/${find.nonce}`, find)
  }
  return report
}

/** Digests of one host's drawn finds. What looks wrong is computed once more before anybody is accused. */
async function checkHost(
  context: HostContext,
  rules: RaceRules,
  host: string,
  nonces: readonly bigint[],
  signal: AbortSignal,
): Promise<CheckedFind[]> {
  const first = await recompute(context, rules, host, nonces, signal)
  const doubtful = first.filter((result) => !result.isFind).map((result) => result.nonce)
  const second = doubtful.length === 0 ? [] : await recompute(context, rules, host, doubtful, signal)
  const again = new Map(second.map((result) => [result.nonce, result]))
  return first.map((result) => ({ host, ...(again.get(result.nonce) ?? result) }))
}

async function submitReport(
  context: HostContext,
  epoch: number,
  round: AssignmentRound,
  report: VerificationReport,
  signal: AbortSignal,
): Promise<void> {
  const value = MsgSubmitVerification.fromPartial({
    signer: context.keys.deviceAddress,
    epoch: BigInt(epoch),
    round: round.round,
    root: report.root,
    mismatches: [...report.mismatches],
  })
  await submitMessage(context, { typeUrl: '/tailrace.v1.MsgSubmitVerification', value }, 'device', signal)
}

async function submitOpenings(
  context: HostContext,
  epoch: number,
  round: AssignmentRound,
  report: VerificationReport,
  signal: AbortSignal,
): Promise<void> {
  const value = MsgOpenVerification.fromPartial({
    signer: context.keys.deviceAddress,
    epoch: BigInt(epoch),
    round: round.round,
    openings: report.open(round.openingIndices),
  })
  await submitMessage(context, { typeUrl: '/tailrace.v1.MsgOpenVerification', value }, 'device', signal)
}
