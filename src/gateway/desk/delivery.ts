/**
 * From the acceptance to the end of an order: tokens out, the receipt to countersigning.ts. Invariant: an order that was accepted
 * ends, whether anybody reads its tokens or not: at its receipt, at a failure, so long after a cancel, or when it has expired.
 * Frames are taken one after the other, by the reader while there is one, then by the delivery itself.
 */
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { SignedReceipt } from '../../protocol/gen/tailrace/v1/work.ts'
import type { GeneratedTokens } from '../../protocol/inference.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import type { OrderFrameBody } from '../../protocol/work/streams.ts'
import type { OrderResult } from '../ports.ts'
import type { Countersigned, Output } from './countersigning.ts'
import type { AcceptedOffer, Offer } from './offering.ts'
import type { DeskChain, OrderEnd } from './ports.ts'
import { raceAbort, withTimeLimit } from './time-limit.ts'

export interface DeliveryComponents {
  readonly chain: Pick<DeskChain, 'onBlock'>
  readonly clock: Clock
  readonly logger: Logger
  /** Judges the receipt and stores its voucher. @throws CodedError `bad_receipt` */
  readonly countersign: (receipt: SignedReceipt, output: Output) => Promise<Countersigned>
  /** Notes an end without a voucher. */
  readonly close: (end: OrderEnd) => Promise<void>
}

export interface DeliveryOptions {
  /** Aborted when nobody reads any more: the executor is told, its receipt is still waited for. */
  readonly cancel: AbortSignal
  readonly receiptTimeoutMs: number
}

export interface Delivery {
  readonly tokens: AsyncIterableIterator<GeneratedTokens>
  readonly result: Promise<OrderResult>
}

export function deliver(
  offer: Offer,
  accepted: AcceptedOffer,
  components: DeliveryComponents,
  options: DeliveryOptions,
): Delivery {
  const run = new DeliveryRun(offer, accepted, components, options)
  return { tokens: run, result: run.result }
}

/** Codes with which a reader is told of an end; everything else means that the executor is gone. */
const TOLD_CODES: readonly string[] = ['executor_failed', 'bad_receipt', 'aborted']

class DeliveryRun implements AsyncIterableIterator<GeneratedTokens> {
  readonly result: Promise<OrderResult>
  readonly #offer: Offer
  readonly #accepted: AcceptedOffer
  readonly #components: DeliveryComponents
  readonly #options: DeliveryOptions
  readonly #settled = Promise.withResolvers<OrderResult>()
  readonly #tokens: number[] = []
  readonly #scores: Uint8Array[] = []
  /** Aborted when no frame is waited for any longer. */
  readonly #giveUp = new AbortController()
  /** Aborted at the end of the order. */
  readonly #over = new AbortController()
  #lastTurn: Promise<unknown> = Promise.resolve()
  #isCancelled = false

  constructor(offer: Offer, accepted: AcceptedOffer, components: DeliveryComponents, options: DeliveryOptions) {
    this.#offer = offer
    this.#accepted = accepted
    this.#components = components
    this.#options = options
    this.result = this.#settled.promise
    // Whoever reads the tokens hears of a failure there already.
    this.result.catch(() => undefined)
    const { cancel } = options
    const onCancel = (): void => this.#cancel()
    const unsubscribe = components.chain.onBlock(({ height }) => this.#expire(height))
    cancel.addEventListener('abort', onCancel, { once: true })
    this.#over.signal.addEventListener('abort', () => {
      cancel.removeEventListener('abort', onCancel)
      unsubscribe()
    })
    if (cancel.aborted) {
      onCancel()
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<GeneratedTokens, undefined>> {
    return this.#inTurn(async () => {
      while (!this.#over.signal.aborted) {
        const chunk = await this.#step()
        if (chunk !== undefined) {
          return { done: false, value: chunk }
        }
      }
      await this.result
      return { done: true, value: undefined }
    })
  }

  /** A reader that stops early cancels the order, which then ends in the background. */
  async return(): Promise<IteratorResult<GeneratedTokens, undefined>> {
    this.#cancel()
    return { done: true, value: undefined }
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(action, action)
    this.#lastTurn = turn
    return turn
  }

  /** Nobody reads any more: tells the executor, and takes what still comes until its receipt, for a while. */
  #cancel(): void {
    if (this.#isCancelled || this.#over.signal.aborted) {
      return
    }
    this.#isCancelled = true
    const { clock, logger } = this.#components
    this.#accepted.stream.send({ $case: 'cancel', value: {} }).catch((error: unknown) => {
      logger.log('debug', 'cancel not sent', { code: errorCode(error) })
    })
    clock.sleep(this.#options.receiptTimeoutMs, this.#over.signal).then(
      () => this.#giveUp.abort(new CodedError('executor_lost', 'no receipt came')),
      () => {
        // The order ended earlier.
      },
    )
    this.#drain()
  }

  /** A receipt that comes later than this is worth nothing, so no executor is waited for any longer. */
  #expire(height: number): void {
    if (BigInt(height) > this.#offer.order.expiryHeight) {
      this.#giveUp.abort(new CodedError('executor_lost', 'the order has expired'))
      this.#drain()
    }
  }

  #drain(): void {
    void this.#inTurn(async () => {
      while (!this.#over.signal.aborted) {
        await this.#step()
      }
    })
  }

  /** Takes one frame; tokens where it brought some. Never rejects. */
  async #step(): Promise<GeneratedTokens | undefined> {
    try {
      const next = await raceAbort(this.#accepted.frames.next(), this.#giveUp.signal)
      if (next.done === true) {
        throw new CodedError('executor_lost', 'the executor went away')
      }
      return await this.#take(next.value)
    } catch (error) {
      await this.#fail(error)
      return undefined
    }
  }

  async #take(frame: OrderFrameBody): Promise<GeneratedTokens | undefined> {
    switch (frame.$case) {
      case 'tokens':
        return this.#takeTokens(frame.value)
      case 'receipt':
        await this.#settle(frame.value)
        return undefined
      case 'failed': {
        const fields = { reason: frame.value.code }
        throw new CodedError('executor_failed', 'the executor gave up', { fields })
      }
      case 'heartbeat':
        return undefined
      default:
        throw new CodedError('executor_lost', `unexpected frame ${frame.$case}`)
    }
  }

  #takeTokens(chunk: GeneratedTokens): GeneratedTokens {
    const isSound =
      chunk.scores.length === chunk.tokens.length * SCORE_BYTES &&
      this.#tokens.length + chunk.tokens.length <= this.#offer.order.maxTokens
    if (!isSound) {
      throw new CodedError('executor_lost', 'the executor sent something else than was ordered')
    }
    this.#tokens.push(...chunk.tokens)
    this.#scores.push(chunk.scores)
    return chunk
  }

  async #settle(signed: SignedReceipt): Promise<void> {
    const { countersign } = this.#components
    const output = { tokens: this.#tokens, scores: joined(this.#scores), isCancelled: this.#isCancelled }
    const { result, voucher } = await countersign(signed, output)
    this.#settled.resolve(result)
    this.#over.abort()
    // Not waited for: the voucher stands in the store, so an executor that does not take it can ask for it again.
    void this.#hangUp({ $case: 'voucher', value: voucher })
  }

  /** No voucher: what the order may cost stays reserved, for the executor may bring the receipt to the chain without one. */
  async #fail(error: unknown): Promise<void> {
    const { close, logger } = this.#components
    const reason = TOLD_CODES.includes(errorCode(error)) ? error : lost(error)
    const said = reason instanceof CodedError ? reason.fields.reason : undefined
    const code = typeof said === 'string' ? said : errorCode(reason)
    try {
      await close({ errorCode: code, isOut: errorCode(reason) !== 'executor_failed' })
    } catch (failure) {
      // It stays open in the store: the next start of the gateway closes it.
      logger.log('warn', 'lost order not noted', { code: errorCode(failure) })
    }
    this.#settled.reject(reason)
    this.#over.abort()
    void this.#hangUp()
  }

  async #hangUp(last?: OrderFrameBody): Promise<void> {
    const { clock, logger } = this.#components
    const { stream } = this.#accepted
    const forever = new AbortController().signal
    try {
      await withTimeLimit(clock, this.#options.receiptTimeoutMs, forever, async () => {
        if (last !== undefined) {
          await stream.send(last)
        }
      })
    } catch (error) {
      logger.log('info', 'last frame not delivered', { code: errorCode(error) })
    }
    stream.close().catch(() => undefined)
  }
}

function lost(cause: unknown): CodedError {
  const fields = { cause: errorCode(cause) }
  return new CodedError('executor_lost', 'the executor went away', { cause, fields })
}

/** So many arguments as an answer may have chunks would overflow the stack. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
