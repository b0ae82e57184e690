/** A developer who talks to a gateway by hand: asks until hosts serve, and decodes what comes back with its additional fields. */
import { expect } from 'vitest'
import { z } from 'zod'
import { waitFor } from '../wait-for.ts'
import { ERROR_BODY } from './raw-client.ts'

const LOGPROB = z.object({ token: z.string(), logprob: z.number() })
const ANSWER = z.object({
  choices: z.array(
    z.object({
      text: z.string().optional(),
      message: z.object({ content: z.string() }).optional(),
      finish_reason: z.enum(['stop', 'length']),
      logprobs: z
        .object({ content: z.array(LOGPROB.extend({ top_logprobs: z.array(LOGPROB) })).optional() })
        .nullable(),
    }),
  ),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }),
  tailrace: z.object({
    orders: z.array(z.object({ order: z.string(), executor: z.string(), price_utail: z.string() })).min(1),
  }),
})
export type Answer = z.infer<typeof ANSWER>

const ROW = z.object({
  order: z.string(),
  prompt_tokens: z.int(),
  output_tokens: z.int(),
  price_utail: z.string(),
  state: z.enum(['drawing', 'streaming', 'done', 'failed']),
  batched: z.object({ id: z.string() }).nullable(),
})
export type OrderLine = z.infer<typeof ROW>
const ROWS = z.object({ data: z.array(ROW) })

export interface NetworkClient {
  readonly baseUrl: string
  readonly apiKey: string
  get(path: string): Promise<Response>
  post(path: string, body: object): Promise<Response>
  /** While hosts race, or are just starting again, it asks again. `model` is added. */
  ask(body: object, path?: '/chat/completions' | '/completions'): Promise<Answer>
  /** Status and OpenAI's code of a chat request that is refused, and not because nobody serves. */
  refusal(body: object): Promise<readonly [status: number, code: string]>
  /** Newest first. */
  orders(): Promise<readonly OrderLine[]>
}

/** Two epochs and a half: a race, and another where the first gave no weight. */
const SERVED_DEADLINE_MS = 150_000

export function createNetworkClient(baseUrl: string, apiKey: string, model: string): NetworkClient {
  const authorization = `Bearer ${apiKey}`
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const get = (path: string): Promise<Response> => fetch(`${baseUrl}${path}`, { headers: { authorization } })
  const postUntilServed = (path: string, body: object): Promise<{ status: number; text: string }> =>
    waitFor(
      'hosts to serve',
      async () => {
        const response = await post(path, { model, ...body })
        return response.status === 503 ? undefined : { status: response.status, text: await response.text() }
      },
      { deadlineMs: SERVED_DEADLINE_MS, everyMs: 300 },
    )
  return {
    baseUrl,
    apiKey,
    get,
    post,
    async ask(body, path = '/chat/completions') {
      const { status, text } = await postUntilServed(path, body)
      expect(status, text).toBe(200)
      return ANSWER.parse(JSON.parse(text))
    },
    async refusal(body) {
      const { status, text } = await postUntilServed('/chat/completions', body)
      return [status, ERROR_BODY.parse(JSON.parse(text)).error.code]
    },
    async orders() {
      return ROWS.parse(await (await get('/tailrace/orders?limit=500')).json()).data
    },
  }
}

export function textOf(answer: Answer, index = 0): string {
  const choice = answer.choices[index]
  return choice?.message?.content ?? choice?.text ?? ''
}
