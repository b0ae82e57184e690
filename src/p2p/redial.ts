import { errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import { P2P_LIMITS } from './limits.ts'
import { createDeadline } from './protocols/deadline.ts'

/** One address that shall stay connected, as this module sees it. */
export interface RedialTarget {
  readonly address: string
  isConnected(): boolean
  /** Rejects where the peer cannot be reached. */
  dial(signal: AbortSignal): Promise<void>
}

export interface RedialComponents {
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Logger
}

/**
 * Keeps one target connected until the signal aborts: looks every second, waits longer after each failure (at most 30 s). Each
 * try has its own time limit: an address that never answers shall not hold up the next one.
 */
export async function keepConnected(
  target: RedialTarget,
  components: RedialComponents,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs: number = P2P_LIMITS.redialMinMs
  while (!signal.aborted) {
    if (target.isConnected()) {
      pauseMs = P2P_LIMITS.redialMinMs
    } else {
      const deadline = createDeadline(components.clock, P2P_LIMITS.dialTimeoutMs, signal)
      try {
        await target.dial(deadline.signal)
        pauseMs = P2P_LIMITS.redialMinMs
        components.logger.log('info', 'connected to bootstrap peer', { address: target.address })
      } catch (error) {
        components.logger.log('debug', 'bootstrap peer not reached', {
          address: target.address,
          error: errorMessage(error),
          pauseMs,
        })
        pauseMs = Math.min(P2P_LIMITS.redialMaxMs, 2 * pauseMs)
      } finally {
        deadline.release()
      }
    }
    try {
      await components.clock.sleep(pauseMs, signal)
    } catch {
      // The sleep ends early only where the signal aborted: the loop's condition sees it.
      return
    }
  }
}
