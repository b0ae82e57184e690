/**
 * What keeps this host from working as it should, from its beginning to its end. A monitor looks at its sources once a second; each
 * source is a small reading of one part (chain, network, device, storage, clock, sleep, wallet), and knows nothing of the others.
 *
 * Invariant: what `current` says is true of the moment it was looked at, a hiccup shows nothing, nothing flickers, and a source that
 * throws hides no other. Read next: trouble-source.ts, trouble-hold.ts, host-troubles.ts (all sources of a host).
 */
import type { Trouble } from '../../ipc/wires/trouble-wire.ts'
import { TROUBLE_CODES } from '../../ipc/wires/trouble-wire.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { Hold } from './trouble-hold.ts'
import { NO_HOLD, nextHold } from './trouble-hold.ts'
import type { Moment, TroubleFields, TroubleSource } from './trouble-source.ts'

export interface Troubles {
  /** Worst first. */
  current(): readonly Trouble[]
  /** Called after each change of what `current` answers. */
  onChange(listener: () => void): () => void
  stop(): Promise<void>
}

export interface TroublesComponents {
  /** Wall time; its `sleep` paces the looks. */
  readonly clock: Clock
  /** Milliseconds that are never set back or forth. */
  readonly steadyMs: () => number
  readonly logger: Logger
  readonly sources: readonly TroubleSource[]
}

const LOOK_EVERY_MS = 1_000

export function createTroubles(components: TroublesComponents): Troubles {
  const monitor = new TroubleMonitor(components)
  monitor.start()
  return monitor
}

class TroubleMonitor implements Troubles {
  readonly #components: TroublesComponents
  readonly #holds = new Map<TroubleSource, Hold>()
  readonly #listeners = new Set<() => void>()
  readonly #stopped = new AbortController()
  #current: readonly Trouble[] = []
  #looking: Promise<void> = Promise.resolve()

  constructor(components: TroublesComponents) {
    this.#components = components
  }

  start(): void {
    this.#looking = this.#lookOn()
  }

  current(): readonly Trouble[] {
    return this.#current
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#looking
  }

  async #lookOn(): Promise<void> {
    const { clock } = this.#components
    const { signal } = this.#stopped
    while (!signal.aborted) {
      this.#look()
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {
        // Stopped.
      })
    }
  }

  #look(): void {
    const { clock, steadyMs, sources } = this.#components
    const at: Moment = { nowMs: clock.nowMs(), steadyMs: steadyMs() }
    for (const source of sources) {
      const before = this.#holds.get(source) ?? NO_HOLD
      const after = nextHold(before, source, this.#read(source, at), at)
      this.#holds.set(source, after)
      this.#log(before.shown, after.shown)
    }
    this.#publish([...this.#holds.values()].flatMap(({ shown }) => shown ?? []).sort(byWeight))
  }

  #read(source: TroubleSource, at: Moment): TroubleFields | undefined {
    try {
      return source.read(at)
    } catch (error) {
      this.#components.logger.log('error', 'a trouble could not be read', {
        code: source.code,
        error: errorMessage(error),
      })
      return undefined
    }
  }

  #log(before: Trouble | undefined, after: Trouble | undefined): void {
    if (before === undefined && after !== undefined) {
      this.#components.logger.log('warn', 'trouble began', { code: after.code, ...after.fields })
    }
    if (before !== undefined && after === undefined) {
      this.#components.logger.log('info', 'trouble ended', { code: before.code })
    }
  }

  #publish(next: readonly Trouble[]): void {
    if (JSON.stringify(next) === JSON.stringify(this.#current)) {
      return
    }
    this.#current = next
    for (const listener of [...this.#listeners]) {
      listener()
    }
  }
}

function byWeight(a: Trouble, b: Trouble): number {
  const level = (trouble: Trouble): number => (trouble.level === 'error' ? 0 : 1)
  return level(a) - level(b) || TROUBLE_CODES.indexOf(a.code) - TROUBLE_CODES.indexOf(b.code)
}
