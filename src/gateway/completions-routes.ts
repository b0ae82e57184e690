/**
 * POST /v1/chat/completions and POST /v1/completions. Orders are placed before the first byte of an answer, so what prevents one
 * is an HTTP status; what breaks one later is an error event, after which a stream ends without [DONE].
 */
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { AnswerFormat, AnswerHead, Usage, WholeChoice } from './answer/answer-format.ts'
import { createChatFormat, createLegacyFormat, DONE_FRAME, dataFrame, LogprobWriter } from './answer/answer-format.ts'
import type { ChoiceEnd, ChoiceOrder, ChoiceWish } from './answer/follow-orders.ts'
import { followOrders, placeOrders } from './answer/follow-orders.ts'
import { CompletionWork } from './completion-work.ts'
import { answerForError, isInternalError, parameterError } from './errors.ts'
import type { GatewayModel } from './ports.ts'
import { parseChatRequest } from './request/chat-request.ts'
import { checkPromptSize, toInferenceRequest } from './request/inference-request.ts'
import type { LegacyPrompt } from './request/legacy-request.ts'
import { parseLegacyRequest } from './request/legacy-request.ts'
import { readJsonBody } from './request/read-json-body.ts'
import type { CompletionSettings } from './request/settings.ts'
import type { Route, RouteCall } from './route.ts'
import { jsonResponse, randomHex } from './route.ts'

interface CompletionJob {
  readonly operation: 'chat' | 'text_completion'
  readonly settings: CompletionSettings
  readonly model: GatewayModel
  readonly prompts: readonly (readonly number[])[]
}

const CHAT: Route = {
  name: 'chat_completions',
  method: 'POST',
  path: '/v1/chat/completions',
  async answer(call) {
    const session = await call.openSession()
    const { settings, messages } = parseChatRequest(await readJsonBody(call.request, call.core.bodies))
    const model = await findModel(call, settings.model)
    checkPromptSize(
      messages.reduce((sum, message) => sum + message.content.length, 0),
      model,
    )
    const prompts = [model.text.renderChat(messages)]
    return complete(call, { operation: 'chat', settings, model, prompts }, session)
  },
}

const LEGACY: Route = {
  name: 'completions',
  method: 'POST',
  path: '/v1/completions',
  async answer(call) {
    const session = await call.openSession()
    const { settings, prompts } = parseLegacyRequest(await readJsonBody(call.request, call.core.bodies))
    const model = await findModel(call, settings.model)
    const tokens = prompts.map((prompt) => encodePrompt(prompt, model))
    return complete(call, { operation: 'text_completion', settings, model, prompts: tokens }, session)
  },
}

export const COMPLETION_ROUTES: readonly Route[] = [CHAT, LEGACY]

async function findModel(call: RouteCall, id: string): Promise<GatewayModel> {
  const model = await call.core.components.models.get(id)
  if (model === undefined) {
    throw new CodedError('unknown_model', `The model '${id.toWellFormed()}' does not exist or is not served here.`)
  }
  return model
}

function encodePrompt(prompt: LegacyPrompt, model: GatewayModel): readonly number[] {
  checkPromptSize(prompt.length, model)
  const tokens = typeof prompt === 'string' ? model.text.encode(prompt) : prompt
  const unknown = tokens.find((token) => token >= model.vocabularySize)
  if (unknown !== undefined) {
    throw parameterError('invalid_value', 'prompt', `Invalid value for 'prompt': the model has no token ${unknown}.`)
  }
  if (tokens.length === 0) {
    throw parameterError('invalid_value', 'prompt', "Invalid value for 'prompt': it is empty.")
  }
  return tokens
}

type OpenedSession = Awaited<ReturnType<RouteCall['openSession']>>

async function complete(call: RouteCall, job: CompletionJob, session: OpenedSession): Promise<Response> {
  const { core, request } = call
  const { settings, model } = job
  const wishes = job.prompts.flatMap((prompt, promptIndex) =>
    Array.from({ length: settings.choices }, (_, choice): ChoiceWish => {
      const index = promptIndex * settings.choices + choice
      return { index, prompt, request: toInferenceRequest(settings, model, prompt.length, choice) }
    }),
  )
  const labels = { operation: job.operation, model: model.id }
  const work = new CompletionWork(core, labels, wishes.length, request.signal)
  try {
    const wantsScores = settings.topLogprobs !== undefined
    const context = { desk: core.components.orders, session, model, wantsScores }
    const orders = await placeOrders(wishes, context, work.signal)
    const format = formatFor(call, job)
    const promptTokens = job.prompts.reduce((sum, prompt) => sum + prompt.length, 0)
    core.metrics.tokenUsage.observe(promptTokens, { gen_ai_request_model: model.id, gen_ai_token_type: 'input' })
    const answer = { orders, format, promptTokens, work }
    return settings.stream ? streamResponse(call, answer, settings.includeUsage) : await wholeResponse(answer)
  } catch (error) {
    const code = work.signal.aborted ? 'aborted' : errorCode(error)
    work.end(code)
    throw code === 'aborted' ? new CodedError('aborted', 'the client went away', { cause: error }) : error
  }
}

function formatFor({ core }: RouteCall, { operation, settings, model }: CompletionJob): AnswerFormat {
  const { rng, clock } = core.components
  const isChat = operation === 'chat'
  const head: AnswerHead = {
    id: `${isChat ? 'chatcmpl' : 'cmpl'}-${randomHex(rng, 16)}`,
    created: Math.floor(clock.nowMs() / 1000),
    model: model.id,
    includeUsage: settings.includeUsage,
  }
  const logprobs = settings.topLogprobs === undefined ? undefined : new LogprobWriter(model.text, settings.topLogprobs)
  return isChat ? createChatFormat(head, logprobs) : createLegacyFormat(head, logprobs)
}

interface Answer {
  readonly orders: readonly ChoiceOrder[]
  readonly format: AnswerFormat
  readonly promptTokens: number
  readonly work: CompletionWork
}

function orderHeaders(orders: readonly ChoiceOrder[]): Record<string, string> {
  return {
    'x-tailrace-order': orders.map(({ placed }) => placed.orderHash).join(','),
    'x-tailrace-executor': orders.map(({ placed }) => placed.executor).join(','),
  }
}

async function wholeResponse({ orders, format, promptTokens, work }: Answer): Promise<Response> {
  const parts = new Map<number, { text: string; tokens: WholeChoice['piece']['tokens'][number][]; end?: ChoiceEnd }>(
    orders.map(({ index }) => [index, { text: '', tokens: [] }]),
  )
  for await (const event of followOrders(orders)) {
    work.note(event)
    const part = parts.get(event.index)
    if (part !== undefined) {
      part.text += event.piece.text
      part.tokens.push(...event.piece.tokens)
      if (event.end !== undefined) {
        part.end = event.end
      }
    }
  }
  const choices = [...parts].flatMap(([index, { text, tokens, end }]) =>
    end === undefined ? [] : [{ index, piece: { text, tokens }, end }],
  )
  work.end()
  return jsonResponse(format.whole(choices, usageOf(promptTokens, choices)), 200, orderHeaders(orders))
}

function usageOf(promptTokens: number, choices: readonly { readonly end: ChoiceEnd }[]): Usage {
  const completionTokens = choices.reduce((sum, { end }) => sum + end.outputTokens, 0)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

const encoder = new TextEncoder()

function streamResponse(call: RouteCall, answer: Answer, includeUsage: boolean): Response {
  const frames = streamFrames(call, answer, includeUsage)
  // Also where nobody reads or cancels the body any more. Not awaited: it answers when the orders have ended.
  const leave = (): void => void frames.return()
  call.request.signal.addEventListener('abort', leave, { once: true })
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await frames.next()
        if (next.done === true) {
          controller.close()
        } else {
          controller.enqueue(encoder.encode(next.value))
        }
      },
      cancel() {
        answer.work.end('aborted')
        leave()
      },
    },
    // Nothing is asked of the executors before the client asks for it.
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...orderHeaders(answer.orders),
    },
  })
}

/** Never throws: an error becomes the last frame. */
async function* streamFrames(
  { core }: RouteCall,
  { orders, format, promptTokens, work }: Answer,
  includeUsage: boolean,
): AsyncGenerator<string, void, undefined> {
  const ends: { readonly end: ChoiceEnd }[] = []
  try {
    const opening = orders.map(({ index }) => format.opening(index)).join('')
    if (opening !== '') {
      yield opening
    }
    for await (const event of followOrders(orders)) {
      work.note(event)
      yield framesOf(format, event)
      if (event.end !== undefined) {
        ends.push({ end: event.end })
      }
    }
    work.end()
    yield `${includeUsage ? format.usage(usageOf(promptTokens, ends)) : ''}${DONE_FRAME}`
  } catch (error) {
    const code = work.signal.aborted ? 'aborted' : errorCode(error)
    if (code !== 'aborted' && isInternalError(error)) {
      core.components.logger.log('error', 'a stream broke', { error: errorMessage(error) })
    }
    work.end(code)
    yield dataFrame(JSON.stringify({ error: answerForError(error).error }))
  } finally {
    work.end('aborted')
  }
}

function framesOf(format: AnswerFormat, { index, piece, end }: Parameters<CompletionWork['note']>[0]): string {
  const isEmpty = piece.text === '' && piece.tokens.length === 0
  const frame = isEmpty ? '' : format.piece(index, piece)
  return end === undefined ? frame : `${frame}${format.ending(index, end)}`
}
