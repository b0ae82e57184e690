/**
 * Work that is not begun for a while, for a reason outside the network: nothing can be written, say. Invariant: what was promised
 * goes on (finds are committed, receipts batched, duties answered); only new promises wait.
 */
import type { Unsubscribe } from './ports.ts'

export interface PausePort {
  /** Why nothing new is begun, as a code; undefined where it may. */
  reason(): string | undefined
  onChange(listener: () => void): Unsubscribe
}

/** The part of a host's context that says whether it pauses. */
export interface Pausable {
  readonly pause?: PausePort | undefined
}

export function isPaused({ pause }: Pausable): boolean {
  return pause?.reason() !== undefined
}

/** A signal that also aborts while work pauses; `end` takes its listener back. */
export function unlessPaused(
  { pause }: Pausable,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly end: () => void } {
  const paused = new AbortController()
  const look = (): void => {
    if (pause?.reason() !== undefined) {
      paused.abort()
    }
  }
  const unsubscribe = pause?.onChange(look)
  look()
  return { signal: AbortSignal.any([signal, paused.signal]), end: () => unsubscribe?.() }
}

/** Resolves, never rejects, when work may go on or the signal aborts. */
export function untilUnpaused({ pause }: Pausable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe?.()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const unsubscribe = pause?.onChange(() => {
      if (pause.reason() === undefined) {
        done()
      }
    })
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted || pause?.reason() === undefined) {
      done()
    }
  })
}
