/**
 * Keeps child processes alive: starts them, waits for their ready line, restarts one that dies with growing delay, stops all
 * on request. Invariant: no orphan. A child holds the reading end of a pipe whose writing end only this process has; when this
 * process dies in any way, the pipe closes and the child stops (exit-with-parent.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { CodedError } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import { parseReady, type ReadyLine } from './ready-line.ts'

export interface ChildSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

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
  /** Called at each unexpected exit, before the restart. */
  readonly onExit?: (status: ChildStatus, exit: string) => void
}

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 8_000
const RESTART_DELAYS_MS = [250, 1_000, 4_000, 15_000]
/** A child that lived this long starts its delays anew. */
const STABLE_MS = 60_000

export function superviseChild(spec: ChildSpec, options: SupervisorOptions): SupervisedChild {
  const { clock, logger } = options
  const stopping = new AbortController()
  let child: ChildProcess | undefined
  let restarts = 0
  let resolveReady: (line: ReadyLine) => void
  let rejectReady: (error: Error) => void
  let wasReady = false
  const ready = new Promise<ReadyLine>((resolve, reject) => {
    resolveReady = resolve
    rejectReady = reject
  })
  // A stop before the first ready line must not surface as an unhandled rejection.
  ready.catch(() => {})

  function status(): ChildStatus {
    const running = child !== undefined && child.exitCode === null && child.signalCode === null
    return { name: spec.name, pid: running ? child?.pid : undefined, restarts, running }
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      const startedAtMs = clock.nowMs()
      const exit = await runOnce()
      if (stopping.signal.aborted) {
        return
      }
      if (!wasReady) {
        rejectReady(new CodedError('child_failed', `${spec.name} stopped before it was ready: ${exit}`))
        return
      }
      failures = clock.nowMs() - startedAtMs > STABLE_MS ? 0 : failures + 1
      restarts += 1
      logger.log('warn', 'child exited, restarting', { child: spec.name, exit, restarts })
      options.onExit?.(status(), exit)
      const delayMs = RESTART_DELAYS_MS[Math.min(failures, RESTART_DELAYS_MS.length) - 1] ?? 0
      await clock.sleep(delayMs, stopping.signal).catch(() => {})
    }
  }

  function runOnce(): Promise<string> {
    return new Promise((resolve) => {
      const started = spawn(spec.command, [...spec.args], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...spec.env },
      })
      child = started
      started.stdin.on('error', () => {
        // The child closed its end first: its exit is handled below.
      })
      createInterface({ input: started.stdout }).on('line', (line) => {
        const message = parseReady(line)
        if (message !== undefined) {
          wasReady = true
          resolveReady(message)
        }
      })
      createInterface({ input: started.stderr }).on('line', (line) => {
        logger.log('info', line.slice(0, 500), { child: spec.name })
      })
      started.once('error', (error) => resolve(`cannot start: ${error.message}`))
      started.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
    })
  }

  const running = run()
  clock
    .sleep(READY_TIMEOUT_MS, stopping.signal)
    .then(() => rejectReady(new CodedError('child_timeout', `${spec.name} was not ready after 60 s`)))
    .catch(() => {
      // Stopped in time.
    })

  return {
    name: spec.name,
    ready,
    status,
    async stop() {
      stopping.abort()
      rejectReady(new CodedError('aborted', `${spec.name} was stopped`))
      const last = child
      if (last !== undefined && last.exitCode === null && last.signalCode === null) {
        last.kill('SIGTERM')
        const timer = setTimeout(() => last.kill('SIGKILL'), STOP_TIMEOUT_MS)
        await running
        clearTimeout(timer)
      }
    },
  }
}
