/** The platform behind the interfaces of lib/runtime.ts: wall clock, timers, random bytes. */
import { randomBytes } from 'node:crypto'
import type { AbortSignalLike, Clock, Rng } from '../lib/runtime.ts'

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  sleep: sleepMs,
}

export const SYSTEM_RNG: Rng = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
}

function sleepMs(delayMs: number, signal?: AbortSignalLike): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
