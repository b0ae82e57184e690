/**
 * Main's half of the core process: starts it, hands it its ports, forks its children, starts it again when it dies. Invariant: at most one
 * core runs; when one ends, every child that it had is ended before the next begins; after `stop` none is started any more.
 */
import type { CodedError } from '../../../lib/coded-error.ts'
import { codedErrorFromJson } from '../../../lib/coded-error.ts'
import type { Clock, Logger } from '../../../lib/runtime.ts'
import { schemaVerdict } from '../../../lib/schema-verdict.ts'
import { STOP_MESSAGE } from '../../network/exit-with-parent.ts'
import type { CoreCommand, CoreStart, CoreView, FromCore, PageKind, ToCore } from './core-wire.ts'
import { fromCoreSchema } from './core-wire.ts'
import type { ForkedProcess, ForkProcess, TransferPort } from './forked-process.ts'

/** `waiting`: it died and is started again after a delay. */
export type CoreState = 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped' | 'failed'

export interface CoreKeeperComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly fork: ForkProcess
  /** A channel whose far end the core gets, to ask for signatures. */
  readonly openKeys: () => TransferPort
  readonly listener: {
    onState(state: CoreState, error: CodedError | undefined): void
    onView(view: CoreView): void
    onSay(line: string): void
    onAsked(what: 'show' | 'quit'): void
  }
}

const RESTART_DELAYS_MS = [1_000, 4_000, 15_000, 60_000]
const STABLE_MS = 120_000
/** After a stop that is not heard, and after the core's own limit. */
export const STOP_LIMIT_MS = 90_000
const HURRY_LIMIT_MS = 10_000
const MAX_CHILDREN = 16
/** Another instance has the folder, or what lies in it cannot be used: starting again cannot help. */
export const FINAL_CODES = [
  'already_running',
  'bad_environment',
  'damaged_file',
  'file_too_large',
  'file_unreadable',
  'invalid_genesis',
  'newer_data',
  'settings_damaged',
  'store_damaged',
  'store_version',
  'wallet_missing',
] as const
export type FinalCode = (typeof FINAL_CODES)[number]

export class CoreKeeper {
  readonly #components: CoreKeeperComponents
  readonly #options: CoreStart
  readonly #ending = new AbortController()
  readonly #hurry = new AbortController()
  readonly #over = new AbortController()
  readonly #children = new Map<number, ForkedProcess>()
  #process: ForkedProcess | undefined
  #state: CoreState = 'starting'
  #failure: CodedError | undefined
  #update: CoreView['update'] = null
  #running: Promise<void> | undefined

  constructor(components: CoreKeeperComponents, options: CoreStart) {
    this.#components = components
    this.#options = options
  }

  get state(): CoreState {
    return this.#state
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Gives a page a port to the core; closes it where there is none to give it to. */
  openPage(kind: PageKind, port: TransferPort): void {
    if (this.#process === undefined || this.#ending.signal.aborted) {
      port.close()
      return
    }
    this.#post({ type: 'page', kind }, [port])
  }

  command(command: CoreCommand): void {
    this.#post({ type: 'command', command })
  }

  power(event: 'suspend' | 'resume'): void {
    this.#post({ type: 'power', event })
  }

  setUpdate(update: CoreView['update']): void {
    this.#update = update
    this.#post({ type: 'update', update })
  }

  /** Resolves when core and children are gone. A second call, or `hurry`, does not wait for a safe point. */
  async stop(): Promise<void> {
    const isSecond = this.#ending.signal.aborted
    this.#ending.abort()
    if (isSecond) {
      this.hurry()
    } else if (this.#process !== undefined) {
      this.#setState('stopping')
      this.#post({ type: 'stop', safely: true })
      void this.#killAfter(STOP_LIMIT_MS, AbortSignal.any([this.#hurry.signal, this.#over.signal]))
    }
    await this.#running
  }

  hurry(): void {
    if (!this.#hurry.signal.aborted) {
      this.#hurry.abort()
      this.#post({ type: 'stop', safely: false })
      void this.#killAfter(HURRY_LIMIT_MS, this.#over.signal)
    }
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#components
    let failures = 0
    while (!this.#ending.signal.aborted) {
      const startedAtMs = clock.nowMs()
      this.#setState('starting')
      const code = await this.#runOnce()
      await this.#endChildren()
      if (this.#ending.signal.aborted) {
        break
      }
      if (this.#failure !== undefined && isFinal(this.#failure.code)) {
        this.#over.abort()
        this.#setState('failed')
        return
      }
      failures = clock.nowMs() - startedAtMs > STABLE_MS ? 1 : failures + 1
      const delayMs = RESTART_DELAYS_MS[Math.min(failures, RESTART_DELAYS_MS.length) - 1] ?? 0
      logger.log('warn', 'the core ended, starting it again', { code, failures, delayMs })
      this.#setState('waiting')
      await clock.sleep(delayMs, this.#ending.signal).catch(() => undefined)
    }
    this.#over.abort()
    this.#setState('stopped')
  }

  /** Resolves with the exit code. */
  #runOnce(): Promise<number> {
    const { fork, openKeys } = this.#components
    this.#failure = undefined
    return new Promise((resolve) => {
      const core = fork({ kind: 'core' })
      this.#process = core
      core.onMessage((message) => this.#receive(message))
      core.onExit((code) => {
        this.#process = undefined
        resolve(code)
      })
      this.#post({ type: 'start', options: this.#options }, [openKeys()])
      this.#post({ type: 'update', update: this.#update })
    })
  }

  #receive(raw: unknown): void {
    const parsed = schemaVerdict(fromCoreSchema, raw)
    if (!parsed.success) {
      this.#components.logger.log('warn', 'malformed message from the core')
      return
    }
    this.#take(parsed.data)
  }

  #take(message: FromCore): void {
    const { listener } = this.#components
    switch (message.type) {
      case 'ready':
        if (!this.#ending.signal.aborted) {
          this.#setState('running')
        }
        return
      case 'view':
        listener.onView(message.view)
        return
      case 'failed':
        this.#failure = codedErrorFromJson(message.error)
        return
      case 'asked':
        listener.onAsked(message.what)
        return
      case 'say':
        listener.onSay(message.line)
        return
      case 'fork':
        this.#forkChild(message.id, message.name, message.args)
        return
      case 'end_child':
        endChild(this.#children.get(message.id), message.force)
        return
      case 'stopped':
        return
    }
  }

  #forkChild(id: number, name: string, args: readonly string[]): void {
    const tell = (event: (ToCore & { type: 'child' })['event']): void => this.#post({ type: 'child', id, event })
    if (this.#children.size >= MAX_CHILDREN || this.#children.has(id)) {
      tell({ kind: 'exit', reason: 'too many children' })
      return
    }
    const child = this.#components.fork({ kind: 'member', name, args })
    this.#children.set(id, child)
    child.onStart((pid) => tell({ kind: 'started', pid }))
    child.onLine((stream, text) => tell({ kind: stream === 'stdout' ? 'line' : 'log', text: text.slice(0, 8_192) }))
    child.onExit((code) => {
      this.#children.delete(id)
      tell({ kind: 'exit', reason: `exit code ${code}` })
    })
  }

  /** Children of a core that is gone. */
  async #endChildren(): Promise<void> {
    const children = [...this.#children.values()]
    const ended = children.map((child) => new Promise<void>((resolve) => child.onExit(() => resolve())))
    for (const child of children) {
      child.kill()
    }
    await Promise.all(ended)
  }

  #post(message: ToCore, ports: readonly TransferPort[] = []): void {
    this.#process?.post(message, ports)
  }

  async #killAfter(delayMs: number, signal: AbortSignal): Promise<void> {
    const process = this.#process
    try {
      await this.#components.clock.sleep(delayMs, signal)
      if (this.#process === process) {
        process?.kill()
      }
    } catch {
      // It has ended, or is in a hurry now and the shorter limit holds.
    }
  }

  #setState(state: CoreState): void {
    this.#state = state
    this.#components.listener.onState(state, this.#failure)
  }
}

function isFinal(code: string): boolean {
  return (FINAL_CODES as readonly string[]).includes(code)
}

function endChild(child: ForkedProcess | undefined, force: boolean): void {
  if (force) {
    child?.kill()
  } else {
    child?.post(STOP_MESSAGE, [])
  }
}
