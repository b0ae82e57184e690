/**
 * Takes orders from gateways. Invariant: one order is worked on once. What was answered to it (a receipt, a refusal, a failure)
 * stands in the store and is what it is answered again; so an order that comes twice is neither made nor paid twice.
 * Read next: judging.ts and acceptance.ts (what is taken), order-run.ts (one order from acceptance to voucher), lanes.ts.
 */
import { equalBytes, toHex } from '../../../lib/bytes.ts'
import { errorCode, errorMessage } from '../../../lib/coded-error.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import type { OrderOpen } from '../../../protocol/gen/tailrace/v1/peer.ts'
import type { InferenceReport } from '../../../protocol/inference.ts'
import { orderHash } from '../../../protocol/work/order.ts'
import type { OrderStream } from '../../../protocol/work/streams.ts'
import { isTakingPart } from '../../joining.ts'
import { isPaused } from '../../pausing.ts'
import type { Batching } from '../batches/batching.ts'
import { payerOf } from '../job-book.ts'
import { endHeightOf, layLane } from '../lanes.ts'
import type { Serving } from '../serving.ts'
import type { WorkContext } from '../work-context.ts'
import type { OpenedOrder, OrderFacts } from './acceptance.ts'
import { formFault, isOvercommitted } from './acceptance.ts'
import type { Ticket } from './device-queue.ts'
import { DeviceQueue } from './device-queue.ts'
import type { Verdict } from './judging.ts'
import { judgeOrder } from './judging.ts'
import type { OrderInbox } from './order-inbox.ts'
import { openInbox } from './order-inbox.ts'
import { repeatAnswer, runOrder } from './order-run.ts'
import type { OrderSender } from './order-sender.ts'
import { createOrderSender } from './order-sender.ts'

export interface Executor {
  /** Takes orders until the signal aborts; ends when the last one has ended. */
  run(signal: AbortSignal): Promise<void>
  setTaking(isTaking: boolean): void
  /** Ends the running orders within one token; their receipts stand. */
  cancelAll(): void
  isIdle(): boolean
}

export interface ExecutorParts {
  readonly serving: Serving
  readonly batching: Batching
}

const QUEUE_LIMIT = 8
const MOST_UNBATCHED = 8_192
/** Receipts of one payer without a voucher, present or given up, after which it is refused until they are settled. */
const MOST_UNVOUCHED = 16
/** Blocks within which a voucher may still be on its way. */
const VOUCHER_GRACE_BLOCKS = 3

interface Stream {
  readonly stream: OrderStream
  readonly inbox: OrderInbox
  readonly sender: OrderSender
}

export function createExecutor(work: WorkContext, parts: ExecutorParts): Executor {
  return new OrderExecutor(work, parts)
}

class OrderExecutor implements Executor {
  readonly #work: WorkContext
  readonly #parts: ExecutorParts
  readonly #queue: DeviceQueue
  readonly #running = new Map<string, AbortController>()
  readonly #handlers = new Set<Promise<void>>()
  #isTaking = true

  constructor(work: WorkContext, parts: ExecutorParts) {
    this.#work = work
    this.#parts = parts
    const { slots = 1, queueLimit = QUEUE_LIMIT } = work.options
    this.#queue = new DeviceQueue(slots, queueLimit, () => this.#show())
  }

  async run(signal: AbortSignal): Promise<void> {
    const { peers } = this.#work
    const unsubscribes = [
      peers.onOrder((stream) => this.#track(this.#handle(stream, signal))),
      peers.onProbe(async (_from, { model }) => this.#refusal(model) === undefined),
    ]
    const stopped = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => stopped.resolve(), { once: true })
    if (!signal.aborted) {
      await stopped.promise
    }
    for (const unsubscribe of unsubscribes) {
      unsubscribe()
    }
    this.cancelAll()
    await Promise.allSettled(this.#handlers)
  }

  setTaking(isTaking: boolean): void {
    this.#isTaking = isTaking
    this.#show()
  }

  cancelAll(): void {
    for (const controller of this.#running.values()) {
      controller.abort()
    }
  }

  isIdle(): boolean {
    return this.#handlers.size === 0
  }

  async #track(handling: Promise<void>): Promise<void> {
    this.#handlers.add(handling)
    try {
      await handling
    } finally {
      this.#handlers.delete(handling)
      this.#show()
    }
  }

  async #handle(stream: OrderStream, signal: AbortSignal): Promise<void> {
    const { host } = this.#work
    const sender = createOrderSender(stream, host.clock, signal)
    try {
      const opening = await openInbox(stream)
      if (opening !== undefined && !signal.aborted) {
        await this.#answer({ stream, inbox: opening.inbox, sender }, opening.open, signal)
      }
    } catch (error) {
      // The stream broke, or what stands behind it failed: what was promised stands in the store.
      host.logger.log('info', 'order stream ended', { code: errorCode(error), error: errorMessage(error) })
    } finally {
      sender.stop()
      await stream.close().catch(() => undefined)
    }
  }

  async #answer(at: Stream, open: OrderOpen, signal: AbortSignal): Promise<void> {
    const opened = openedOrder(open, at.stream.peerId)
    if (opened === undefined) {
      await at.sender.send({ $case: 'failed', value: { code: 'malformed_order' } })
      return
    }
    const name = toHex(opened.hash)
    if (this.#running.has(name)) {
      await at.sender.send({ $case: 'failed', value: { code: 'order_running' } })
      return
    }
    const cancel = new AbortController()
    this.#running.set(name, cancel)
    try {
      if (await this.#answerAgain(at, opened, name, signal)) {
        return
      }
      await this.#answerNew(at, opened, AbortSignal.any([cancel.signal, at.inbox.cancelled]), signal)
    } finally {
      this.#running.delete(name)
    }
  }

  /** An order that was answered before gets the same answer. */
  async #answerAgain(at: Stream, opened: OpenedOrder, name: string, signal: AbortSignal): Promise<boolean> {
    const { store, book } = this.#work
    const refusal = await store.refusal(name)
    if (refusal !== undefined) {
      await at.sender.send({ $case: 'refusal', value: refusal })
      return true
    }
    const job = await book.job(name)
    if (job === undefined) {
      return false
    }
    if (job.order.order?.gatewayPeer !== opened.from) {
      await at.sender.send({ $case: 'failed', value: { code: 'wrong_gateway' } })
      return true
    }
    await repeatAnswer(this.#work, job, at, signal)
    return true
  }

  async #answerNew(at: Stream, opened: OpenedOrder, cancelled: AbortSignal, signal: AbortSignal): Promise<void> {
    const { model } = opened.order
    const report = this.#parts.serving.report(model)
    const refusal = this.#refusal(model)
    const fault = report === undefined ? undefined : formFault(opened, report, this.#work.host.chain.chainId)
    if (fault !== undefined) {
      await at.sender.send({ $case: 'failed', value: { code: fault } })
      return
    }
    const ticket = refusal === undefined ? this.#queue.reserve() : undefined
    if (report === undefined || ticket === undefined) {
      await this.#refuse(at, opened, refusal ?? 'busy')
      return
    }
    this.#show()
    // The questions about it may take a while: the gateway hears that somebody is at it.
    at.sender.beat(() => ticket.ahead())
    try {
      await this.#judge(at, opened, report, ticket, { cancelled, signal })
    } finally {
      ticket.release()
      this.#show()
    }
  }

  async #judge(
    at: Stream,
    opened: OpenedOrder,
    report: InferenceReport,
    ticket: Ticket,
    ends: { readonly cancelled: AbortSignal; readonly signal: AbortSignal },
  ): Promise<void> {
    const { host } = this.#work
    let verdict: Verdict
    try {
      verdict = await judgeOrder(this.#work, opened, report, AbortSignal.any([ends.cancelled, ends.signal]))
    } catch (error) {
      if (ends.cancelled.aborted || ends.signal.aborted) {
        return
      }
      host.logger.log('warn', 'order not judged', { code: errorCode(error), error: errorMessage(error) })
      await this.#refuse(at, opened, 'unavailable')
      return
    }
    const { facts } = verdict
    const fault = verdict.fault ?? (await this.#sequenceFault(opened))
    if (fault !== undefined) {
      this.#suspect(opened, facts, fault)
      await at.sender.send({ $case: 'failed', value: { code: fault } })
      return
    }
    if (this.#owesVouchers(opened, facts)) {
      await this.#refuse(at, opened, 'voucher_missing')
      return
    }
    const { serving } = this.#parts
    await runOrder(this.#work, serving, { ...at, opened, facts, ticket }, ends)
  }

  /** Durable, so that a payer cannot use a sequence twice over a restart. */
  async #sequenceFault({ signed, hash }: OpenedOrder): Promise<string | undefined> {
    const { store, suspicions } = this.#work
    const other = await store.noteOrder(signed)
    if (other?.order === undefined || equalBytes(orderHash(other.order), hash)) {
      return undefined
    }
    suspicions.report({ first: other, second: signed })
    return 'sequence_used'
  }

  #suspect({ signed, order }: OpenedOrder, { escrow }: OrderFacts, fault: string): void {
    if (fault === 'escrow_short' && escrow.escrow !== undefined && isOvercommitted(order, escrow.escrow)) {
      this.#work.suspicions.report({ first: signed })
      this.#work.view.notice('warning', 'payer_suspected', { payer: toHex(order.payer) })
    }
  }

  /** A payer who leaves receipts without vouchers is served again when they are settled. */
  #owesVouchers({ order }: OpenedOrder, { accepted, height }: OrderFacts): boolean {
    const own = this.#work.book.open().filter((job) => equalBytes(payerOf(job), order.payer))
    const old = layLane(own, accepted).unvouched.filter((job) => endHeightOf(job) + VOUCHER_GRACE_BLOCKS < height)
    return old.length + this.#parts.batching.givenUp(order.payer) >= MOST_UNVOUCHED
  }

  async #refuse(at: Stream, { hash }: OpenedOrder, code: string): Promise<void> {
    const { host, keys, store } = this.#work
    if (isPaused(host)) {
      // No word that could not be kept: the stream just ends, and a probe gets the same answer.
      return
    }
    const height = BigInt(host.watch.latest()?.height ?? 0)
    const refusal = await keys.signRefusal({
      orderHash: hash,
      host: decodeAddress(host.keys.ownerAddress),
      code,
      height,
    })
    await store.putRefusal(refusal)
    await at.sender.send({ $case: 'refusal', value: refusal })
  }

  /** Why no order for this model is taken at present; undefined where one is. */
  #refusal(model: string): string | undefined {
    const { host, options, book } = this.#work
    const latest = host.watch.latest()
    const isRacing = host.view.current().phase === 'racing'
    if (!this.#isTaking || latest === undefined || !isTakingPart(host, latest)) {
      return 'leaving'
    }
    if (this.#parts.serving.report(model) === undefined) {
      return 'model_unavailable'
    }
    if (isPaused(host)) {
      return 'unavailable'
    }
    const isBusy =
      this.#queue.isFull ||
      (isRacing && (options.busyWhileRacing ?? true)) ||
      book.open().length >= (options.mostUnbatched ?? MOST_UNBATCHED)
    return isBusy ? 'busy' : undefined
  }

  #show(): void {
    const { options, view } = this.#work
    const refuses = options.models.map((model) => this.#refusal(model))
    const isTaking = refuses.includes(undefined)
    view.update({
      queue: {
        running: this.#queue.running,
        waiting: this.#queue.waiting,
        refuses: isTaking ? undefined : (refuses[0] ?? 'model_unavailable'),
      },
    })
  }
}

function openedOrder({ order: signed, request, prompt, skipped }: OrderOpen, from: string): OpenedOrder | undefined {
  const order = signed?.order
  if (signed === undefined || order === undefined || request === undefined) {
    return undefined
  }
  return { signed, order, hash: orderHash(order), request, prompt, skipped, from }
}
