/**
 * A developer beside the person at the screen: completions through the unmodified `openai` package, one after the other, half of
 * them streamed, until enough were served. Then the receipts, each verified as somebody would who trusts nobody.
 */
import OpenAI from 'openai'
import { z } from 'zod'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { checkReceipt } from '../../../src/main/receipt-check.ts'

export interface OrderPlan {
  readonly baseUrl: string
  readonly apiKey: string
  readonly model: string
  /** Enough when this says so; asked after each completion. */
  readonly isEnough: (orders: readonly PlacedCompletion[]) => boolean
  readonly most: number
  readonly say: (line: string) => void
}

export interface PlacedCompletion {
  readonly orderHash: string
  /** `tail1…` */
  readonly executor: string
  readonly streamed: boolean
  readonly outputTokens: number
}

const EXTRA = z.object({
  tailrace: z.object({ orders: z.array(z.object({ order: z.string(), executor: z.string() })).min(1) }),
})
const PAUSE_MS = 700
const PROMPTS = ['Tell me of the white whale.', 'Where does the ship sail?', 'Who is the captain?', 'Describe the sea.']

/** @throws Error where `most` completions were not enough. */
export async function placeOrders(plan: OrderPlan, signal: AbortSignal): Promise<readonly PlacedCompletion[]> {
  const client = new OpenAI({ baseURL: plan.baseUrl, apiKey: plan.apiKey, maxRetries: 0 })
  const placed: PlacedCompletion[] = []
  for (let attempt = 0; placed.length < plan.most && attempt < 4 * plan.most; attempt++) {
    signal.throwIfAborted()
    try {
      const one = await complete(client, plan.model, attempt, signal)
      placed.push(one)
      plan.say(`order ${placed.length} served by ${one.executor.slice(0, 12)}… (${one.outputTokens} tokens)`)
    } catch (error) {
      signal.throwIfAborted()
      // Right after the start nobody serves yet, and in a race hosts say busy: a developer tries again.
      plan.say(`order not served: ${error instanceof Error ? error.message.slice(0, 160) : String(error)}`)
    }
    if (plan.isEnough(placed)) {
      return placed
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  throw new Error(`${placed.length} completions were not enough`)
}

async function complete(
  client: OpenAI,
  model: string,
  attempt: number,
  signal: AbortSignal,
): Promise<PlacedCompletion> {
  const body = {
    model,
    messages: [{ role: 'user' as const, content: PROMPTS[attempt % PROMPTS.length] as string }],
    max_tokens: 24 + (attempt % 3) * 8,
    temperature: 0.8,
  }
  if (attempt % 2 === 0) {
    const answer = await client.chat.completions.create(body, { signal })
    return completionOf(answer, false, answer.usage?.completion_tokens ?? 0)
  }
  const stream = await client.chat.completions.create(
    { ...body, stream: true, stream_options: { include_usage: true } },
    { signal },
  )
  let tokens = 0
  let last: unknown
  let text = ''
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    tokens = chunk.usage?.completion_tokens ?? tokens
    last = EXTRA.safeParse(chunk).success ? chunk : last
  }
  if (text === '' && tokens > 1) {
    throw new Error('a stream without text')
  }
  return completionOf(last, true, tokens)
}

function completionOf(answer: unknown, streamed: boolean, outputTokens: number): PlacedCompletion {
  const [order] = EXTRA.parse(answer).tailrace.orders
  if (order === undefined) {
    throw new Error('an answer without its order')
  }
  return { orderHash: order.order, executor: order.executor, streamed, outputTokens }
}

/** How many of these orders have a receipt that holds by itself and on the chain. @throws Error where one is there and does not hold. */
export async function verifyReceipts(
  plan: Pick<OrderPlan, 'baseUrl' | 'apiKey'>,
  orders: readonly PlacedCompletion[],
  chain: ChainClient,
  signal: AbortSignal,
): Promise<number> {
  let verified = 0
  for (const { orderHash } of orders) {
    const response = await fetch(`${plan.baseUrl}/tailrace/receipts/${orderHash}`, {
      headers: { authorization: `Bearer ${plan.apiKey}` },
      signal,
    })
    if (response.status !== 200) {
      continue
    }
    const text = await response.text()
    // Without a chain first: a receipt shows by itself that payer and executor signed it and where it stands in its batch.
    const alone = await checkReceipt(text, undefined, signal)
    const report = await checkReceipt(text, chain, signal)
    const isRefunded = report.checks.some(({ name, result }) => name === 'not_refunded' && result === 'failed')
    if (!alone.valid || (!report.valid && !isRefunded)) {
      throw new Error(`the receipt of order ${orderHash} does not hold: ${JSON.stringify(report.checks)}`)
    }
    verified += report.valid ? 1 : 0
  }
  return verified
}
