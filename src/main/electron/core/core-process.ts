/**
 * The core process of the desktop: the same core as the service shell's, with its screens over message ports, its children forked by main
 * and its keys in main. Invariant: it starts once, and ends in exactly one of `stopped` or `failed`, after which it does nothing more.
 * Everything of Electron is handed in, so this file runs under Node in tests. Read next: core-wire.ts, ../../core/application-core.ts.
 */
import type { PortEnd } from '../../../ipc/port-transport.ts'
import { serveScreenPort } from '../../../ipc/port-transport.ts'
import { CodedError, errorCode, errorMessage } from '../../../lib/coded-error.ts'
import type { Clock, Logger } from '../../../lib/runtime.ts'
import { schemaVerdict } from '../../../lib/schema-verdict.ts'
import type { ApplicationCore } from '../../core/application-core.ts'
import type { SpawnChild } from '../../network/spawn-child.ts'
import { coreViewOf } from './core-view.ts'
import type { CoreCommand, CoreStart, CoreView, FromCore, ToCore } from './core-wire.ts'
import { toCoreSchema } from './core-wire.ts'
import type { ForkedChildren } from './fork-children.ts'
import { createForkedChildren } from './fork-children.ts'
import { reachSafePoint } from './safe-point.ts'

/** How long running orders and their batch may hold up a stop. */
export const SAFE_STOP_MS = 60_000
/** Views are for people: four a second at most. */
const VIEW_INTERVAL_MS = 250

/** This process's channel to main. */
export interface MainLink {
  post(message: FromCore): void
  onMessage(listener: (message: unknown, ports: readonly PortEnd[]) => void): void
}

/** What the desktop gives the core beside its options. */
export interface CoreSurroundings {
  readonly keys: PortEnd
  readonly spawn: SpawnChild
  readonly say: (line: string) => void
  /** Of main, for a command line that found this instance. */
  readonly askMain: (what: 'show' | 'quit') => void
  /** Of the operating system, once heard. */
  readonly power: PowerSource
  /** A newer version, as main knows it. */
  readonly update: () => CoreView['update']
}

export interface PowerSource {
  /** Called at each suspend and resume of the computer. */
  onPower(listener: (event: 'suspend' | 'resume') => void): () => void
}

/** The computer woke. @returns unsubscribe */
export function onResumeOf(power: PowerSource, listener: () => void): () => void {
  return power.onPower((event) => {
    if (event === 'resume') {
      listener()
    }
  })
}

export type StartedCore = Pick<ApplicationCore, 'backend' | 'router' | 'stop'>

export interface CoreProcessComponents {
  readonly link: MainLink
  readonly clock: Clock
  readonly logger: Logger
  readonly startCore: (surroundings: CoreSurroundings, options: CoreStart) => Promise<StartedCore>
  /** Ends this process. */
  readonly exit: (code: number) => void
}

export function runCoreProcess(components: CoreProcessComponents): void {
  const core = new CoreProcess(components)
  components.link.onMessage((message, ports) => core.receive(message, ports))
}

class CoreProcess {
  readonly #components: CoreProcessComponents
  readonly #children: ForkedChildren
  readonly #power = new Set<(event: 'suspend' | 'resume') => void>()
  /** Cuts the way to the safe point short. */
  readonly #hurry = new AbortController()
  readonly #waitingPages: PortEnd[] = []
  #starting: Promise<void> | undefined
  #core: StartedCore | undefined
  #stopping: Promise<void> | undefined
  #update: CoreView['update'] = null
  #isViewDue = false

  constructor(components: CoreProcessComponents) {
    this.#components = components
    this.#children = createForkedChildren((message) => components.link.post(message))
  }

  receive(raw: unknown, ports: readonly PortEnd[]): void {
    const parsed = schemaVerdict(toCoreSchema, raw)
    if (!parsed.success) {
      this.#components.logger.log('warn', 'malformed message from main')
      return
    }
    this.#take(parsed.data, ports[0])
  }

  #take(message: ToCore, port: PortEnd | undefined): void {
    switch (message.type) {
      case 'start':
        if (port !== undefined) {
          this.#starting ??= this.#start(message.options, port)
        }
        return
      case 'page':
        this.#open(port)
        return
      case 'command':
        this.#command(message.command)
        return
      case 'power':
        for (const listener of this.#power) {
          listener(message.event)
        }
        return
      case 'update':
        this.#update = message.update
        this.#showSoon()
        return
      case 'child':
        this.#children.receive(message.id, message.event)
        return
      case 'stop':
        if (!message.safely) {
          this.#hurry.abort()
        }
        this.#stopping ??= this.#stop()
    }
  }

  async #start(options: CoreStart, keys: PortEnd): Promise<void> {
    const { link, logger, startCore, exit } = this.#components
    const power: PowerSource = {
      onPower: (listener) => {
        this.#power.add(listener)
        return () => this.#power.delete(listener)
      },
    }
    const say = (line: string): void => link.post({ type: 'say', line: line.slice(0, 1_024) })
    try {
      const { spawn } = this.#children
      const askMain = (what: 'show' | 'quit'): void => link.post({ type: 'asked', what })
      const core = await startCore({ keys, spawn, say, askMain, power, update: () => this.#update }, options)
      this.#core = core
      core.backend.onChange(() => this.#showSoon())
      link.post({ type: 'ready' })
      this.#show()
      for (const page of this.#waitingPages.splice(0)) {
        this.#open(page)
      }
    } catch (error) {
      logger.log('error', 'the core did not start', { code: errorCode(error), error: errorMessage(error) })
      if (this.#stopping === undefined) {
        link.post({ type: 'failed', error: failureOf(error) })
        exit(1)
      }
    }
  }

  #open(port: PortEnd | undefined): void {
    if (port === undefined || this.#stopping !== undefined) {
      port?.close()
    } else if (this.#core === undefined) {
      // A window is quicker than the network behind it; its client waits and asks again with a new port.
      this.#waitingPages.splice(0, Math.max(0, this.#waitingPages.length - MAX_WAITING_PAGES + 1)).forEach(closePort)
      this.#waitingPages.push(port)
    } else {
      serveScreenPort(this.#core.router, port, { logger: this.#components.logger })
    }
  }

  #command(command: CoreCommand): void {
    const { logger } = this.#components
    const failed = (error: unknown): void => logger.log('warn', 'command failed', { command, code: errorCode(error) })
    Promise.resolve(this.#core?.backend[command]()).catch(failed)
  }

  async #stop(): Promise<void> {
    const { link, clock, logger, exit } = this.#components
    try {
      await this.#starting
      if (this.#core !== undefined) {
        const timeLimit = new AbortController()
        const over = AbortSignal.any([this.#hurry.signal, timeLimit.signal])
        const limited = clock.sleep(SAFE_STOP_MS, over).then(
          () => timeLimit.abort(),
          () => undefined,
        )
        await reachSafePoint(this.#core.backend, over)
        timeLimit.abort()
        await limited
        await this.#core.stop()
      }
    } catch (error) {
      logger.log('error', 'stopping failed', { code: errorCode(error), error: errorMessage(error) })
    }
    link.post({ type: 'stopped' })
    exit(0)
  }

  #showSoon(): void {
    if (!this.#isViewDue) {
      this.#isViewDue = true
      this.#components.clock.sleep(VIEW_INTERVAL_MS).then(
        () => this.#show(),
        () => undefined,
      )
    }
  }

  #show(): void {
    this.#isViewDue = false
    if (this.#core !== undefined) {
      this.#components.link.post({ type: 'view', view: coreViewOf(this.#core.backend.snapshot()) })
    }
  }
}

const MAX_WAITING_PAGES = 4

function closePort(port: PortEnd): void {
  port.close()
}

function failureOf(error: unknown): {
  code: string
  message: string
  fields?: Record<string, string | number | boolean>
} {
  return error instanceof CodedError
    ? { code: error.code, message: error.message.slice(0, 1_024), fields: { ...error.fields } }
    : { code: 'internal', message: 'the core did not start' }
}
