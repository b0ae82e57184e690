/** One run of one process of a node: until it is ready, until it ends. Read next: comet-node.ts, which starts them again. */
import { CodedError } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { ChildSpec, SpawnChild, SpawnedChild } from '../network/spawn-child.ts'

export interface ChildExit {
  /** For people. */
  readonly reason: string
  /** Undefined where a signal ended it. */
  readonly code: number | undefined
}

export interface NodeChild {
  readonly name: string
  readonly pid: number | undefined
  readonly isRunning: boolean
  readonly exited: Promise<ChildExit>
  /** Asks it to stop, ends it where that takes too long, and waits. */
  stop(): Promise<void>
  /** Waits for its own end for a while, then ends it at once. */
  killAfter(delayMs: number): Promise<void>
}

export interface NodeChildOptions {
  readonly clock: Clock
  readonly spawn: SpawnChild
  readonly onLine: (line: string, child: SpawnedChild) => void
}

const STOP_TIMEOUT_MS = 8_000

export function startNodeChild(spec: ChildSpec, { clock, spawn, onLine }: NodeChildOptions): NodeChild {
  const { promise: exited, resolve } = Promise.withResolvers<ChildExit>()
  const child = spawn(spec, {
    line: (line) => onLine(line, child),
    log: (line) => onLine(line, child),
    exit: (reason, code) => resolve({ reason, code }),
  })
  const waitForExit = async (delayMs: number): Promise<boolean> => {
    const waiting = new AbortController()
    const late = clock.sleep(delayMs, waiting.signal).then(
      () => false,
      () => true,
    )
    const isGone = await Promise.race([exited.then(() => true), late])
    waiting.abort()
    return isGone
  }
  const stop = async (): Promise<void> => {
    if (child.isRunning) {
      child.terminate()
      if (!(await waitForExit(STOP_TIMEOUT_MS))) {
        child.kill()
      }
    }
    await exited
  }
  return {
    name: spec.name,
    get pid() {
      return child.pid
    },
    get isRunning() {
      return child.isRunning
    },
    exited,
    stop,
    async killAfter(delayMs) {
      if (!(await waitForExit(delayMs))) {
        child.kill()
        await exited
      }
    },
  }
}

/** Resolves when `isReady` says so. @throws CodedError `child_failed` where it ends before, `child_timeout` after `limitMs` */
export async function untilReady(
  child: NodeChild,
  isReady: () => boolean | Promise<boolean>,
  { clock, limitMs, everyMs }: { readonly clock: Clock; readonly limitMs: number; readonly everyMs: number },
): Promise<void> {
  let exit: ChildExit | undefined
  void child.exited.then((ended) => {
    exit = ended
  })
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += everyMs) {
    if (await isReady()) {
      return
    }
    const ended: ChildExit | undefined = exit
    if (ended !== undefined) {
      throw exitError(child.name, ended)
    }
    await clock.sleep(everyMs)
  }
  throw new CodedError('child_timeout', `${child.name} was not ready after ${limitMs / 1_000} s`)
}

export function exitError(name: string, { reason, code }: ChildExit): CodedError {
  return new CodedError('child_failed', `${name} stopped before it was ready: ${reason}`, {
    fields: { child: name, ...(code !== undefined && { exitCode: code }) },
  })
}
