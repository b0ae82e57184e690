/** `tailrace join`, `finish` and `leave`: commands that wait for what they began. */
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { defineCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import type { Control } from '../control-client.ts'
import { tail } from '../layout.ts'
import { flag, HOME, JSON_OUTPUT, YES } from '../options.ts'
import { confirm, emit, snapshotOf, waitForSnapshot, withControl } from '../with-control.ts'
import { FINISHING_WORDS, PHASE_WORDS } from '../words/states.ts'

/** A registration waits for the next epoch's seed at most; then a stamp is computed, on a slow processor for minutes. */
const JOIN_TIMEOUT_MS = 600_000
const LEAVE_TIMEOUT_MS = 300_000
/** Draws of the last batch close within an epoch. */
const FINISH_TIMEOUT_MS = 3_600_000

const options = {
  home: HOME,
  json: JSON_OUTPUT,
  'no-wait': flag('return when the application has taken the command'),
}

export const JOIN_COMMAND = defineCommand({
  name: 'join',
  group: 'earning',
  summary: 'check the device, register and take part from the next race on',
  details: 'Waits until this host has joined and tells the steps on stderr.',
  options,
  positionals: {},
  examples: ['tailrace join', 'tailrace join --json'],
  reaches: ['host.join'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const before = await snapshotOf(control)
      const { outcome } = await control.client.host.join()
      const joined = args['no-wait']
        ? before
        : await follow(control, context, JOIN_TIMEOUT_MS, (snapshot) => {
            refuseFault(snapshot, before)
            return isIn(snapshot)
          })
      emit(context, args.json, { outcome, state: joined.phase, address: joined.ownerAddress }, () =>
        args['no-wait']
          ? 'Joining.'
          : outcome === 'already'
            ? 'Already joined.'
            : `Joined: ${PHASE_WORDS[joined.phase]}.`,
      )
      return 0
    }),
})

export const LEAVE_COMMAND = defineCommand({
  name: 'leave',
  group: 'earning',
  summary: 'stop taking part at once; what is not batched is forfeited',
  details: '`tailrace finish` waits for what is under way and forfeits nothing.',
  options: { ...options, yes: YES },
  positionals: {},
  examples: ['tailrace leave', 'tailrace leave --yes --json'],
  reaches: ['host.leave'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const before = await snapshotOf(control)
      if (before.joined) {
        await confirm(context, args.yes, `${forfeitSentence(before)} Leave now?`)
      }
      const { outcome } = await control.client.host.leave()
      if (!args['no-wait']) {
        await follow(control, context, LEAVE_TIMEOUT_MS, isOut)
      }
      const forfeits = before.joined ? (before.work?.forfeits ?? null) : null
      emit(context, args.json, { outcome, forfeits }, () => (outcome === 'already' ? 'Not joined.' : 'Left.'))
      return 0
    }),
})

export const FINISH_COMMAND = defineCommand({
  name: 'finish',
  group: 'earning',
  summary: 'end current work, wait for its checks, then leave; forfeits nothing',
  details: 'A `tailrace join` meanwhile takes it back.',
  options: { ...options, yes: YES },
  positionals: {},
  examples: ['tailrace finish', 'tailrace finish --yes --no-wait'],
  reaches: ['host.finish'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const before = await snapshotOf(control)
      if (before.joined) {
        const question =
          'Orders end, receipts are sent and the draws of the last batch awaited: up to an epoch. Finish?'
        await confirm(context, args.yes, question)
      }
      const { outcome } = await control.client.host.finish()
      if (!args['no-wait']) {
        await follow(control, context, FINISH_TIMEOUT_MS, isOut)
      }
      emit(context, args.json, { outcome }, () => (outcome === 'already' ? 'Not joined.' : 'Finished and left.'))
      return 0
    }),
})

/** Tells each step on stderr until the wanted state is there; the snapshot then. */
async function follow(
  control: Control,
  context: CliContext,
  timeoutMs: number,
  isThere: (snapshot: ScreenSnapshot) => boolean,
): Promise<ScreenSnapshot> {
  let said = ''
  return await waitForSnapshot(
    control,
    context,
    (snapshot) => {
      const step = stepOf(snapshot)
      if (step !== said) {
        said = step
        context.terminal.say(`… ${step}`)
      }
      return isThere(snapshot) ? snapshot : undefined
    },
    timeoutMs,
  )
}

function stepOf({ phase, work }: ScreenSnapshot): string {
  return work?.finishing === undefined || work.finishing === null ? PHASE_WORDS[phase] : FINISHING_WORDS[work.finishing]
}

function isIn({ joined, phase }: ScreenSnapshot): boolean {
  return joined && !['idle', 'checking_device', 'joining', 'leaving', 'stopped_by_fault'].includes(phase)
}

function isOut({ joined, phase }: ScreenSnapshot): boolean {
  return !joined && phase !== 'leaving'
}

/** What went wrong since the command was given ends the wait. @throws CodedError `join_failed` [notice] */
function refuseFault(snapshot: ScreenSnapshot, before: ScreenSnapshot): void {
  const last = before.notices[0]?.sequence ?? -1
  const fault = snapshot.notices.find(({ level, sequence }) => level === 'error' && sequence > last)
  if (fault !== undefined && (snapshot.phase === 'stopped_by_fault' || snapshot.phase === 'idle')) {
    throw new CodedError('join_failed', `this host could not join: ${fault.code.replaceAll('_', ' ')}`, {
      fields: { notice: fault.code, ...fault.fields },
    })
  }
}

function forfeitSentence({ work }: ScreenSnapshot): string {
  const unbatched = BigInt(work?.forfeits.unbatched ?? '0')
  const open = BigInt(work?.forfeits.openBatches ?? '0')
  return unbatched + open === 0n
    ? 'Leaving forfeits no receipts; the rest of this epoch is not raced.'
    : `Leaving forfeits up to ${tail(unbatched)} of receipts that are not batched and ${tail(open)} whose draws could not be answered; \`tailrace finish\` forfeits nothing.`
}
