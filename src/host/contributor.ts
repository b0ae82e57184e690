/**
 * One running contributor: joins, races, verifies, and shows what it does. It composes the parts below and owns one thing,
 * its membership; everything else is decided by the chain's snapshots.
 *
 * Invariant: what is drawn for this host is answered as long as the process runs, also after it has left: only the race
 * depends on the membership. Nothing here throws into the process; failures are notices.
 *
 * Read next: chain-watch.ts (time), joining.ts, race/racing.ts, duties/verifying.ts, consequences.ts; view.ts is what comes out.
 */
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { ComputePort } from '../protocol/compute.ts'
import { ChainWatch } from './chain-watch.ts'
import { watchConsequences } from './consequences.ts'
import type { ContributorOptions, HostContext } from './context.ts'
import { createAccusing } from './duties/accusing.ts'
import { watchOpenings } from './duties/opening-watch.ts'
import { answerRaceChallenges } from './duties/race-challenges.ts'
import { spotCheck } from './duties/spot-check.ts'
import { createVerifying } from './duties/verifying.ts'
import { sendHeartbeats } from './heartbeat.ts'
import { checkDevice, ensureInactive } from './joining.ts'
import { createMemoryKeeper } from './memory-keeper.ts'
import type { Participation } from './participation.ts'
import { startParticipation } from './participation.ts'
import type { PausePort } from './pausing.ts'
import type { Membership } from './phase.ts'
import { epochViewOf, phaseOf } from './phase.ts'
import type { ChainPort, HostMemory, KeyPort, MemoryPort, PeersPort, Unsubscribe } from './ports.ts'
import { forEachSnapshot, supervise } from './tasks.ts'
import type { HostView } from './view.ts'
import { createViewStore } from './view-store.ts'
import type { Work } from './work/work.ts'
import { createWork } from './work/work.ts'
import type { WorkComponents, WorkOptions } from './work/work-context.ts'

export interface ContributorComponents {
  readonly chain: ChainPort
  readonly compute: ComputePort
  readonly peers: PeersPort
  readonly keys: KeyPort
  readonly memory: MemoryPort
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly pause?: PausePort
  readonly networkTimeMs?: () => number
  /** Paid work, where this host does it. */
  readonly work?: WorkComponents & { readonly options: WorkOptions }
}

export interface Contributor {
  /** Once: reads the memory, follows the chain, and goes on where an earlier run stopped. The signal stops it like `stop`. */
  start(signal: AbortSignal): Promise<void>
  /** Stops at once, without a word to the chain: a later run goes on. */
  stop(): Promise<void>
  /** Resolves when this host may race. @throws CodedError `not_started`, `no_conformant_backend`, `registration_failed`, … */
  join(): Promise<void>
  /** Resolves when the chain knows; drawn duties of the running epoch are still answered. @throws CodedError `not_started` */
  leave(): Promise<void>
  /**
   * Leaves when that forfeits nothing: running orders end, receipts are batched, the draws of the last batch are closed.
   * A join, or a leave, ends the waiting. @throws CodedError `not_started`, `interrupted`
   */
  finish(): Promise<void>
  /**
   * Runs the known answers through every backend again; `view().device` tells the result. Throws at once where it may not be.
   * @throws CodedError `not_started`, `busy` while the device races or is checked, `no_conformant_backend`
   */
  recheck(): Promise<void>
  view(): HostView
  /** Undefined where this host does no paid work. */
  readonly work: Pick<Work, 'view' | 'onChange' | 'checks' | 'receipt'> | undefined
  onChange(listener: (view: HostView) => void): Unsubscribe
}

export function createContributor(components: ContributorComponents, options: ContributorOptions): Contributor {
  const context = createContext(components, options)
  const { work } = components
  return new ContributorRun(context, work === undefined ? undefined : createWork(context, work, work.options))
}

interface Leaving {
  readonly abort: AbortController
  /** Never rejects. */
  readonly done: Promise<void>
}

class ContributorRun implements Contributor {
  readonly work: Work | undefined
  readonly #context: HostContext
  readonly #stopped = new AbortController()
  #life: { readonly signal: AbortSignal; readonly tasks: Promise<void> } | undefined
  #membership: Membership = 'out'
  #isRacing = false
  #participation: Participation | undefined
  /** Between the wish to join and the participation that comes of it. */
  #entering: Promise<Participation> | undefined
  #leaving: Leaving | undefined
  #finishing: AbortController | undefined
  #rechecking: Promise<void> | undefined

  constructor(context: HostContext, work: Work | undefined) {
    this.#context = context
    this.work = work
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#life !== undefined) {
      throw new CodedError('already_started', 'a contributor is started once')
    }
    const both = AbortSignal.any([signal, this.#stopped.signal])
    const remembered = await this.#context.memory.load()
    await this.work?.load()
    this.#life = { signal: both, tasks: runTasks(this.#context, this.work, () => this.#show(), both) }
    if (remembered.joined) {
      this.#participation = this.#participate(both, false)
    } else if (remembered.leaving === true) {
      this.#leaving = this.#beginLeaving(both)
    }
    this.#show()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.allSettled([this.#life?.tasks, this.#participation?.done, this.#leaving?.done])
  }

  async join(): Promise<void> {
    const signal = this.#mustRun()
    this.#stopFinishing()
    this.work?.open()
    if (this.#participation !== undefined && !this.#participation.hasFailed()) {
      return this.#participation.joined
    }
    this.#entering ??= this.#enter(signal).finally(() => {
      this.#entering = undefined
    })
    const participation = await this.#entering
    return participation.joined
  }

  async finish(): Promise<void> {
    const signal = this.#mustRun()
    if (this.work !== undefined) {
      this.#stopFinishing()
      const finishing = new AbortController()
      this.#finishing = finishing
      await this.work.finish(AbortSignal.any([signal, finishing.signal]))
      this.#finishing = undefined
    }
    await this.leave()
  }

  async leave(): Promise<void> {
    const signal = this.#mustRun()
    this.#stopFinishing()
    this.work?.close()
    if (this.#entering !== undefined) {
      await this.#entering
    }
    this.#leaving ??= this.#beginLeaving(signal)
    await this.#leaving.done
  }

  recheck(): Promise<void> {
    const signal = this.#mustRun()
    if (this.#isRacing || this.#membership === 'checking_device' || this.#rechecking !== undefined) {
      throw new CodedError('busy', 'the device races or is being checked')
    }
    this.#rechecking = checkDevice(this.#context, signal)
      .then(() => undefined)
      .finally(() => {
        this.#rechecking = undefined
      })
    return this.#rechecking
  }

  view(): HostView {
    return this.#context.view.current()
  }

  onChange(listener: (view: HostView) => void): Unsubscribe {
    return this.#context.view.onChange(listener)
  }

  #stopFinishing(): void {
    this.#finishing?.abort(new CodedError('interrupted', 'the owner decided otherwise'))
    this.#finishing = undefined
  }

  #mustRun(): AbortSignal {
    if (this.#life === undefined || this.#life.signal.aborted) {
      throw new CodedError('not_started', 'the contributor does not run')
    }
    return this.#life.signal
  }

  #show(): void {
    const { view, watch, memory } = this.#context
    view.update({ phase: phaseOf(this.#membership, this.#isRacing, watch.latest()), joined: memory.current().joined })
  }

  #setMembership(membership: Membership): void {
    this.#membership = membership
    this.#show()
  }

  async #enter(signal: AbortSignal): Promise<Participation> {
    const { view, clock } = this.#context
    this.#leaving?.abort.abort()
    await this.#leaving?.done
    view.update({ times: { joinRequestedAtMs: clock.nowMs() } })
    await this.#remember(({ leaving: _cancelled, ...rest }) => ({ ...rest, joined: true }))
    this.#participation = this.#participate(signal, true)
    return this.#participation
  }

  #participate(signal: AbortSignal, isFresh: boolean): Participation {
    return startParticipation(this.#context, {
      isFresh,
      setMembership: (membership) => this.#setMembership(membership),
      setRacing: (isRacing) => {
        this.#isRacing = isRacing
        this.#show()
      },
      signal,
    })
  }

  /** Ends the participation, then tells the chain. A join or the end of the process interrupts it. */
  #beginLeaving(lifeSignal: AbortSignal): Leaving {
    const abort = new AbortController()
    const before = this.#participation
    this.#participation = undefined
    this.#setMembership('leaving')
    const run = async () => {
      try {
        before?.stop()
        await before?.done
        await this.#remember((remembered) => ({ ...remembered, joined: false, leaving: true }))
        await this.#tellThatLeft(AbortSignal.any([lifeSignal, abort.signal]))
      } catch (error) {
        // The memory still says that the chain has to be told.
        this.#context.logger.log('info', 'leaving interrupted', { error: errorMessage(error) })
      } finally {
        this.#leaving = undefined
      }
    }
    return { abort, done: run() }
  }

  /** On a full disk the chain is told all the same; what could not be written is written later. */
  async #remember(change: (memory: HostMemory) => HostMemory): Promise<void> {
    const { memory, logger } = this.#context
    await memory.update(change).catch((error: unknown) => {
      logger.log('warn', 'memory not written', { error: errorMessage(error) })
    })
  }

  async #tellThatLeft(signal: AbortSignal): Promise<void> {
    const { view } = this.#context
    const isTold = await ensureInactive(this.#context, signal)
    await this.#remember(({ leaving: _told, ...rest }) => (isTold ? rest : { ...rest, leaving: true }))
    this.#setMembership('out')
    view.notice(isTold ? 'info' : 'warning', 'left', { told: isTold ? 1 : 0 })
  }
}

function createContext(components: ContributorComponents, options: ContributorOptions): HostContext {
  const { chain, compute, peers, keys, clock, rng } = components
  const logger = components.logger.child('host')
  const watch = new ChainWatch({ chain, ownerAddress: keys.ownerAddress, clock, logger })
  const view = createViewStore({ clock, logger, keys }, peers.peerId)
  const memory = createMemoryKeeper(components.memory)
  const { pause, networkTimeMs } = components
  const servesWork = components.work !== undefined
  const outside = { ...(pause && { pause }), ...(networkTimeMs && { networkTimeMs }) }
  return { chain, compute, peers, keys, clock, logger, rng, watch, view, memory, options, servesWork, ...outside }
}

/** Everything that runs as long as the process does, joined or not. */
async function runTasks(
  context: HostContext,
  work: Work | undefined,
  show: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { view, watch, peers } = context
  const verifying = createVerifying(context)
  const accusing = createAccusing(context)
  const unsubscribes = [
    watch.onSnapshot((snapshot) => {
      const { record, balance } = snapshot
      view.update({ epoch: epochViewOf(snapshot), record, balance, peers: peers.counts().connected })
      show()
    }),
    watch.onConnection((connection) => {
      const wasConnected = view.current().connection === 'connected'
      view.update({ connection })
      if (connection === 'disconnected' && wasConnected) {
        view.notice('warning', 'chain_unreachable')
      } else if (connection === 'connected') {
        view.notice('info', 'chain_reachable')
      }
    }),
  ]
  const tasks: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = {
    chain_watch: (end) => watch.run(end),
    verifying: verifying.run,
    accusing: accusing.run,
    opening_watch: (end) => watchOpenings(context, verifying, accusing, end),
    spot_check: (end) => spotCheck(context, verifying, accusing, end),
    race_challenges: (end) => answerRaceChallenges(context, accusing, end),
    heartbeat: (end) => sendHeartbeats(context, end),
    consequences: (end) => watchConsequences(context, end),
    memory: (end) => saveMemory(context, end),
    ...work?.tasks,
  }
  await Promise.all(Object.entries(tasks).map(([name, task]) => supervise(context, name, task, signal)))
  for (const unsubscribe of unsubscribes) {
    unsubscribe()
  }
  context.logger.log('info', 'contributor stopped', { reason: errorCode(signal.reason) })
}

/** What a full disk did not take is written as soon as it does. */
function saveMemory(context: HostContext, signal: AbortSignal): Promise<void> {
  const { memory } = context
  return forEachSnapshot(
    context,
    'memory',
    () => memory.isUnsaved(),
    () => memory.save(),
    signal,
  )
}
