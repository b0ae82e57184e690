/**
 * One node under CometBFT: the application and CometBFT, each a process of its own, kept alive together. CometBFT ends itself when the
 * application's socket dies, and dials for seconds where nobody listens yet, so the order is always: application, its ready line,
 * CometBFT. Invariant: CometBFT never runs longer than a moment without its application, and no process outlives this one:
 * the application ends with its parent (network/exit-with-parent.ts) and CometBFT with the application.
 * Read next: node-child.ts, comet-home.ts.
 */
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { parseReady } from '../network/ready-line.ts'
import type { SpawnChild, SpawnedChild } from '../network/spawn-child.ts'
import { spawnNodeChild } from '../network/spawn-child.ts'
import type { ChildStatus } from '../network/supervisor.ts'
import { prepareNodeHome } from './comet-home.ts'
import { isRpcUp } from './comet-rpc.ts'
import { FINAL_EXIT_CODE } from './exit-codes.ts'
import type { NodeChild } from './node-child.ts'
import { exitError, startNodeChild, untilReady } from './node-child.ts'
import { rpcUrlOf } from './node-settings.ts'

export interface CometNodeComponents {
  readonly clock: Clock
  readonly logger: Logger
  /** What CometBFT prints, a line each. */
  readonly cometLogger: Logger
  readonly spawn?: SpawnChild | undefined
}

export interface CometNodeOptions {
  /** For statuses and logs: `validator-1`. */
  readonly name: string
  readonly home: string
  /** How to run `tailrace`: the program and its first arguments. */
  readonly program: readonly [string, ...string[]]
  /** Path of CometBFT. */
  readonly binary: string
  readonly onExit?: ((status: ChildStatus, exit: string) => void) | undefined
}

export interface CometNode {
  readonly rpcUrl: string
  /** Of the application and of CometBFT. */
  statuses(): readonly ChildStatus[]
  /** Rejects where the application says that it must not go on (`node_stopped`, fields.exitCode). */
  readonly done: Promise<void>
  stop(): Promise<void>
}

const READY_LIMIT_MS = 120_000
const RPC_POLL_MS = 100
const RESTART_DELAYS_MS = [250, 1_000, 4_000, 15_000]
/** A pair that lived this long starts its delays anew. */
const STABLE_MS = 20_000
/**
 * CometBFT needs a moment to see that the socket is dead. Its own stop then hangs now and then, and has nothing to save: what it signed and
 * decided is on disk before anybody hears of it.
 */
const COMET_END_MS = 3_000
/** CometBFT stays up when its consensus has panicked, but makes no block any more. */
const HALTED = 'CONSENSUS FAILURE'

/** Resolves when CometBFT's RPC answers. @throws CodedError `child_failed`, `child_timeout` and those of `prepareNodeHome` */
export async function startCometNode(components: CometNodeComponents, options: CometNodeOptions): Promise<CometNode> {
  const { settings } = prepareNodeHome(options.home)
  const node = new SupervisedNode(components, options, rpcUrlOf(settings))
  try {
    await node.startMissing()
  } catch (error) {
    await node.stop()
    throw error
  }
  node.keepAlive()
  return node
}

class SupervisedNode implements CometNode {
  readonly rpcUrl: string
  readonly done: Promise<void>
  readonly #components: CometNodeComponents
  readonly #options: CometNodeOptions
  readonly #stopping = new AbortController()
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void }
  readonly #restarts = { app: 0, cometbft: 0 }
  #app: NodeChild | undefined
  #comet: NodeChild | undefined
  #keeping: Promise<void> = Promise.resolve()
  #lastLine = ''

  constructor(components: CometNodeComponents, options: CometNodeOptions, rpcUrl: string) {
    this.#components = components
    this.#options = options
    this.rpcUrl = rpcUrl
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#settle = { resolve, reject }
    promise.catch(() => {
      // A caller that does not look at `done` still has the log.
    })
  }

  statuses(): readonly ChildStatus[] {
    return [this.#statusOf('app', this.#app), this.#statusOf('cometbft', this.#comet)]
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#stopBoth()
    await this.#keeping
    // What was started in the moment of the stop.
    await this.#stopBoth()
    this.#settle.resolve()
  }

  /** CometBFT first: it asks the application until its end. */
  async #stopBoth(): Promise<void> {
    await this.#comet?.stop()
    await this.#app?.stop()
  }

  keepAlive(): void {
    this.#keeping = this.#keepAlive().catch((error: unknown) => {
      this.#components.logger.log('error', 'the node stops', { error: errorMessage(error) })
      this.#settle.reject(error)
    })
  }

  /** The application where it does not run, then CometBFT where it does not. */
  async startMissing(): Promise<void> {
    if (this.#app?.isRunning !== true) {
      await this.#comet?.killAfter(COMET_END_MS)
      if (this.#stopping.signal.aborted) {
        return
      }
      await this.#startApp()
    }
    if (this.#comet?.isRunning !== true && !this.#stopping.signal.aborted) {
      await this.#startComet()
    }
  }

  async #keepAlive(): Promise<void> {
    const { clock } = this.#components
    const { signal } = this.#stopping
    let failures = 0
    let upSinceMs = clock.nowMs()
    while (!signal.aborted) {
      await this.#firstExit()
      failures = clock.nowMs() - upSinceMs > STABLE_MS ? 1 : failures + 1
      const delayMs = RESTART_DELAYS_MS[Math.min(failures, RESTART_DELAYS_MS.length) - 1] ?? 0
      await clock.sleep(delayMs, signal).catch(() => undefined)
      if (signal.aborted) {
        return
      }
      try {
        await this.startMissing()
        upSinceMs = clock.nowMs()
      } catch (error) {
        this.#throwIfFinal(error)
        this.#components.logger.log('warn', 'the node did not come back', { error: errorMessage(error) })
      }
    }
  }

  /** Counts who ended; where the application did, waits for CometBFT's end too. */
  async #firstExit(): Promise<void> {
    const [app, comet] = [this.#app, this.#comet]
    if (app === undefined || comet === undefined || !app.isRunning || !comet.isRunning) {
      return
    }
    const [part, exit] = await Promise.race([
      app.exited.then((ended) => ['app', ended] as const),
      comet.exited.then((ended) => ['cometbft', ended] as const),
    ])
    if (this.#stopping.signal.aborted) {
      return
    }
    this.#restarts[part] += 1
    const { logger } = this.#components
    const child = `${this.#options.name} ${part}`
    logger.log('warn', 'child exited', { child, exit: exit.reason, lastLine: this.#lastLine })
    if (part === 'app') {
      await comet.killAfter(COMET_END_MS)
      this.#throwIfFinal(exitError(child, exit))
    }
    this.#options.onExit?.(this.#statusOf(part, part === 'app' ? app : comet), exit.reason)
  }

  #throwIfFinal(error: unknown): void {
    if (error instanceof CodedError && error.fields.exitCode === FINAL_EXIT_CODE) {
      throw new CodedError('node_stopped', `${this.#options.name} must not go on as it is: see its log`, {
        fields: { exitCode: FINAL_EXIT_CODE, said: this.#lastLine },
      })
    }
  }

  async #startApp(): Promise<void> {
    const { home, program, name } = this.#options
    const [command, ...first] = program
    let isReady = false
    const spec = { name: `${name} app`, command, args: [...first, 'node', 'app', '--home', home] }
    this.#app = this.#startChild(spec, (line) => {
      isReady ||= parseReady(line) !== undefined
      this.#lastLine = line.slice(0, 500)
      this.#components.logger.log('info', line.slice(0, 500), { child: spec.name })
    })
    const { clock } = this.#components
    await untilReady(this.#app, () => isReady, { clock, limitMs: READY_LIMIT_MS, everyMs: 20 })
  }

  async #startComet(): Promise<void> {
    const { home, binary, name } = this.#options
    const { clock, cometLogger, logger } = this.#components
    const spec = { name: `${name} cometbft`, command: binary, args: ['start', '--home', home] }
    const comet = this.#startChild(spec, (line, child) => {
      this.#lastLine = line.slice(0, 500)
      cometLogger.log('info', line.slice(0, 2_000))
      if (line.includes(HALTED)) {
        logger.log('error', 'consensus of this node halted, CometBFT is restarted', { child: spec.name })
        child.terminate()
      }
    })
    this.#comet = comet
    await untilReady(comet, () => isRpcUp(this.rpcUrl), { clock, limitMs: READY_LIMIT_MS, everyMs: RPC_POLL_MS })
  }

  #startChild(
    spec: { readonly name: string; readonly command: string; readonly args: readonly string[] },
    onLine: (line: string, child: SpawnedChild) => void,
  ): NodeChild {
    const { clock, spawn = spawnNodeChild } = this.#components
    return startNodeChild(spec, { clock, spawn, onLine })
  }

  #statusOf(part: 'app' | 'cometbft', child: NodeChild | undefined): ChildStatus {
    const name = `${this.#options.name} ${part}`
    return { name, pid: child?.pid, restarts: this.#restarts[part], running: child?.isRunning === true }
  }
}
