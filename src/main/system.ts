/** The platform behind the interfaces of lib/runtime.ts: wall clock, timers, random bytes. */
import { randomBytes } from 'node:crypto'
import { uptime } from 'node:os'
import type { AbortSignalLike, Clock, Rng } from '../lib/runtime.ts'

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  sleep: sleepMs,
}

/** Milliseconds of a clock that nobody sets. */
export function steadyMs(): number {
  return performance.now()
}

/** Milliseconds since this computer started; the time that it slept counts where the system counts it. */
export function uptimeMs(): number {
  return uptime() * 1_000
}

/** A clock for spans: it begins at the wall's time and is never set. Sleeps are the given clock's. */
export function createSteadyClock(clock: Clock, steady: () => number = steadyMs): Clock {
  const beganMs = clock.nowMs() - steady()
  return { nowMs: () => Math.trunc(beganMs + steady()), sleep: (delayMs, signal) => clock.sleep(delayMs, signal) }
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
