/** One chat turn from the screen, sent to the local gateway as any developer would: the public API with an API key. */
import { z } from 'zod'
import type { ChatEvent, ChatInput } from '../../ipc/wires/developer-wire.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'

const CHUNK = z.object({
  choices: z.array(
    z.object({ delta: z.object({ content: z.string().nullish() }).optional(), finish_reason: z.string().nullish() }),
  ),
  usage: z.object({ prompt_tokens: z.number().int(), completion_tokens: z.number().int() }).nullish(),
  tailrace: z
    .object({ orders: z.array(z.object({ order: z.string(), executor: z.string(), price_utail: z.string() })).min(1) })
    .optional(),
})
const FAILURE = z.object({ error: z.object({ code: z.string().nullish(), message: z.string() }) })
const MAX_LINE_CHARACTERS = 1024 * 1024

export async function* chatThroughGateway(
  gateway: { readonly baseUrl: string; readonly apiKey: string },
  input: ChatInput,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void> {
  let response: Response
  try {
    response = await fetch(`${gateway.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: input.model,
        messages: input.messages,
        temperature: input.temperature,
        max_tokens: input.maxTokens,
        stream: true,
        stream_options: { include_usage: true },
      }),
      signal,
    })
  } catch (error) {
    yield failed(errorCode(error) === 'aborted' ? 'aborted' : 'gateway_unreachable', 'the gateway does not answer')
    return
  }
  if (!response.ok || response.body === null) {
    yield failureOf(await response.text())
    return
  }
  yield* readEvents(response.body)
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatEvent, void> {
  let end = { finish: '', orderHash: '', executor: '', promptTokens: 0, outputTokens: 0, price: '0' }
  for await (const data of serverSentData(body)) {
    if (data === '[DONE]') {
      yield { type: 'done', ...end }
      return
    }
    const chunk = schemaVerdict(CHUNK, parse(data))
    if (!chunk.success) {
      yield failureOf(data)
      return
    }
    const [choice] = chunk.data.choices
    const { usage, tailrace } = chunk.data
    const order = tailrace?.orders[0]
    end = {
      finish: choice?.finish_reason ?? end.finish,
      orderHash: order?.order ?? end.orderHash,
      executor: order?.executor ?? end.executor,
      promptTokens: usage?.prompt_tokens ?? end.promptTokens,
      outputTokens: usage?.completion_tokens ?? end.outputTokens,
      price: order?.price_utail ?? end.price,
    }
    const text = choice?.delta?.content ?? ''
    if (text !== '') {
      yield { type: 'text', text }
    }
  }
  yield failed('stream_ended', 'the answer ended early')
}

/** Payloads of `data:` lines (WHATWG server-sent events, of which the gateway uses this much). */
async function* serverSentData(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = ''
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    rest += piece
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      const line = rest.slice(0, at).trimEnd()
      rest = rest.slice(at + 1)
      if (line.startsWith('data:')) {
        yield line.slice('data:'.length).trimStart()
      }
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      return
    }
  }
}

function failureOf(text: string): ChatEvent {
  const parsed = schemaVerdict(FAILURE, parse(text))
  return parsed.success
    ? failed(parsed.data.error.code ?? 'request_failed', parsed.data.error.message)
    : failed('malformed_answer', 'the gateway answered something else')
}

function failed(code: string, message: string): ChatEvent {
  const isCode = /^[a-z0-9_.:-]{1,64}$/.test(code)
  return { type: 'failed', code: isCode ? code : 'request_failed', message: message.slice(0, 1_024), fields: {} }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema refuses undefined.
    return undefined
  }
}
