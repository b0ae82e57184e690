/**
 * Races: from the block that gives the seed until the last block that takes commits. Three things run side by side: the
 * device races (and is started again where it stops), every few blocks the finds are committed, and the chain's height ends
 * it. A lost connection ends nothing: the device goes on, the queue holds what it finds.
 */
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { BackendKind, RaceJob, RaceListener, RaceProgress } from '../../protocol/compute.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import type { CheckedDevice } from '../device-choice.ts'
import { checkDevice, isTakingPart } from '../joining.ts'
import { isPaused, unlessPaused, untilUnpaused } from '../pausing.ts'
import { Committer, isCommitDue } from './committing.ts'
import type { FindQueue } from './find-queue.ts'
import { createFindQueue } from './find-queue.ts'
import { outageWatch, pauseRace } from './outage.ts'

interface Race {
  readonly epoch: number
  readonly seed: Uint8Array
  readonly target: Uint8Array
  readonly backend: BackendKind
  readonly queue: FindQueue
  readonly committer: Committer
}

/** Takes part in every race until the signal aborts. `onRacing` says when the device works. */
export async function runRaces(
  context: HostContext,
  checked: Pick<CheckedDevice, 'kind' | 'generation'>,
  onRacing: (isRacing: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastEpoch = -1
  let chosen = checked.kind
  let { generation } = checked
  const hasChanged = (): boolean => context.compute.generation?.() !== generation
  for (;;) {
    const isTurn = (latest: ChainSnapshot) => hasChanged() || (latest.epoch > lastEpoch && canRace(context, latest))
    const snapshot = await context.watch.until(isTurn, signal)
    if (hasChanged()) {
      generation = context.compute.generation?.()
      chosen = await chooseAgain(context, chosen, signal)
      continue
    }
    lastEpoch = snapshot.epoch
    onRacing(true)
    try {
      await runRace(context, chosen, snapshot, signal)
    } finally {
      onRacing(false)
    }
  }
}

function canRace(context: HostContext, snapshot: ChainSnapshot): boolean {
  const { height, heights } = snapshot
  return (
    snapshot.seed !== undefined &&
    snapshot.targets[context.options.shape] !== undefined &&
    height >= heights.startHeight &&
    height < heights.raceEndHeight - 1 &&
    !isPaused(context) &&
    isTakingPart(context, snapshot)
  )
}

async function runRace(
  context: HostContext,
  backend: BackendKind,
  start: ChainSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const { epoch, heights } = start
  const race = await prepareRace(context, backend, start, signal)
  if (race === undefined) {
    return
  }
  context.view.notice('info', 'race_started', { epoch, backend, nonce: race.queue.nextNonce().toString() })
  const over = new AbortController()
  const raceSignal = AbortSignal.any([signal, over.signal])
  const racing = keepRacing(context, race, raceSignal)
  // The block before the last one that takes commits: what is found by then can still get in.
  const isOver = (latest: ChainSnapshot) => latest.height >= heights.raceEndHeight - 1 || latest.epoch !== epoch
  const ending = context.watch.until(isOver, signal).finally(() => over.abort())
  try {
    await Promise.all([commitUntil(context, race, isOver, signal), ending])
  } finally {
    over.abort()
    await racing
  }
  await commitRest(context, race, heights.raceEndHeight, signal)
  sumUp(context, race)
}

/** Where to go on: behind everything committed or remembered. Undefined where the chain could not be asked in time. */
async function prepareRace(
  context: HostContext,
  backend: BackendKind,
  start: ChainSnapshot,
  signal: AbortSignal,
): Promise<Race | undefined> {
  const { epoch, seed } = start
  const target = start.targets[context.options.shape]
  if (seed === undefined || target === undefined) {
    return undefined
  }
  const remembered = context.memory.current().race
  let startNonce = remembered?.epoch === epoch ? remembered.nextNonce : 0n
  let committed = 0
  try {
    const onChain = await context.chain.finds(BigInt(epoch), context.keys.ownerAddress, signal)
    const last = onChain.at(-1)
    committed = onChain.length
    startNonce = last !== undefined && last >= startNonce ? last + 1n : startNonce
  } catch {
    signal.throwIfAborted()
    // Out of reach: what is remembered is enough to begin with, the first commit sorts it out.
  }
  const queue = createFindQueue(startNonce)
  const idle: RaceProgress = { attempts: 0, finds: 0, attemptsPerSecond: 0, backend, faultyFinds: 0 }
  context.view.update({ race: { ...idle, epoch, committed } })
  return { epoch, seed, target, backend, queue, committer: new Committer(context, epoch, queue, committed) }
}

/** Lets the device race until the signal aborts, but for pauses; a backend that fails is looked for again with the next block. */
async function keepRacing(context: HostContext, race: Race, signal: AbortSignal): Promise<void> {
  const listener = createListener(context, race)
  let backend = race.backend
  for (;;) {
    await untilUnpaused(context, signal)
    if (signal.aborted) {
      return
    }
    const pause = unlessPaused(context, signal)
    const patience = outageWatch(context, pause.signal)
    try {
      await context.compute.race(jobOf(context, race, backend), listener, patience.signal)
    } catch (error) {
      if (!patience.signal.aborted) {
        context.view.notice('warning', 'compute_unavailable', { error: errorCode(error) })
        context.logger.log('warn', 'race interrupted', { error: errorMessage(error) })
      }
    }
    patience.end()
    pause.end()
    listener.endRun()
    await pauseRace(context, patience.isOutage(), signal)
    backend = await chooseAgain(context, backend, signal)
  }
}

function jobOf(context: HostContext, race: Race, backend: BackendKind): RaceJob {
  const { options, keys } = context
  return {
    shape: options.shape,
    epochSeed: race.seed,
    host: decodeAddress(keys.ownerAddress),
    target: race.target,
    startNonce: race.queue.nextNonce(),
    backend,
    dutyPpm: options.dutyPpm,
  }
}

/** After a backend stopped: the page may have come back with another one. */
async function chooseAgain(context: HostContext, backend: BackendKind, signal: AbortSignal): Promise<BackendKind> {
  try {
    return signal.aborted ? backend : (await checkDevice(context, signal)).kind
  } catch (error) {
    context.logger.log('warn', 'no backend after an interruption', { error: errorMessage(error) })
    return backend
  }
}

/** A listener whose counts go on over restarts of the device within one race. */
function createListener(context: HostContext, race: Race): RaceListener & { endRun(): void } {
  let before = { attempts: 0, finds: 0, faultyFinds: 0 }
  let run = before

  function show(progress: RaceProgress): void {
    const committed = race.committer.committed()
    run = { attempts: progress.attempts, finds: progress.finds, faultyFinds: progress.faultyFinds }
    context.view.update({ race: { ...progress, ...sum(before, run), epoch: race.epoch, committed } })
  }

  return {
    onFinds(nonces) {
      const dropped = race.queue.add(nonces)
      if (dropped > 0) {
        context.view.notice('warning', 'finds_lost', { epoch: race.epoch, count: dropped })
      }
      const { times } = context.view.current()
      if (times.joinRequestedAtMs !== undefined && times.firstFindAtMs === undefined) {
        context.view.update({ times: { ...times, firstFindAtMs: context.clock.nowMs() } })
      }
    },
    onProgress(progress) {
      if (progress.faultyFinds > run.faultyFinds) {
        context.view.notice('warning', 'faulty_finds', { epoch: race.epoch, count: progress.faultyFinds })
      }
      show(progress)
    },
    onNotice(code) {
      const known = code === 'device_lost'
      context.view.notice('warning', known ? 'device_lost' : 'compute_notice', known ? {} : { detail: code })
    },
    endRun() {
      before = sum(before, run)
      run = { attempts: 0, finds: 0, faultyFinds: 0 }
    },
  }
}

type Counts = Pick<RaceProgress, 'attempts' | 'finds' | 'faultyFinds'>

function sum(a: Counts, b: Counts): Counts {
  return { attempts: a.attempts + b.attempts, finds: a.finds + b.finds, faultyFinds: a.faultyFinds + b.faultyFinds }
}

/** Commits every few blocks until the race is over. */
async function commitUntil(
  context: HostContext,
  race: Race,
  isOver: (snapshot: ChainSnapshot) => boolean,
  signal: AbortSignal,
): Promise<void> {
  let snapshot = await context.watch.until(() => true, signal)
  let lastCommitHeight = snapshot.height
  while (!isOver(snapshot)) {
    if (isCommitDue(snapshot, lastCommitHeight) && (await tryCommit(context, race, signal))) {
      lastCommitHeight = snapshot.height
    }
    snapshot = await context.watch.after(snapshot.height, signal)
  }
}

/** The last commit: for the block `raceEndHeight` at the latest. */
async function commitRest(context: HostContext, race: Race, raceEndHeight: number, signal: AbortSignal): Promise<void> {
  let snapshot = await context.watch.until(() => true, signal)
  while (race.queue.size() > 0 && snapshot.height < raceEndHeight) {
    if (!(await tryCommit(context, race, signal))) {
      snapshot = await context.watch.after(snapshot.height, signal)
    }
  }
}

async function tryCommit(context: HostContext, race: Race, signal: AbortSignal): Promise<boolean> {
  try {
    return await race.committer.commit(signal)
  } catch (error) {
    signal.throwIfAborted()
    context.logger.log('warn', 'commit not resolved', { epoch: race.epoch, error: errorMessage(error) })
    return false
  }
}

function sumUp(context: HostContext, race: Race): void {
  const { epoch, queue, committer } = race
  if (queue.size() > 0) {
    context.view.notice('warning', 'finds_lost', { epoch, count: queue.size() })
  }
  if (committer.committed() === 0) {
    context.view.notice('warning', 'race_missed', { epoch })
  }
}
