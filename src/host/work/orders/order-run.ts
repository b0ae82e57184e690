/**
 * One accepted order: work, receipt, voucher. Invariant: the job stands in the store before `accepted` is sent, the receipt
 * before it is sent, the voucher before the stream is closed; there is one receipt for an order at most, over restarts too.
 */
import { concatBytes, toHex } from '../../../lib/bytes.ts'
import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import type { Receipt, SignedReceipt, WorkData } from '../../../protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { GeneratedTokens, GenerateFinish } from '../../../protocol/inference.ts'
import { SCORE_BYTES } from '../../../protocol/inference.ts'
import { samplingSeed } from '../../../protocol/work/order.ts'
import { priceOf } from '../../../protocol/work/price.ts'
import { scoresHash, tokensHash } from '../../../protocol/work/receipt.ts'
import type { OrderFrameBody } from '../../../protocol/work/streams.ts'
import { unlessAborted, withTimeLimit } from '../../tasks.ts'
import { laneHead, takeVoucher } from '../lanes.ts'
import type { Job } from '../ports.ts'
import type { Serving } from '../serving.ts'
import type { WorkContext } from '../work-context.ts'
import type { OpenedOrder, OrderFacts } from './acceptance.ts'
import { mostOutput } from './acceptance.ts'
import type { Ticket } from './device-queue.ts'
import { settlingBlocks } from './order-facts.ts'
import type { OrderInbox } from './order-inbox.ts'
import type { OrderSender } from './order-sender.ts'

export interface AcceptedOrder {
  readonly opened: OpenedOrder
  readonly facts: OrderFacts
  readonly inbox: OrderInbox
  readonly sender: OrderSender
  readonly ticket: Ticket
}

export interface OrderEnds {
  /** The gateway's cancel, or this host's wish to end running orders. */
  readonly cancelled: AbortSignal
  /** The process ends. */
  readonly signal: AbortSignal
}

/** Tokens in one frame when an answer is repeated; live ones go one by one. */
const REPEATED_TOKENS = 64
const VOUCHER_TIMEOUT_MS = 10_000

const FINISH: Readonly<Record<GenerateFinish, FinishReason>> = {
  stop: FinishReason.FINISH_REASON_STOP,
  length: FinishReason.FINISH_REASON_LENGTH,
  cancelled: FinishReason.FINISH_REASON_CANCELLED,
}

interface Output {
  readonly tokens: number[]
  readonly scores: Uint8Array[]
}

/** From the acceptance to the voucher. Rejects where the store fails or the stream breaks before the receipt is sent. */
export async function runOrder(
  work: WorkContext,
  serving: Serving,
  accepted: AcceptedOrder,
  ends: OrderEnds,
): Promise<void> {
  const { book, host } = work
  const { opened, facts, sender, ticket, inbox } = accepted
  const name = toHex(opened.hash)
  book.live.add(name)
  try {
    const job: Job = {
      orderHash: name,
      order: opened.signed,
      acceptedAtMs: host.clock.nowMs(),
      state: 'running',
    }
    await book.begin(job, dataOf(opened, [], new Uint8Array(0)))
    const lane = laneHead(book, opened.order.payer, facts.accepted)
    await sender.send({ $case: 'accepted', value: { queue: ticket.ahead(), lane } })
    const startHeight = host.watch.latest()?.height ?? facts.height
    const output: Output = { tokens: [], scores: [] }
    const finish = await produce(work, serving, accepted, output, ends)
    if (typeof finish !== 'number' || output.tokens.length === 0) {
      const code = typeof finish === 'string' ? finish : 'cancelled'
      await book.change(name, (latest) => ({ ...latest, state: 'failed', errorCode: code }))
      await sender.send({ $case: 'failed', value: { code } })
      return
    }
    const receipt = await makeReceipt(work, accepted, output, { finish, startHeight })
    await sender.send({ $case: 'receipt', value: receipt })
    await awaitVoucher(work, name, inbox, ends.signal)
  } catch (error) {
    // Before the receipt nothing is owed; after it, it stands.
    await book.abandon(name, errorCode(error))
    throw error
  } finally {
    book.live.delete(name)
  }
}

/** The same answer as before: the receipt with its tokens, or why there is none. */
export async function repeatAnswer(
  work: WorkContext,
  job: Job,
  { inbox, sender }: { readonly inbox: OrderInbox; readonly sender: OrderSender },
  signal: AbortSignal,
): Promise<void> {
  const { book, host, chain, store } = work
  const { receipt, order } = job
  const data = await store.workData(job.orderHash)
  if (receipt === undefined || data === undefined || order.order === undefined) {
    await sender.send({ $case: 'failed', value: { code: job.errorCode ?? 'order_running' } })
    return
  }
  book.live.add(job.orderHash)
  try {
    const { payer } = order.order
    const lane = laneHead(book, payer, await chain.lane(payer, host.keys.ownerAddress, signal))
    await sender.send({ $case: 'accepted', value: { queue: 0, lane } })
    for (let at = 0; at < data.output.length; at += REPEATED_TOKENS) {
      const end = Math.min(data.output.length, at + REPEATED_TOKENS)
      const scores = data.scores.slice(at * SCORE_BYTES, end * SCORE_BYTES)
      await sender.send({ $case: 'tokens', value: { tokens: data.output.slice(at, end), scores } })
    }
    await sender.send({ $case: 'receipt', value: receipt })
    if (job.state === 'delivered') {
      await awaitVoucher(work, job.orderHash, inbox, signal)
    }
  } finally {
    book.live.delete(job.orderHash)
  }
}

/** Waits for the device and generates. A code where the work failed, for whatever reason but a cancel. */
async function produce(
  work: WorkContext,
  serving: Serving,
  { opened, facts, sender, ticket }: AcceptedOrder,
  output: Output,
  { cancelled, signal }: OrderEnds,
): Promise<FinishReason | string> {
  const { host, inference, view } = work
  const given = new AbortController()
  const lastHeight = Number(opened.order.expiryHeight) - lastBlocks(work)
  const unsubscribe = host.watch.onSnapshot(({ height }) => {
    if (height > lastHeight) {
      given.abort()
    }
  })
  const end = AbortSignal.any([cancelled, signal, given.signal])
  try {
    await ticket.turn(end)
    const most = mostOutput(opened.order, facts.report)
    const job = jobOf(opened, most)
    const take = async (chunk: GeneratedTokens) => {
      addTokens(chunk, output, most)
      const frame: OrderFrameBody = { $case: 'tokens', value: { ...chunk, tokens: [...chunk.tokens] } }
      if (!(await sendUnlessStalled(sender, frame, end))) {
        given.abort()
      }
    }
    const result = await inference.generate(job, { onTokens: take }, end)
    return result.outputTokens === output.tokens.length ? FINISH[result.finish] : 'inference_fault'
  } catch (error) {
    if (end.aborted) {
      return FINISH.cancelled
    }
    serving.doubt(opened.order.model)
    view.notice('warning', 'order_failed', { order: toHex(opened.hash), error: errorCode(error) })
    return 'inference_failed'
  } finally {
    unsubscribe()
    ticket.release()
  }
}

function lastBlocks({ host }: WorkContext): number {
  return settlingBlocks(host.watch.latest()?.params.serving.countersignBlocks ?? 0)
}

function jobOf({ order, hash, request, prompt }: OpenedOrder, maxTokens: number) {
  const { sampling } = request
  if (sampling === undefined) {
    throw new CodedError('internal_fault', 'a request was taken without its sampling')
  }
  return {
    model: order.model,
    prompt,
    maxTokens,
    sampling,
    samplingSeed: samplingSeed(request, hash),
    choice: request.choice,
    stop: request.stop,
  }
}

function addTokens(chunk: GeneratedTokens, output: Output, most: number): void {
  const isSound =
    chunk.scores.length === chunk.tokens.length * SCORE_BYTES && output.tokens.length + chunk.tokens.length <= most
  if (!isSound) {
    throw new CodedError('inference_fault', 'the device made something else than was asked for')
  }
  output.tokens.push(...chunk.tokens)
  output.scores.push(chunk.scores)
}

/**
 * True when the gateway took the frame, or went away: then the inbox hears of it and cancels. False where it takes nothing.
 * Waits no longer than `end`.
 */
async function sendUnlessStalled(sender: OrderSender, frame: OrderFrameBody, end: AbortSignal): Promise<boolean> {
  try {
    await unlessAborted(sender.send(frame), end)
    return true
  } catch (error) {
    if (errorCode(error) === 'timed_out') {
      return false
    }
    if (errorCode(error) === 'stream_closed' || end.aborted) {
      return true
    }
    throw error
  }
}

/** Signed and stored; then it may leave. */
async function makeReceipt(
  { book, keys, host }: WorkContext,
  { opened, facts }: AcceptedOrder,
  { tokens, scores }: Output,
  { finish, startHeight }: { readonly finish: FinishReason; readonly startHeight: number },
): Promise<SignedReceipt> {
  const { order, hash } = opened
  const allScores = concatBytes(...scores)
  const receipt: Receipt = {
    orderHash: hash,
    executor: decodeAddress(host.keys.ownerAddress),
    promptTokens: order.promptTokens,
    outputTokens: tokens.length,
    tokensHash: tokensHash(tokens),
    scoresHash: scoresHash(allScores),
    startHeight: BigInt(startHeight),
    endHeight: BigInt(Math.max(startHeight, host.watch.latest()?.height ?? startHeight)),
    price: priceOf(order.price, order.promptTokens, tokens.length),
    finish,
    skipped: [...opened.skipped],
    numericClass: facts.report.numericClass,
  }
  const signed = await keys.signReceipt(receipt)
  await book.change(
    toHex(hash),
    (latest) => ({ ...latest, state: 'delivered', receipt: signed }),
    dataOf(opened, tokens, allScores),
  )
  return signed
}

/** A voucher that does not come by the stream is asked for later (lanes.ts). */
async function awaitVoucher(work: WorkContext, name: string, inbox: OrderInbox, signal: AbortSignal): Promise<void> {
  const { host, options } = work
  const limitMs = options.voucherTimeoutMs ?? VOUCHER_TIMEOUT_MS
  try {
    await withTimeLimit(host.clock, limitMs, signal, async (end) => {
      const voucher = await inbox.voucher
      const fault = voucher === undefined ? 'stream_closed' : await takeVoucher(work, name, voucher, end)
      if (fault !== undefined) {
        host.logger.log('info', 'no voucher for a receipt', { order: name, fault })
      }
    })
  } catch (error) {
    host.logger.log('info', 'no voucher for a receipt', { order: name, fault: errorCode(error) })
  }
}

function dataOf({ hash, request, prompt }: OpenedOrder, output: readonly number[], scores: Uint8Array): WorkData {
  return { orderHash: hash, request, prompt: [...prompt], output: [...output], scores }
}
