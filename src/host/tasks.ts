import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Clock } from '../lib/runtime.ts'
import type { ChainSnapshot } from './chain-snapshot.ts'
import type { HostContext } from './context.ts'

/** Runs a task until the signal aborts. A task that fails is a defect: it leaves a notice and is started again a block later. */
export async function supervise(
  context: HostContext,
  name: string,
  task: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await task(signal)
      return
    } catch (error) {
      if (signal.aborted) {
        return
      }
      context.logger.log('error', 'task failed', { task: name, error: errorMessage(error) })
      context.view.notice('error', 'internal_fault', { task: name, error: errorCode(error) })
    }
    await nextBlock(context, signal)
  }
}

/** Calls `step` with the newest snapshot that it wants, one at a time; a step that fails is logged and tried with the next one. */
export async function forEachSnapshot(
  context: HostContext,
  name: string,
  wants: (snapshot: ChainSnapshot) => boolean,
  step: (snapshot: ChainSnapshot, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let height = -1
  while (!signal.aborted) {
    const seen = height
    const snapshot = await context.watch.until((latest) => latest.height > seen && wants(latest), signal)
    height = snapshot.height
    try {
      await step(snapshot, signal)
    } catch (error) {
      signal.throwIfAborted()
      context.logger.log('warn', 'step failed', {
        task: name,
        height,
        code: errorCode(error),
        error: errorMessage(error),
      })
    }
  }
}

/**
 * Runs an action for at most so long: its signal aborts then, and the wait ends even where the action does not listen.
 * @throws CodedError `timed_out`, the signal's reason, or what the action throws
 */
export async function withTimeLimit<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  clock.sleep(limitMs, either).then(
    () => over.abort(new CodedError('timed_out', `no answer within ${limitMs} ms`)),
    () => {
      // It ended earlier.
    },
  )
  try {
    return await unlessAborted(action(either), either)
  } finally {
    over.abort(new CodedError('over', 'the action has ended'))
  }
}

/** Rejects with the abort even where the promise never settles. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) {
      onAbort()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Resolves, never rejects, with the next block or the abort. */
async function nextBlock(context: HostContext, signal: AbortSignal): Promise<void> {
  const height = context.watch.latest()?.height ?? -1
  await context.watch.after(height, signal).catch(() => {
    // Aborted: the caller's loop sees it.
  })
}
