/** A developer who keeps ordering while things break: one completion after the other; what came whole and what failed is counted. */
import { z } from 'zod'

const DONE = z.object({
  tailrace: z.object({ orders: z.array(z.object({ order: z.string(), executor: z.string() })).min(1) }),
})
const FAILED = z.object({ error: z.object({ code: z.string().nullable(), message: z.string().min(1) }) })

export interface SteadyOrders {
  /** Order hashes of the answers that came whole. */
  readonly done: readonly string[]
  /** Codes of those that did not: every one of them was said. */
  readonly failed: readonly string[]
  /** Answers that were neither: a bug of the gateway. */
  readonly unclear: readonly string[]
  stop(): Promise<void>
}

export interface OrderingPlan {
  readonly openai: string
  readonly apiKey: string
  readonly model: string
}

const PAUSE_MS = 1_500
const TIMEOUT_MS = 60_000

export function orderSteadily({ openai, apiKey, model }: OrderingPlan): SteadyOrders {
  const stopping = new AbortController()
  const done: string[] = []
  const failed: string[] = []
  const unclear: string[] = []

  async function orderOnce(count: number): Promise<void> {
    const response = await fetch(`${openai}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: `The whale, ${count}` }], max_tokens: 12 }),
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const text = await response.text()
    const answer = response.ok ? DONE.safeParse(JSON.parse(text)) : undefined
    const error = response.ok ? undefined : FAILED.safeParse(JSON.parse(text))
    if (answer?.success === true) {
      done.push(...answer.data.tailrace.orders.map(({ order }) => order))
    } else if (error?.success === true) {
      failed.push(error.data.error.code ?? String(response.status))
    } else {
      unclear.push(text.slice(0, 300))
    }
  }

  async function orderOn(): Promise<void> {
    for (let count = 0; !stopping.signal.aborted; count++) {
      await orderOnce(count).catch(() => {
        // The gateway itself was away, or this loop ends: nothing was answered.
      })
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  const ordering = orderOn()
  return {
    done,
    failed,
    unclear,
    async stop() {
      stopping.abort()
      await ordering
    },
  }
}
