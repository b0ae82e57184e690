import type { AbortSignalLike } from '../lib/runtime.ts'

/** A platform signal that follows `signal`; `release` takes the listener back when the work is over. */
export function followSignal(signal: AbortSignalLike): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  if (signal.aborted) {
    abort()
  }
  signal.addEventListener('abort', abort, { once: true })
  return { signal: controller.signal, release: () => signal.removeEventListener('abort', abort) }
}

/** Throws the reason of an aborted signal, or an AbortError where it has none. */
export function throwIfAborted(signal: AbortSignalLike): void {
  if (signal.aborted) {
    throw signal.reason ?? new DOMException('aborted', 'AbortError')
  }
}
