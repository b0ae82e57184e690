import { CodedError } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'

/** Rejects with the signal's reason although the promise never settles. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) {
      onAbort()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
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
  const end = AbortSignal.any([signal, over.signal])
  clock.sleep(limitMs, end).then(
    () => over.abort(new CodedError('timed_out', `no answer within ${limitMs} ms`)),
    () => {
      // It ended earlier.
    },
  )
  try {
    return await raceAbort(action(end), end)
  } finally {
    over.abort(new CodedError('over', 'the action has ended'))
  }
}
