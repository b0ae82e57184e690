/**
 * How a supervised child comes to life: as a process of Node here, or, in the desktop shell, as a utility process that Electron's main
 * process forks (electron/core/fork-children.ts). Invariant: whoever spawns it, the child ends when its parent does.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ChildSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface ChildListener {
  /** A line of stdout. */
  line(text: string): void
  /** A line of stderr. */
  log(text: string): void
  /** Once, the last: how it ended, or why it did not start; `code` where it ended by itself. */
  exit(reason: string, code?: number): void
}

export interface SpawnedChild {
  /** Undefined before it has one and after its end. */
  readonly pid: number | undefined
  readonly isRunning: boolean
  /** Asks it to stop. */
  terminate(): void
  /** Ends it at once. */
  kill(): void
}

export type SpawnChild = (spec: ChildSpec, listener: ChildListener) => SpawnedChild

/** A Node process; its stdin is a pipe that closes when this process dies in any way (exit-with-parent.ts). */
export const spawnNodeChild: SpawnChild = ({ command, args, env }, listener) => {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  child.stdin.on('error', () => {
    // The child closed its end first: its exit is told by `close`.
  })
  createInterface({ input: child.stdout }).on('line', (line) => listener.line(line))
  createInterface({ input: child.stderr }).on('line', (line) => listener.log(line))
  child.once('error', (error) => listener.exit(`cannot start: ${error.message}`))
  child.once('close', (code, signal) =>
    listener.exit(signal === null ? `exit code ${code}` : `signal ${signal}`, code ?? undefined),
  )
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    get pid() {
      return isRunning() ? child.pid : undefined
    },
    get isRunning() {
      return isRunning()
    },
    terminate: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  }
}
