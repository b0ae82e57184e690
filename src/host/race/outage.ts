import type { HostContext } from '../context.ts'

/** A race that hears nothing of the chain stops after this many times its planned length: nobody heats a room for nothing. */
const OUTAGE_PATIENCE = 2
const RETRY_MS = 1_000

/** A race goes on while the chain is away; this is the end of that patience. */
export interface OutageWatch {
  /** Aborts with the race, or when no block came for a long time. */
  readonly signal: AbortSignal
  isOutage(): boolean
  end(): void
}

export function outageWatch(context: HostContext, signal: AbortSignal): OutageWatch {
  const outage = new AbortController()
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  const watch = async () => {
    for (;;) {
      const before = context.watch.latest()
      const restMs = patienceMs(context)
      await context.clock.sleep(Math.max(0, restMs), either)
      // Nothing was heard meanwhile; a clock that was set back changes nothing of that.
      if (before !== undefined && context.watch.latest()?.height === before.height) {
        break
      }
    }
    outage.abort()
  }
  watch().catch(() => {
    // The sleep was aborted: the race ended before the patience did.
  })
  return {
    signal: AbortSignal.any([signal, outage.signal]),
    isOutage: () => outage.signal.aborted,
    end: () => ended.abort(),
  }
}

/** How long, from now, nothing need be heard of the chain. */
function patienceMs(context: HostContext): number {
  const latest = context.watch.latest()
  if (latest === undefined) {
    return RETRY_MS
  }
  const { raceLength, blockTimeMs } = latest.params
  const longestMs = OUTAGE_PATIENCE * raceLength * blockTimeMs
  // A clock that was set back must not lengthen it.
  return Math.min(longestMs, latest.arrivedAtMs + longestMs - context.clock.nowMs())
}

/** Until the next block or, where the chain is away but patience is not yet lost, a moment. Never rejects. */
export async function pauseRace(context: HostContext, isOutage: boolean, signal: AbortSignal): Promise<void> {
  const height = context.watch.latest()?.height ?? 0
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const mayRetry = !isOutage && context.watch.connection() === 'disconnected'
  const waits: Promise<unknown>[] = [context.watch.after(height, either)]
  if (mayRetry) {
    waits.push(context.clock.sleep(RETRY_MS, either))
  }
  await Promise.race(waits).catch(() => {
    // Aborted: the caller's loop sees it.
  })
  over.abort()
  await Promise.allSettled(waits)
}
