/**
 * One completion request in work: its signal, its slots, its measurements. Invariant: `end` takes effect once, ends every order
 * of the request and gives the slots back, whoever calls it first (the last token, an error, a client that went away).
 */
import { CodedError } from '../lib/coded-error.ts'
import type { AnswerPiece } from './answer/answer-text.ts'
import type { ChoiceEnd, ChoiceEvent } from './answer/follow-orders.ts'
import type { GatewayCore } from './route.ts'

export interface WorkLabels {
  readonly operation: 'chat' | 'text_completion'
  readonly model: string
}

interface ChoiceTimes {
  readonly firstMs: number
  lastMs: number
  pieces: number
}

export class CompletionWork {
  readonly #core: GatewayCore
  readonly #labels: WorkLabels
  readonly #orders: number
  readonly #startMs: number
  readonly #controller = new AbortController()
  readonly #requestSignal: AbortSignal
  readonly #onRequestAbort = (): void => this.end('aborted')
  readonly #times = new Map<number, ChoiceTimes>()
  #endedOrders = 0
  #isEnded = false

  /** @throws CodedError `overloaded` where there are not `orders` slots. */
  constructor(core: GatewayCore, labels: WorkLabels, orders: number, requestSignal: AbortSignal) {
    if (!core.slots.take(orders)) {
      throw new CodedError('overloaded', 'no slots')
    }
    this.#core = core
    this.#labels = labels
    this.#orders = orders
    this.#startMs = core.components.clock.nowMs()
    this.#requestSignal = requestSignal
    requestSignal.addEventListener('abort', this.#onRequestAbort, { once: true })
    if (requestSignal.aborted) {
      this.end('aborted')
    }
  }

  /** Aborted when the request has ended, in whatever way. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Notes an event of followOrders. */
  note({ index, piece, end }: ChoiceEvent): void {
    this.#noteTime(index, piece)
    if (end !== undefined) {
      this.#noteEnd(index, end)
    }
  }

  /** `code`: why it ended, where not well. */
  end(code = ''): void {
    if (this.#isEnded) {
      return
    }
    this.#isEnded = true
    this.#requestSignal.removeEventListener('abort', this.#onRequestAbort)
    const { metrics, slots, components } = this.#core
    slots.give(this.#orders)
    if (code !== '') {
      metrics.orders.add({ outcome: code }, this.#orders - this.#endedOrders)
    }
    const seconds = (components.clock.nowMs() - this.#startMs) / 1000
    metrics.duration.observe(seconds, { ...this.#metricLabels(), error_type: code })
    this.#controller.abort(new CodedError('aborted', 'the request has ended'))
  }

  #noteTime(index: number, piece: AnswerPiece): void {
    if (piece.text === '') {
      return
    }
    const nowMs = this.#core.components.clock.nowMs()
    const times = this.#times.get(index)
    if (times !== undefined) {
      times.lastMs = nowMs
      times.pieces++
      return
    }
    if (this.#times.size === 0) {
      this.#core.metrics.timeToFirstToken.observe((nowMs - this.#startMs) / 1000, this.#metricLabels())
    }
    this.#times.set(index, { firstMs: nowMs, lastMs: nowMs, pieces: 1 })
  }

  #noteEnd(index: number, end: ChoiceEnd): void {
    const { metrics } = this.#core
    this.#endedOrders++
    metrics.orders.add({ outcome: end.finish })
    metrics.tokenUsage.observe(end.outputTokens, {
      gen_ai_request_model: this.#labels.model,
      gen_ai_token_type: 'output',
    })
    const times = this.#times.get(index)
    if (times !== undefined && times.pieces > 1 && end.outputTokens > 1) {
      const seconds = (times.lastMs - times.firstMs) / 1000 / (end.outputTokens - 1)
      metrics.timePerOutputToken.observe(seconds, this.#metricLabels())
    }
  }

  #metricLabels(): { gen_ai_operation_name: string; gen_ai_request_model: string } {
    return { gen_ai_operation_name: this.#labels.operation, gen_ai_request_model: this.#labels.model }
  }
}
