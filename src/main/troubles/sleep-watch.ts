/**
 * Whether the computer slept, or this process stood still: a look that comes much later than it was asked for. A clock that is set is
 * no sleep: the time since the computer's start does not jump with it.
 */
import type { Moment, TroubleFields, TroubleSource } from './trouble-source.ts'

export interface SleepPorts {
  /** Milliseconds since the computer's start, sleep included. */
  readonly uptimeMs: () => number
  /** Greatest height that was announced. */
  readonly announcedHeight: () => number
  /** Called once for each sleep, at the first moment after it. */
  readonly onResume: (seconds: number) => void
}

/** Far more than a busy machine is ever late. */
const GAP_MS = 20_000
/** So that it can be read. */
const SHOWN_MS = 4_000

export function sleepTroubles(ports: SleepPorts): readonly TroubleSource[] {
  let last: { readonly uptimeMs: number; readonly steadyMs: number } | undefined
  let sleep: { readonly seconds: number; readonly height: number } | undefined

  function read({ steadyMs }: Moment): TroubleFields | undefined {
    const uptimeMs = ports.uptimeMs()
    // The steady clock may or may not go on while the computer sleeps; a stopped process shows in both.
    const gapMs = last === undefined ? 0 : Math.max(uptimeMs - last.uptimeMs, steadyMs - last.steadyMs)
    last = { uptimeMs, steadyMs }
    if (gapMs >= GAP_MS) {
      sleep = { seconds: Math.round(gapMs / 1_000), height: ports.announcedHeight() }
      ports.onResume(sleep.seconds)
    }
    if (sleep !== undefined && ports.announcedHeight() > sleep.height) {
      sleep = undefined
    }
    return sleep === undefined ? undefined : { seconds: sleep.seconds }
  }

  return [{ code: 'resumed', level: 'warning', afterMs: 0, endAfterMs: SHOWN_MS, read }]
}
