/** One process of a test network, started, killed and started again by hand: nobody supervises it. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { waitFor } from '../wait-for.ts'

export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Gets what it prints, over all its runs. */
  readonly logFile: string
  readonly isReady: (printed: string) => boolean | Promise<boolean>
}

export interface TestProcess {
  readonly name: string
  readonly pid: number | undefined
  readonly isRunning: boolean
  /** Starts it and waits until it is ready. @throws Error with what it printed last */
  start(): Promise<void>
  /** Sends the signal and waits for its end. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Waits until it has ended by itself; its exit code. */
  ended(): Promise<number | null>
  /** What it printed, over all its runs. */
  printed(): string
}

/** Against a hang alone: a machine that runs a whole suite beside it is slow. */
const READY_LIMIT_MS = 180_000

export function createTestProcess(spec: ProcessSpec): TestProcess {
  let child: ChildProcess | undefined
  let beganAt = 0
  const printed = (): string => {
    try {
      return readFileSync(spec.logFile, 'utf8')
    } catch {
      // It never ran.
      return ''
    }
  }
  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null
  return {
    name: spec.name,
    get pid() {
      return isRunning() ? child?.pid : undefined
    },
    get isRunning() {
      return isRunning()
    },
    printed,
    async start() {
      if (isRunning()) {
        return
      }
      beganAt = printed().length
      const log = openSync(spec.logFile, 'a')
      const started = spawn(spec.command, [...spec.args], {
        // Its stdin is a pipe of this process: what watches it ends with the test run in whatever way that ends.
        stdio: ['pipe', log, log],
        env: { ...process.env, ...spec.env },
      })
      closeSync(log)
      started.on('error', () => undefined)
      started.stdin?.on('error', () => undefined)
      child = started
      await untilReady(spec, { isRunning, printed, beganAt })
    },
    async kill(signal) {
      child?.kill(signal)
      await waitFor(`the end of ${spec.name}`, () => !isRunning(), { deadlineMs: 30_000 })
    },
    async ended() {
      await waitFor(`${spec.name} to end`, () => !isRunning())
      return child?.exitCode ?? null
    },
  }
}

interface Run {
  readonly isRunning: () => boolean
  /** Over all runs. */
  readonly printed: () => string
  /** Where what this run printed begins. */
  readonly beganAt: number
}

async function untilReady({ name, isReady }: ProcessSpec, { isRunning, printed, beganAt }: Run): Promise<void> {
  const how = await waitFor(
    `${name} to be ready`,
    async () => {
      if (await isReady(printed().slice(beganAt))) {
        return 'ready' as const
      }
      return isRunning() ? undefined : ('gone' as const)
    },
    { deadlineMs: READY_LIMIT_MS },
  )
  if (how === 'gone') {
    throw new Error(`${name} ended before it was ready:\n${printed().slice(-1_500)}`)
  }
}
