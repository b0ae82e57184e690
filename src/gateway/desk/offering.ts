import { compareBytes, equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { HostRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import type { InferenceRequest, Order, SignedOrder, SignedRefusal, Skip } from '../../protocol/gen/tailrace/v1/work.ts'
import { SkipReason } from '../../protocol/gen/tailrace/v1/work.ts'
import { verifyBytes } from '../../protocol/signature.ts'
import { eligibleFor } from '../../protocol/work/eligible.ts'
import { drawExecutors, refusalHash } from '../../protocol/work/order.ts'
import type { OrderFrameBody, OrderStream } from '../../protocol/work/streams.ts'
import type { ChainCache, DrawFacts } from './chain-cache.ts'
import type { DeskPeers, SkippedExecutor } from './ports.ts'
import { SILENT, UNREACHABLE } from './ports.ts'
import { raceAbort, withTimeLimit } from './time-limit.ts'

export interface Offer {
  readonly signed: SignedOrder
  readonly order: Order
  readonly hash: Uint8Array
  readonly request: InferenceRequest
  readonly prompt: readonly number[]
}

/** An executor that took the order; its frames go on in `frames`. */
export interface AcceptedOffer {
  readonly executor: Uint8Array
  readonly devicePublicKey: Uint8Array
  readonly stream: OrderStream
  readonly frames: AsyncIterator<OrderFrameBody>
  /** Lane cumulative as the executor knows it. */
  readonly lane: bigint
  readonly skipped: readonly Skip[]
}

export type OfferOutcome =
  | { readonly accepted: AcceptedOffer; readonly skipped: readonly SkippedExecutor[] }
  | {
      /** `no_host`, `all_busy`, `order_refused`, the signal's reason, or what `onDraw` throws. */
      readonly error: unknown
      readonly skipped: readonly SkippedExecutor[]
      /** Whether somebody who is not among the skipped has the order and may still work on it. */
      readonly isOut: boolean
    }

export interface OfferingComponents {
  readonly cache: ChainCache
  readonly peers: DeskPeers
  readonly clock: Clock
  readonly logger: Logger
}

export interface OfferingOptions {
  readonly acceptTimeoutMs: number
  /** Called before each candidate is asked. */
  readonly onDraw: (executor: string, skipped: readonly SkippedExecutor[]) => Promise<void>
}

type Answer =
  | { readonly kind: 'accepted'; readonly accepted: Omit<AcceptedOffer, 'skipped'> }
  | { readonly kind: 'skipped'; readonly skip: Skip; readonly reason: string }
  | { readonly kind: 'ended'; readonly error: unknown; readonly isOut: boolean }

/** Drawn candidates in their order; the constraints of the order filter before the draw. */
export function candidatesOf(order: Order, { roster, randomness }: DrawFacts): Uint8Array[] {
  return drawExecutors(randomness, order.payer, order.sequence, eligibleFor(order.constraints, roster.entries))
}

/** Asks the drawn candidates one after the other; who is silent or signs a refusal is skipped. Never rejects. */
export async function offerOrder(
  offer: Offer,
  facts: DrawFacts,
  components: OfferingComponents,
  options: OfferingOptions,
  signal: AbortSignal,
): Promise<OfferOutcome> {
  const skips: Skip[] = []
  const skipped: SkippedExecutor[] = []
  try {
    for (const candidate of candidatesOf(offer.order, facts)) {
      signal.throwIfAborted()
      await options.onDraw(encodeAddress(candidate), [...skipped])
      const answer = await new Question(offer, candidate, components).ask(skips, options.acceptTimeoutMs, signal)
      if (answer.kind === 'accepted') {
        return { accepted: { ...answer.accepted, skipped: skips }, skipped }
      }
      if (answer.kind === 'ended') {
        return { error: answer.error, skipped, isOut: answer.isOut }
      }
      skips.push(answer.skip)
      skipped.push({ executor: encodeAddress(candidate), reason: answer.reason })
    }
  } catch (error) {
    return { error, skipped, isOut: false }
  }
  return { error: nobodyTakes(skips), skipped, isOut: false }
}

function nobodyTakes(skips: readonly Skip[]): CodedError {
  const isBusy = skips.some(({ reason }) => reason === SkipReason.SKIP_REASON_REFUSED)
  return isBusy
    ? new CodedError('all_busy', 'the drawn hosts are busy', { fields: { retryAfterSeconds: 3 } })
    : new CodedError('no_host', 'the drawn hosts do not answer', { fields: { retryAfterSeconds: 10 } })
}

/** One candidate is asked. */
class Question {
  readonly #offer: Offer
  readonly #candidate: Uint8Array
  readonly #components: OfferingComponents
  #stream: OrderStream | undefined
  /** The order may have left this machine. */
  #isSent = false

  constructor(offer: Offer, candidate: Uint8Array, components: OfferingComponents) {
    this.#offer = offer
    this.#candidate = candidate
    this.#components = components
  }

  async ask(skips: readonly Skip[], timeoutMs: number, signal: AbortSignal): Promise<Answer> {
    const { clock, logger } = this.#components
    try {
      const answer = await withTimeLimit(clock, timeoutMs, signal, (end) => this.#converse(skips, end))
      if (answer.kind !== 'accepted') {
        this.#hangUp()
      }
      return answer
    } catch (error) {
      this.#hangUp()
      if (signal.aborted) {
        return { kind: 'ended', error: signal.reason, isOut: this.#isSent }
      }
      logger.log('info', 'executor does not answer', { executor: toHex(this.#candidate), code: errorCode(error) })
      return this.#silent()
    }
  }

  async #converse(skips: readonly Skip[], end: AbortSignal): Promise<Answer> {
    const { cache, peers } = this.#components
    const host = await cache.host(encodeAddress(this.#candidate), end)
    if (host === undefined) {
      return this.#silent()
    }
    const opening = peers.openOrder(host.peerId, end)
    // A stream that opens when nobody waits for it any more.
    opening.then(
      (late) => (end.aborted && late !== this.#stream ? void late.close() : undefined),
      () => undefined,
    )
    const stream = await raceAbort(opening, end)
    this.#stream = stream
    const { signed: order, request, prompt } = this.#offer
    this.#isSent = true
    await stream.send({ $case: 'open', value: { order, request, prompt: [...prompt], skipped: [...skips] } })
    const frames = stream.frames()[Symbol.asyncIterator]()
    const answer = await firstAnswer(frames, end)
    if (answer?.$case === 'accepted') {
      const { devicePubkey: devicePublicKey } = host
      const accepted = { executor: this.#candidate, devicePublicKey, stream, frames, lane: answer.value.lane }
      return { kind: 'accepted', accepted }
    }
    return this.#judgeNo(answer, host)
  }

  #judgeNo(answer: OrderFrameBody | undefined, { devicePubkey }: HostRecord): Answer {
    if (answer?.$case === 'failed') {
      // The order itself is at fault: nobody else would take it either.
      const fields = { reason: answer.value.code }
      const error = new CodedError('order_refused', 'the executor finds fault with the order', { fields })
      return { kind: 'ended', error, isOut: false }
    }
    const refusal = answer?.$case === 'refusal' ? answer.value : undefined
    if (refusal?.refusal === undefined || !this.#isRefusal(refusal, devicePubkey)) {
      return this.#silent()
    }
    const skip = { host: this.#candidate, reason: SkipReason.SKIP_REASON_REFUSED, refusal }
    return { kind: 'skipped', skip, reason: refusal.refusal.code }
  }

  #isRefusal({ refusal, signature }: SignedRefusal, devicePublicKey: Uint8Array): boolean {
    return (
      refusal !== undefined &&
      equalBytes(refusal.orderHash, this.#offer.hash) &&
      compareBytes(refusal.host, this.#candidate) === 0 &&
      verifyBytes(devicePublicKey, refusalHash(refusal), signature)
    )
  }

  #silent(): Answer {
    const skip = { host: this.#candidate, reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined }
    return { kind: 'skipped', skip, reason: this.#isSent ? SILENT : UNREACHABLE }
  }

  /** Not waited for: a stream that does not close is no reason to hang. */
  #hangUp(): void {
    this.#stream?.close().catch(() => undefined)
  }
}

/** A heartbeat before the answer says that the executor is still at it (it may be probing who was skipped). */
async function firstAnswer(
  frames: AsyncIterator<OrderFrameBody>,
  signal: AbortSignal,
): Promise<OrderFrameBody | undefined> {
  for (;;) {
    const next = await raceAbort(frames.next(), signal)
    if (next.done === true) {
      return undefined
    }
    if (next.value.$case !== 'heartbeat') {
      return next.value
    }
  }
}
