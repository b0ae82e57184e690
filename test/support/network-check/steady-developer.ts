/** A developer who orders all the time through the unmodified `openai` package, and how long the gaps between answers were. */
import { placeOrders } from '../check/orders.ts'

export interface SteadyDeveloper {
  served(): number
  failed(): number
  /** Longest time without an answer, from the first answer on. */
  longestGapMs(): number
  stop(): Promise<void>
}

const ENOUGH = Number.MAX_SAFE_INTEGER

export function orderAllTheTime(
  { openai, apiKey, model }: { readonly openai: string; readonly apiKey: string; readonly model: string },
  say: (line: string) => void,
): SteadyDeveloper {
  const stopping = new AbortController()
  let served = 0
  let failed = 0
  let longestMs = 0
  let lastMs: number | undefined
  const orders = placeOrders(
    {
      baseUrl: openai,
      apiKey,
      model,
      most: ENOUGH / 8,
      isEnough: (placed) => {
        if (placed.length > served) {
          const nowMs = performance.now()
          longestMs = lastMs === undefined ? 0 : Math.max(longestMs, nowMs - lastMs)
          lastMs = nowMs
          served = placed.length
        } else {
          failed += 1
        }
        return stopping.signal.aborted
      },
      say: (line) => (line.startsWith('order not') ? say(line) : undefined),
    },
    stopping.signal,
  ).catch((error: unknown) => {
    if (!stopping.signal.aborted) {
      say(`the developer gave up: ${String(error)}`)
    }
  })
  return {
    served: () => served,
    failed: () => failed,
    longestGapMs: () => Math.max(longestMs, lastMs === undefined ? 0 : performance.now() - lastMs),
    async stop() {
      stopping.abort()
      await orders
    },
  }
}
