/**
 * Keeps child processes alive: starts them, waits for their ready line, restarts one that dies with growing delay, stops all
 * on request. Invariant: no orphan. A child holds the reading end of a pipe whose writing end only this process has; when this
 * process dies in any way, the pipe closes and the child stops (exit-with-parent.ts).
 */
import { CodedError } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { ReadyLine } from './ready-line.ts'
import { parseReady } from './ready-line.ts'
import type { ChildSpec, SpawnChild, SpawnedChild } from './spawn-child.ts'
import { spawnNodeChild } from './spawn-child.ts'

export interface ChildStatus {
  readonly name: string
  readonly pid: number | undefined
  readonly restarts: number
  readonly running: boolean
}

export interface SupervisedChild {
  readonly name: string
  /** Resolves at the first ready line. @throws CodedError `child_failed` where it exits before, `child_timeout` after 60 s. */
  readonly ready: Promise<ReadyLine>
  status(): ChildStatus
  stop(): Promise<void>
}

export interface SupervisorOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** How a child comes to life; a Node process where absent. */
  readonly spawn?: SpawnChild | undefined
  /** Called at each unexpected exit, before the restart. */
  readonly onExit?: (status: ChildStatus, exit: string) => void
}

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 8_000
const RESTART_DELAYS_MS = [250, 1_000, 4_000, 15_000]
/** A child that lived this long starts its delays anew. */
const STABLE_MS = 60_000

export function superviseChild(spec: ChildSpec, options: SupervisorOptions): SupervisedChild {
  return new Supervised(spec, options)
}

class Supervised implements SupervisedChild {
  readonly name: string
  readonly ready: Promise<ReadyLine>
  readonly #spec: ChildSpec
  readonly #options: SupervisorOptions
  readonly #stopping = new AbortController()
  readonly #firstReady = Promise.withResolvers<ReadyLine>()
  readonly #running: Promise<void>
  #child: SpawnedChild | undefined
  #restarts = 0
  #wasReady = false

  constructor(spec: ChildSpec, options: SupervisorOptions) {
    this.name = spec.name
    this.#spec = spec
    this.#options = options
    this.ready = this.#firstReady.promise
    // A stop before the first ready line must not surface as an unhandled rejection.
    this.ready.catch(() => undefined)
    this.#running = this.#run()
    void this.#limitStart()
  }

  status(): ChildStatus {
    const child = this.#child
    return { name: this.name, pid: child?.pid, restarts: this.#restarts, running: child?.isRunning === true }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#firstReady.reject(new CodedError('aborted', `${this.name} was stopped`))
    const last = this.#child
    if (last?.isRunning === true) {
      last.terminate()
      const timer = setTimeout(() => last.kill(), STOP_TIMEOUT_MS)
      await this.#running
      clearTimeout(timer)
    }
  }

  async #run(): Promise<void> {
    const { clock, logger, onExit } = this.#options
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      const startedAtMs = clock.nowMs()
      const exit = await this.#runOnce()
      if (signal.aborted) {
        return
      }
      if (!this.#wasReady) {
        this.#firstReady.reject(new CodedError('child_failed', `${this.name} stopped before it was ready: ${exit}`))
        return
      }
      failures = clock.nowMs() - startedAtMs > STABLE_MS ? 0 : failures + 1
      this.#restarts += 1
      logger.log('warn', 'child exited, restarting', { child: this.name, exit, restarts: this.#restarts })
      onExit?.(this.status(), exit)
      const delayMs = RESTART_DELAYS_MS[Math.min(failures, RESTART_DELAYS_MS.length) - 1] ?? 0
      await clock.sleep(delayMs, signal).catch(() => undefined)
    }
  }

  #runOnce(): Promise<string> {
    const { spawn = spawnNodeChild, logger } = this.#options
    return new Promise((resolve) => {
      this.#child = spawn(this.#spec, {
        line: (line) => this.#onLine(line),
        log: (line) => logger.log('info', line.slice(0, 500), { child: this.name }),
        exit: resolve,
      })
    })
  }

  #onLine(line: string): void {
    const message = parseReady(line)
    if (message !== undefined) {
      this.#wasReady = true
      this.#firstReady.resolve(message)
    }
  }

  async #limitStart(): Promise<void> {
    try {
      await this.#options.clock.sleep(READY_TIMEOUT_MS, AbortSignal.any([this.#stopping.signal, this.#readySignal()]))
      this.#firstReady.reject(new CodedError('child_timeout', `${this.name} was not ready after 60 s`))
    } catch {
      // Ready, failed or stopped in time.
    }
  }

  #readySignal(): AbortSignal {
    const settled = new AbortController()
    const settle = (): void => settled.abort()
    this.ready.then(settle, settle)
    return settled.signal
  }
}
