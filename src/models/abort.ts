import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'

/** Throws the reason of an aborted signal, or a CodedError `aborted` where it has none. */
export function throwIfAborted(signal: AbortSignalLike): void {
  if (signal.aborted) {
    throw abortReason(signal)
  }
}

/** Ends with `work`, or with the signal's reason as soon as it aborts: the work itself goes on. */
export async function withAbort<T>(work: Promise<T>, signal: AbortSignalLike): Promise<T> {
  // Work that nobody waits for any more may fail unheard.
  work.catch(() => undefined)
  throwIfAborted(signal)
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortReason(signal))
  })
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** A platform controller that follows `signal`, for work with an end of its own; `release` takes the listener back. */
export function followSignal(signal: AbortSignalLike): {
  readonly controller: AbortController
  readonly release: () => void
} {
  const controller = new AbortController()
  const abort = (): void => controller.abort(abortReason(signal))
  if (signal.aborted) {
    abort()
  }
  signal.addEventListener('abort', abort, { once: true })
  return { controller, release: () => signal.removeEventListener('abort', abort) }
}

function abortReason(signal: AbortSignalLike): unknown {
  return signal.reason ?? new CodedError('aborted', 'aborted')
}
