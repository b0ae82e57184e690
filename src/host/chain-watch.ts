/**
 * The chain as this host sees it: one snapshot for each block, in order, gaps closed by the newest. Everything that a host
 * does is timed by these snapshots, never by its own clock: a slow machine and a slow chain make the same decisions.
 */
import { errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { Params } from '../protocol/params.ts'
import type { ChainSnapshot } from './chain-snapshot.ts'
import { epochOf } from './chain-snapshot.ts'
import type { ChainPort, ConnectionState, Unsubscribe } from './ports.ts'

export interface ChainWatchComponents {
  readonly chain: ChainPort
  /** Whose record and balance are part of the snapshots. */
  readonly ownerAddress: string
  readonly clock: Clock
  readonly logger: Logger
}

type SnapshotListener = (snapshot: ChainSnapshot) => void

/** A refresh that is still under way after so many blocks is given up and started again. */
const REFRESH_PATIENCE_BLOCKS = 5

export class ChainWatch {
  readonly #components: ChainWatchComponents
  readonly #listeners = new Set<SnapshotListener>()
  readonly #connectionListeners = new Set<(state: ConnectionState) => void>()
  #connection: ConnectionState = 'connecting'
  #params: Params | undefined
  #latest: ChainSnapshot | undefined
  #newestHeight = 0
  #wake: () => void = () => undefined
  #refreshing: { sinceHeight: number; readonly abort: AbortController } | undefined

  constructor(components: ChainWatchComponents) {
    this.#components = components
  }

  latest(): ChainSnapshot | undefined {
    return this.#latest
  }

  connection(): ConnectionState {
    return this.#connection
  }

  onSnapshot(listener: SnapshotListener): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onConnection(listener: (state: ConnectionState) => void): Unsubscribe {
    this.#connectionListeners.add(listener)
    return () => this.#connectionListeners.delete(listener)
  }

  /** Follows the chain until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { chain, logger } = this.#components
    const unsubscribes = [
      chain.onBlock((block) => this.#onBlock(block.height)),
      chain.onConnection((state) => this.#setConnection(state)),
    ]
    const onAbort = () => this.#wake()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!signal.aborted) {
        // Before the refresh: a block that arrives during it must not be slept over.
        const woken = this.#sleepUntilWoken()
        try {
          await this.#refresh(signal)
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
  }

  /** The first snapshot, the latest one included, for which the predicate holds. Rejects when the signal aborts. */
  until(predicate: (snapshot: ChainSnapshot) => boolean, signal: AbortSignal): Promise<ChainSnapshot> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#listeners.delete(listener)
        signal.removeEventListener('abort', onAbort)
      }
      const listener = (snapshot: ChainSnapshot) => {
        try {
          if (predicate(snapshot)) {
            done()
            resolve(snapshot)
          }
        } catch (error) {
          done()
          reject(error as Error)
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
      this.#listeners.add(listener)
      if (this.#latest !== undefined) {
        listener(this.#latest)
      }
    })
  }

  /** The first snapshot above `height`. Rejects when the signal aborts. */
  after(height: number, signal: AbortSignal): Promise<ChainSnapshot> {
    return this.until((snapshot) => snapshot.height > height, signal)
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { chain, ownerAddress, clock } = this.#components
    const abort = new AbortController()
    const giveUp = AbortSignal.any([signal, abort.signal])
    this.#refreshing = { sinceHeight: this.#newestHeight, abort }
    try {
      const params = this.#params ?? (await unlessAborted(chain.params(giveUp), giveUp))
      this.#params = params
      const answers = [
        chain.epoch(giveUp),
        chain.host(ownerAddress, giveUp),
        chain.balance(ownerAddress, giveUp),
      ] as const
      const [epoch, record, balance] = await unlessAborted(Promise.all(answers), giveUp)
      const height = Number(epoch.height)
      this.#newestHeight = Math.max(this.#newestHeight, height)
      // A node that fell behind after a reconnect: what it says is old, wait until it has caught up.
      if (this.#latest === undefined || height > this.#latest.height) {
        this.#publish({ ...epochOf(epoch), height, arrivedAtMs: clock.nowMs(), params, record, balance })
      }
    } finally {
      this.#refreshing = undefined
    }
  }

  #publish(snapshot: ChainSnapshot): void {
    this.#latest = snapshot
    for (const listener of [...this.#listeners]) {
      try {
        listener(snapshot)
      } catch (error) {
        // One part of a host that fails must not keep the others from seeing the block.
        this.#components.logger.log('error', 'snapshot listener failed', { error: errorMessage(error) })
      }
    }
  }

  #onBlock(height: number): void {
    this.#newestHeight = Math.max(this.#newestHeight, height)
    const refreshing = this.#refreshing
    if (refreshing !== undefined) {
      // 0: no height was known when it began.
      refreshing.sinceHeight = refreshing.sinceHeight === 0 ? this.#newestHeight : refreshing.sinceHeight
      if (this.#newestHeight - refreshing.sinceHeight >= REFRESH_PATIENCE_BLOCKS) {
        refreshing.abort.abort()
      }
    }
    this.#wake()
  }

  #setConnection(state: ConnectionState): void {
    if (state === this.#connection) {
      return
    }
    this.#connection = state
    for (const listener of [...this.#connectionListeners]) {
      listener(state)
    }
    this.#wake()
  }

  #sleepUntilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Rejects with the abort even where the answer never comes: a port that does not listen must not stop the watch. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) {
      onAbort()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
