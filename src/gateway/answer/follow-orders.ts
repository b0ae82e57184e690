/**
 * Places the orders of a request, one for each choice, and follows them to their ends. Invariant: whatever ends a request (its
 * last token, an error of one order, a client that goes away) ends all of its orders.
 */
import { CodedError } from '../../lib/coded-error.ts'
import type { InferenceRequest } from '../../protocol/gen/tailrace/v1/work.ts'
import type { GatewayModel, OrderDesk, PlacedOrder, Session } from '../ports.ts'
import type { AnswerPiece } from './answer-text.ts'
import { AnswerText } from './answer-text.ts'
import { interleave } from './interleave.ts'

export interface ChoiceWish {
  /** Of the answer's choices. */
  readonly index: number
  readonly prompt: readonly number[]
  readonly request: InferenceRequest
}

export interface ChoiceOrder {
  readonly index: number
  readonly promptTokens: number
  readonly placed: PlacedOrder
  readonly answer: AnswerText
  /** Ends this order alone. */
  readonly controller: AbortController
}

export interface ChoiceEnd {
  readonly finish: 'stop' | 'length'
  readonly orderHash: string
  readonly executor: string
  readonly receiptHash: string
  /** utail */
  readonly pricePaid: bigint
  readonly outputTokens: number
}

/** Where `end` is set, the piece is the last one of its choice. */
export interface ChoiceEvent {
  readonly index: number
  readonly piece: AnswerPiece
  readonly end?: ChoiceEnd
}

export interface PlacingContext {
  readonly desk: OrderDesk
  readonly session: Session
  readonly model: GatewayModel
  readonly wantsScores: boolean
}

/**
 * Places all or none: where one cannot be placed, the others are cancelled. `signal` ends all of them, now and later.
 * @throws CodedError of OrderDesk.place; `aborted`
 */
export async function placeOrders(
  wishes: readonly ChoiceWish[],
  context: PlacingContext,
  signal: AbortSignal,
): Promise<readonly ChoiceOrder[]> {
  const controllers = wishes.map(() => new AbortController())
  const abortAll = (): void => {
    for (const controller of controllers) {
      controller.abort(new CodedError('aborted', 'the request has ended'))
    }
  }
  signal.addEventListener('abort', abortAll, { once: true })
  if (signal.aborted) {
    abortAll()
  }
  const placing = wishes.map((wish, order) => place(wish, context, controllers[order] as AbortController))
  try {
    return await Promise.all(placing)
  } catch (error) {
    // The others end by their signals, also one that is placed later; the first error is the one to tell.
    abortAll()
    throw signal.aborted ? new CodedError('aborted', 'the request has ended', { cause: error }) : error
  }
}

async function place(wish: ChoiceWish, context: PlacingContext, controller: AbortController): Promise<ChoiceOrder> {
  const { index, prompt, request } = wish
  const { desk, session, model, wantsScores } = context
  controller.signal.throwIfAborted()
  const placed = await desk.place({ session, request, prompt, signal: controller.signal })
  // Looked at after the last token; until then a rejection must not count as nobody's.
  placed.result.catch(() => undefined)
  const answer = new AnswerText(model, { stop: request.stop, maxTokens: request.maxTokens, wantsScores })
  return { index, promptTokens: prompt.length, placed, answer, controller }
}

/** Events of all choices as they come. @throws CodedError `executor_lost`, `order_cancelled` and others of OrderDesk */
export function followOrders(orders: readonly ChoiceOrder[]): AsyncGenerator<ChoiceEvent> {
  return interleave(orders.map(followOrder))
}

async function* followOrder(order: ChoiceOrder): AsyncGenerator<ChoiceEvent> {
  const { index, placed, answer, controller } = order
  for await (const chunk of placed.tokens) {
    const piece = answer.push(chunk)
    if (piece.text !== '' || piece.tokens.length > 0) {
      yield { index, piece }
    }
    if (answer.isExcessive) {
      controller.abort(new CodedError('aborted', 'more tokens than ordered'))
      break
    }
  }
  const result = await placed.result
  const piece = answer.finish()
  if (result.finish === 'cancelled' && !answer.isExcessive && !answer.isEnded) {
    throw new CodedError('order_cancelled', 'the order was ended early')
  }
  yield {
    index,
    piece,
    end: {
      finish: finishOf(answer, result.finish),
      orderHash: placed.orderHash,
      executor: placed.executor,
      receiptHash: result.receiptHash,
      pricePaid: result.pricePaid,
      outputTokens: answer.outputTokens,
    },
  }
}

function finishOf(answer: AnswerText, finish: 'stop' | 'length' | 'cancelled'): 'stop' | 'length' {
  return answer.isEnded || finish === 'stop' ? 'stop' : 'length'
}
