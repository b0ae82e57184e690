import type { Clock } from '../lib/runtime.ts'

/**
 * Node alone. Timers that are overdue when others end run before any message is read, so two loops that compute and sleep
 * in turn would shut the worker off from its owner; behind an immediate, messages come first. Browsers are fair by themselves.
 */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void }

/** Real time of a worker, monotonic within it. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const timer = setTimeout(() => (setImmediate === undefined ? wake() : setImmediate(wake)), delayMs)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
