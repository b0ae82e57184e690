/** Asks the gateway of this computer every two seconds whether it is there: a process that hangs looks alive to its parent. */
import type { Clock } from '../../lib/runtime.ts'

export interface GatewayProbe {
  /** What the last question brought; true before the first answer. */
  isAnswering(): boolean
  stop(): Promise<void>
}

const EVERY_MS = 2_000
const TIMEOUT_MS = 3_000

/** `ask` resolves where the gateway answered. */
export function startGatewayProbe(
  clock: Pick<Clock, 'sleep'>,
  ask: (signal: AbortSignal) => Promise<boolean>,
): GatewayProbe {
  const stopped = new AbortController()
  let isAnswering = true
  async function askOn(): Promise<void> {
    const { signal } = stopped
    while (!signal.aborted) {
      const answer = await ask(signal).catch(() => false)
      isAnswering = signal.aborted ? isAnswering : answer
      await clock.sleep(EVERY_MS, signal).catch(() => {
        // Stopped.
      })
    }
  }
  const asking = askOn()
  return {
    isAnswering: () => isAnswering,
    async stop() {
      stopped.abort()
      await asking
    },
  }
}

/** The gateway's own word that it is well. */
export function healthOf(baseUrl: string): (signal: AbortSignal) => Promise<boolean> {
  const url = new URL('/healthz', baseUrl)
  return async (signal) => {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) })
    await response.body?.cancel()
    return response.ok
  }
}
