/** A long completion that somebody breaks in its middle, and what its client saw of that: by the openai package, or by hand. */
import OpenAI from 'openai'
import { parseEvents } from './sse.ts'

export interface StreamTarget {
  readonly baseUrl: string
  readonly apiKey: string
  readonly model: string
  /** Tokens that end a text: they are forbidden, so that it goes on to its limit. */
  readonly eosTokens: readonly number[]
}

/** `refused`: it did not begin. `whole`: it came to its end. `hung`: the client was left waiting. */
export type StreamEnd =
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }
  | { readonly kind: 'whole' }
  | { readonly kind: 'error_event'; readonly code: string }
  | { readonly kind: 'broken' }
  | { readonly kind: 'hung' }

/** Called with the executor's address once as many pieces have come as were asked for. */
export type Breaker = (executor: string) => Promise<void>

const TOKENS = 220
const EXECUTOR = 'x-tailrace-executor'

function bodyOf({ model, eosTokens }: StreamTarget) {
  return {
    model,
    messages: [{ role: 'user' as const, content: 'Tell me of the sea.' }],
    max_tokens: TOKENS,
    stream: true as const,
    logit_bias: Object.fromEntries(eosTokens.map((token) => [String(token), -100])),
  }
}

/** `hung` where neither an error nor an end came within `deadlineMs`. */
export async function breakStream(
  target: StreamTarget,
  client: 'openai' | 'fetch',
  at: number,
  breaker: Breaker,
  deadlineMs: number,
): Promise<StreamEnd> {
  const hung = new AbortController()
  const timer = setTimeout(() => hung.abort(), deadlineMs)
  try {
    const end = await (client === 'openai' ? readWithPackage : readByHand)(target, at, breaker, hung.signal)
    return hung.signal.aborted ? { kind: 'hung' } : end
  } finally {
    clearTimeout(timer)
  }
}

async function readWithPackage(
  target: StreamTarget,
  at: number,
  breaker: Breaker,
  signal: AbortSignal,
): Promise<StreamEnd> {
  const client = new OpenAI({ baseURL: target.baseUrl, apiKey: target.apiKey, maxRetries: 0 })
  let hasBegun = false
  try {
    const asked = client.chat.completions.create(bodyOf(target), { signal })
    const { data, response } = await asked.withResponse()
    hasBegun = true
    let pieces = 0
    for await (const _chunk of data) {
      pieces += 1
      if (pieces === at) {
        await breaker(response.headers.get(EXECUTOR) ?? '')
      }
    }
    return { kind: 'whole' }
  } catch (error) {
    const { status = 0, code } = error as { status?: number; code?: string | null }
    if (!hasBegun) {
      return { kind: 'refused', status, code: String(code) }
    }
    return error instanceof OpenAI.APIError && typeof code === 'string'
      ? { kind: 'error_event', code }
      : { kind: 'broken' }
  }
}

async function readByHand(target: StreamTarget, at: number, breaker: Breaker, signal: AbortSignal): Promise<StreamEnd> {
  let text = ''
  let hasBegun = false
  let isBroken = false
  try {
    const response = await fetch(`${target.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${target.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(target)),
      signal,
    })
    if (!response.ok || response.body === null) {
      const { error } = (await response.json()) as { error?: { code?: string } }
      return { kind: 'refused', status: response.status, code: String(error?.code) }
    }
    hasBegun = true
    const decoder = new TextDecoder()
    for await (const bytes of response.body) {
      text += decoder.decode(bytes, { stream: true })
      if (!isBroken && parseEvents(text).length >= at) {
        isBroken = true
        await breaker(response.headers.get(EXECUTOR) ?? '')
      }
    }
  } catch (error) {
    return hasBegun ? { kind: 'broken' } : { kind: 'refused', status: 0, code: String(error) }
  }
  const last = parseEvents(text).at(-1) ?? ''
  if (last === '[DONE]') {
    return { kind: 'whole' }
  }
  const code = errorCodeOf(last)
  return code === undefined ? { kind: 'broken' } : { kind: 'error_event', code }
}

function errorCodeOf(event: string): string | undefined {
  try {
    return (JSON.parse(event) as { error?: { code: string } }).error?.code
  } catch {
    // A piece of an event.
    return undefined
  }
}
