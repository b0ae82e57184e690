import type { OrderDesk, OrderResult, OrderWish, PlacedOrder } from '../../../src/gateway/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { GeneratedTokens } from '../../../src/protocol/inference.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import { writeScores } from '../../../src/protocol/sampling/scores.ts'

/** What one order does. */
export interface OrderScript {
  /** Pieces of the output, in order. */
  readonly chunks: Iterable<readonly number[]>
  /** `length` where it does not say. */
  readonly finish?: OrderResult['finish']
  /** Thrown instead of placing the order. */
  readonly placeError?: CodedError
  /** Thrown after the last chunk. */
  readonly streamError?: CodedError
  /** Rejects the result, after tokens that were all well. */
  readonly resultError?: CodedError
  /** Awaited before each chunk is delivered. */
  readonly beforeChunk?: (chunk: number) => void | Promise<void>
}

export interface ScriptedOrder {
  readonly wish: OrderWish
  /** Chunks that were taken. */
  delivered: number
  /** The iteration was ended by its reader, an abort, an error or its end. */
  isOver: boolean
}

/**
 * An OrderDesk whose executors do what a script says; everything else is as the port demands: it ends within one token of an
 * abort, with the finish `cancelled`, and gives no token before it is asked.
 */
export class ScriptedOrderDesk implements OrderDesk {
  readonly orders: ScriptedOrder[] = []
  readonly #script: (wish: OrderWish, index: number) => OrderScript
  readonly #vocabularySize: number

  constructor(script: (wish: OrderWish, index: number) => OrderScript, vocabularySize: number) {
    this.#script = script
    this.#vocabularySize = vocabularySize
  }

  async place(wish: OrderWish): Promise<PlacedOrder> {
    const number = this.orders.length
    const order: ScriptedOrder = { wish, delivered: 0, isOver: false }
    this.orders.push(order)
    const script = this.#script(wish, number)
    if (script.placeError !== undefined) {
      order.isOver = true
      throw script.placeError
    }
    const result = Promise.withResolvers<OrderResult>()
    const hash = (number + 1).toString(16).padStart(64, '0')
    const finish = (outcome: OrderResult['finish']): void => {
      order.isOver = true
      result.resolve({ finish: outcome, receiptHash: `${hash.slice(0, 63)}f`, pricePaid: BigInt(order.delivered) })
    }
    return {
      orderHash: hash,
      executor: `tail1executor${number}`,
      tokens: this.#deliver(order, script, finish, result.reject),
      result: result.promise,
    }
  }

  async *#deliver(
    order: ScriptedOrder,
    script: OrderScript,
    finish: (outcome: OrderResult['finish']) => void,
    fail: (error: unknown) => void,
  ): AsyncGenerator<GeneratedTokens> {
    const { signal } = order.wish
    let outcome: OrderResult['finish'] = 'cancelled'
    try {
      for (const tokens of script.chunks) {
        await untilAborted(script.beforeChunk?.(order.delivered), signal)
        if (signal.aborted) {
          return
        }
        order.delivered++
        yield { tokens, scores: scoresFor(tokens, this.#vocabularySize) }
      }
      if (signal.aborted) {
        return
      }
      if (script.streamError !== undefined) {
        throw script.streamError
      }
      outcome = script.finish ?? 'length'
    } finally {
      order.isOver = true
      const error = script.streamError ?? script.resultError
      if (error !== undefined && !signal.aborted) {
        fail(error)
      } else {
        finish(outcome)
      }
    }
  }
}

/** Every chosen token has logit 4, its four neighbours 0 and everything else −8: scores as a worker writes them. */
export function scoresFor(tokens: readonly number[], vocabularySize: number): Uint8Array {
  const scores = new Uint8Array(tokens.length * SCORE_BYTES)
  const view = new DataView(scores.buffer)
  for (const [position, token] of tokens.entries()) {
    const logits = new Int32Array(vocabularySize).fill(-8 * 65_536)
    for (let next = 1; next <= 4; next++) {
      logits[(token + next) % vocabularySize] = 0
    }
    logits[token] = 4 * 65_536
    writeScores(logits, token, view, position * SCORE_BYTES)
  }
  return scores
}

function untilAborted(wait: void | Promise<void>, signal: AbortSignal): Promise<void> | void {
  if (wait === undefined) {
    return
  }
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return signal.aborted ? undefined : Promise.race([wait, aborted])
}

/** A script that writes a text, one byte a chunk, as the byte vocabulary has it. */
export function textScript(text: string, finish: OrderResult['finish'] = 'length'): OrderScript {
  return { chunks: [...new TextEncoder().encode(text)].map((byte) => [byte]), finish }
}

export function failure(code: string, fields: Record<string, string | number> = {}): CodedError {
  return new CodedError(code, `scripted: ${code}`, { fields })
}
