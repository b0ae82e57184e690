/**
 * The chain as this host sees it: one snapshot for each block, in order, gaps closed by the newest. Everything that a host
 * does is timed by these snapshots, never by its own clock: a slow machine and a slow chain make the same decisions.
 */
import { errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import { isShapeName } from '../protocol/messages.ts'
import type { EpochHeights, Params, ShapeName } from '../protocol/params.ts'
import type { ChainPort, ConnectionState, HostRecord, Unsubscribe } from './ports.ts'
import type { EpochView } from './view.ts'

export interface ChainSnapshot {
  /** Last committed height. */
  readonly height: number
  /** When this host saw it, Unix milliseconds. */
  readonly arrivedAtMs: number
  readonly params: Params
  readonly epoch: number
  readonly heights: EpochHeights
  /** Stage of the next block. */
  readonly stage: EpochView['stage']
  /** Seed of the race of `epoch`; undefined until block P is committed. */
  readonly seed: Uint8Array | undefined
  readonly targets: Readonly<Partial<Record<ShapeName, Uint8Array>>>
  /** This host's registration. */
  readonly record: HostRecord | undefined
  readonly balance: bigint
}

export interface ChainWatch {
  /** Follows the chain until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  latest(): ChainSnapshot | undefined
  connection(): ConnectionState
  /** The first snapshot, the latest one included, for which the predicate holds. Rejects when the signal aborts. */
  until(predicate: (snapshot: ChainSnapshot) => boolean, signal: AbortSignal): Promise<ChainSnapshot>
  /** The next snapshot after `height`. */
  after(height: number, signal: AbortSignal): Promise<ChainSnapshot>
  onSnapshot(listener: (snapshot: ChainSnapshot) => void): Unsubscribe
  onConnection(listener: (state: ConnectionState) => void): Unsubscribe
}

/** A refresh that is still under way after so many blocks is given up and started again. */
const REFRESH_PATIENCE_BLOCKS = 5

export function createChainWatch(components: {
  readonly chain: ChainPort
  readonly ownerAddress: string
  readonly clock: Clock
  readonly logger: Logger
}): ChainWatch {
  const { chain, ownerAddress, clock, logger } = components
  const listeners = new Set<(snapshot: ChainSnapshot) => void>()
  const connectionListeners = new Set<(state: ConnectionState) => void>()
  let connection: ConnectionState = 'connecting'
  let params: Params | undefined
  let latest: ChainSnapshot | undefined
  let newestHeight = 0
  let wake: () => void = () => undefined
  let refreshing: { readonly sinceHeight: number; readonly abort: AbortController } | undefined

  async function refresh(signal: AbortSignal): Promise<void> {
    const abort = new AbortController()
    const giveUp = AbortSignal.any([signal, abort.signal])
    refreshing = { sinceHeight: newestHeight, abort }
    try {
      params ??= await chain.params(giveUp)
      const [epoch, record, balance] = await Promise.all([
        chain.epoch(giveUp),
        chain.host(ownerAddress, giveUp),
        chain.balance(ownerAddress, giveUp),
      ])
      const height = Number(epoch.height)
      newestHeight = Math.max(newestHeight, height)
      // A node that fell behind after a reconnect: what it says is old, wait until it has caught up.
      if (latest !== undefined && height <= latest.height) {
        return
      }
      latest = { ...epochOf(epoch), height, arrivedAtMs: clock.nowMs(), params, record, balance }
      for (const listener of [...listeners]) {
        listener(latest)
      }
    } finally {
      refreshing = undefined
    }
  }

  function onBlock(height: number): void {
    newestHeight = Math.max(newestHeight, height)
    if (refreshing !== undefined && newestHeight - refreshing.sinceHeight >= REFRESH_PATIENCE_BLOCKS) {
      refreshing.abort.abort()
    }
    wake()
  }

  function setConnection(state: ConnectionState): void {
    if (state === connection) {
      return
    }
    connection = state
    for (const listener of [...connectionListeners]) {
      listener(state)
    }
    wake()
  }

  function sleepUntilWoken(): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve
    })
  }

  function until(predicate: (snapshot: ChainSnapshot) => boolean, signal: AbortSignal): Promise<ChainSnapshot> {
    return new Promise((resolve, reject) => {
      const done = () => {
        listeners.delete(listener)
        signal.removeEventListener('abort', onAbort)
      }
      const listener = (snapshot: ChainSnapshot) => {
        if (predicate(snapshot)) {
          done()
          resolve(snapshot)
        }
      }
      const onAbort = () => {
        done()
        reject(signal.reason as Error)
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      listeners.add(listener)
      if (latest !== undefined) {
        listener(latest)
      }
    })
  }

  return {
    async run(signal) {
      const unsubscribes = [chain.onBlock((block) => onBlock(block.height)), chain.onConnection(setConnection)]
      const onAbort = () => wake()
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        while (!signal.aborted) {
          // Before the refresh: a block that arrives during it must not be slept over.
          const woken = sleepUntilWoken()
          try {
            await refresh(signal)
          } catch (error) {
            logger.log('debug', 'chain not read', { error: errorMessage(error) })
          }
          if (!signal.aborted) {
            await woken
          }
        }
      } finally {
        signal.removeEventListener('abort', onAbort)
        for (const unsubscribe of unsubscribes) {
          unsubscribe()
        }
      }
    },
    latest: () => latest,
    connection: () => connection,
    until,
    after: (height, signal) => until((snapshot) => snapshot.height > height, signal),
    onSnapshot(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onConnection(listener) {
      connectionListeners.add(listener)
      return () => connectionListeners.delete(listener)
    },
  }
}

type EpochPart = Pick<ChainSnapshot, 'epoch' | 'heights' | 'stage' | 'seed' | 'targets'>

function epochOf(response: Awaited<ReturnType<ChainPort['epoch']>>): EpochPart {
  const epoch = Number(response.epoch)
  const targets: Partial<Record<ShapeName, Uint8Array>> = {}
  for (const race of response.races) {
    if (isShapeName(race.shape) && race.target.length === 32) {
      targets[race.shape] = race.target
    }
  }
  return {
    epoch,
    heights: {
      epoch,
      startHeight: Number(response.startHeight),
      raceEndHeight: Number(response.raceEndHeight),
      sampleHeight: Number(response.sampleHeight),
      rootDeadlineHeight: Number(response.rootDeadlineHeight),
      settleHeight: Number(response.settleHeight),
      closeHeight: Number(response.closeHeight),
    },
    stage: stageOf(response.stage),
    seed: response.seed.length === 32 ? response.seed : undefined,
    targets,
  }
}

function stageOf(text: string): EpochView['stage'] {
  return text === 'seeding' || text === 'race' || text === 'verify' ? text : 'serve'
}
