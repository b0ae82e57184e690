import { CodedError, errorCode } from '../lib/coded-error.ts'
import type { HostContext } from './context.ts'
import type { CheckedDevice } from './device-choice.ts'
import { checkDevice, ensureRegistered, isOurDevice, isTakingPart, needsRegistration, tellOwner } from './joining.ts'
import type { Membership } from './phase.ts'
import type { HostRecord } from './ports.ts'
import { runRaces } from './race/racing.ts'
import { supervise } from './tasks.ts'

/** From the wish to take part until it is stopped or cannot go on. */
export interface Participation {
  /** Resolves when this host may race, rejects where it cannot. */
  readonly joined: Promise<void>
  /** Resolves, never rejects, when nothing of it runs any more. */
  readonly done: Promise<void>
  hasFailed(): boolean
  stop(): void
}

export interface ParticipationOptions {
  /** The owner asked for it just now, on this machine: it may take the place of another one. A restart may not. */
  readonly isFresh: boolean
  readonly setMembership: (membership: Membership) => void
  readonly setRacing: (isRacing: boolean) => void
  readonly signal: AbortSignal
}

export function startParticipation(context: HostContext, options: ParticipationOptions): Participation {
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  const joined = Promise.withResolvers<void>()
  // Whoever restarts a host does not wait for `joined`: its failure is told by a notice as well.
  joined.promise.catch(() => undefined)
  let failed = false

  const run = async () => {
    try {
      const choice = await enter(context, options, signal)
      joined.resolve()
      await stay(context, choice, options, signal)
    } catch (error) {
      joined.reject(error as Error)
      if (!signal.aborted) {
        failed = true
        options.setMembership('fault')
        const isTold = ['no_conformant_backend', 'device_replaced'].includes(errorCode(error))
        if (!isTold) {
          context.view.notice('error', 'internal_fault', { task: 'joining', error: errorCode(error) })
        }
      }
    } finally {
      tellOwner(context, undefined)
    }
  }

  return { joined: joined.promise, done: run(), hasFailed: () => failed, stop: () => stopped.abort() }
}

async function enter(context: HostContext, options: ParticipationOptions, signal: AbortSignal): Promise<CheckedDevice> {
  options.setMembership('checking_device')
  const choice = await checkDevice(context, signal)
  options.setMembership('joining')
  const judge = options.isFresh
    ? () => undefined
    : (record: HostRecord | undefined) => refuseReplacement(context, record)
  await ensureRegistered(context, choice, signal, judge)
  options.setMembership('in')
  context.view.notice('info', 'joined')
  return choice
}

/** Races, and keeps the registration valid, until the signal aborts. @throws CodedError `device_replaced` */
async function stay(
  context: HostContext,
  choice: CheckedDevice,
  options: ParticipationOptions,
  signal: AbortSignal,
): Promise<void> {
  const left = new AbortController()
  const either = AbortSignal.any([signal, left.signal])
  const races = supervise(context, 'racing', (end) => runRaces(context, choice, options.setRacing, end), either)
  try {
    for (;;) {
      const { record } = await context.watch.until(
        (latest) => !isTakingPart(context, latest) || needsRegistration(context, latest, latest.record),
        signal,
      )
      refuseReplacement(context, record)
      await ensureRegistered(context, choice, signal, (latest) => refuseReplacement(context, latest))
      if (context.view.current().ownerNeededFor !== undefined) {
        // Good for now: asked again at each block, until the owner key is open or the registration no longer good.
        await context.watch.after(context.watch.latest()?.height ?? 0, signal)
      }
    }
  } finally {
    left.abort()
    await races
  }
}

/** Two machines with one owner key would replace each other for ever: the one that was replaced stops. */
function refuseReplacement(context: HostContext, record: HostRecord | undefined): void {
  if (record !== undefined && !isOurDevice(context, record)) {
    context.view.notice('error', 'device_replaced', { device: record.deviceAddress })
    throw new CodedError('device_replaced', 'another machine registered for this owner')
  }
}
