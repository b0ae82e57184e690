import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../lib/runtime.ts'
import { createTimer } from './timer.ts'

export interface Deadline {
  /** Aborts with the caller's signal (CodedError `aborted`) or when time is up (CodedError `timed_out`). */
  readonly signal: AbortSignal
  release(): void
}

/** A real AbortSignal for a library, from a caller's signal and a time limit. */
export function createDeadline(clock: Pick<Clock, 'sleep'>, limitMs: number, caller: AbortSignalLike): Deadline {
  const controller = new AbortController()
  const onAbort = () => controller.abort(new CodedError('aborted', 'the caller gave up', { cause: caller.reason }))
  const timer = createTimer(clock, () => controller.abort(new CodedError('timed_out', `took more than ${limitMs} ms`)))
  if (caller.aborted) {
    onAbort()
  } else {
    caller.addEventListener('abort', onAbort, { once: true })
    timer.set(limitMs)
  }
  return {
    signal: controller.signal,
    release() {
      timer.set(undefined)
      caller.removeEventListener('abort', onAbort)
    },
  }
}
