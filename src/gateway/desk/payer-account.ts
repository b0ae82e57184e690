import { CodedError } from '../../lib/coded-error.ts'
import { maxBigint, minBigint } from '../../lib/fixed-point.ts'
import type { ModelRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import type { EscrowState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { InferenceRequest, Order, SignedOrder } from '../../protocol/gen/tailrace/v1/work.ts'
import { orderHash, promptHash, requestHash, signOrder } from '../../protocol/work/order.ts'
import { priceOf } from '../../protocol/work/price.ts'
import type { PayerBook } from './ports.ts'
import type { DeskSession } from './sessions.ts'

/** utail that this escrow's orders may come to in all: what was deposited and came back, less the guarantee; at most the limit. */
export function spendable(escrow: EscrowState): bigint {
  const funds = escrow.deposited + escrow.refunded - escrow.guarantee
  // Money that came back may be spent again without counting twice against the limit.
  return escrow.spendLimit === 0n ? funds : minBigint(funds, escrow.spendLimit + escrow.refunded)
}

export interface OrderWishFacts {
  readonly session: DeskSession
  readonly request: InferenceRequest
  readonly prompt: readonly number[]
  readonly escrow: EscrowState | undefined
  readonly model: ModelRecord | undefined
  readonly book: PayerBook
  readonly chainId: string
  readonly height: number
  readonly orderBlocks: number
  readonly gatewayPeer: string
}

export interface NewOrder {
  readonly signed: SignedOrder
  readonly order: Order
  readonly hash: Uint8Array
  readonly maxPrice: bigint
}

/**
 * The signed order for a wish, or why the payer cannot have it. Pure.
 * @throws CodedError `unknown_model`, `key_unknown`, `key_expired`, `model_not_allowed`, `price_above_cap`, `insufficient_quota`
 */
export function composeOrder(facts: OrderWishFacts): NewOrder {
  const { session, request, prompt, book, height } = facts
  const model = requireModel(facts)
  const escrow = requireEscrow(facts, model)
  const maxPrice = priceOf(model.price, prompt.length, request.maxTokens)
  // The chain may have taken a receipt that we lost: what it took is owed, whatever the book says.
  const owed = maxBigint(book.owed, escrow.paid)
  const total = owed + book.reserved + maxPrice
  if (total > spendable(escrow)) {
    const left = spendable(escrow) - owed - book.reserved
    throw new CodedError('insufficient_quota', 'the escrow of this key does not cover this request', {
      fields: { neededUtail: maxPrice.toString(), leftUtail: (left < 0n ? 0n : left).toString() },
    })
  }
  const order = {
    chainId: facts.chainId,
    payer: session.key.payer,
    // A book that was lost begins above what was settled: no sequence is used twice.
    sequence: book.promised === 0n ? maxBigint(book.nextSequence, escrow.paid + 1n) : book.nextSequence,
    total,
    model: model.id,
    promptHash: promptHash(prompt),
    requestHash: requestHash(request),
    promptTokens: prompt.length,
    maxTokens: request.maxTokens,
    price: model.price,
    maxPrice,
    height: BigInt(height),
    expiryHeight: BigInt(height + facts.orderBlocks),
    constraints: undefined,
    gatewayPeer: facts.gatewayPeer,
  }
  return { signed: signOrder(order, session.key.secretKey), order, hash: orderHash(order), maxPrice }
}

function requireModel({ model, request }: OrderWishFacts): ModelRecord {
  if (model === undefined) {
    throw new CodedError('unknown_model', `the network has no model "${request.model}"`)
  }
  return model
}

function requireEscrow({ escrow, height }: OrderWishFacts, model: ModelRecord): EscrowState {
  if (escrow === undefined) {
    throw new CodedError('key_unknown', 'no escrow names this key')
  }
  if (escrow.frozen || escrow.closed || escrow.releaseHeight > 0n || escrow.expiryHeight < BigInt(height)) {
    throw new CodedError('key_expired', 'the escrow of this key is closed or has expired')
  }
  if (escrow.models.length > 0 && !escrow.models.includes(model.id)) {
    throw new CodedError('model_not_allowed', `this key may not order "${model.id}"`)
  }
  if (escrow.maxPrice > 0n && model.price > escrow.maxPrice) {
    throw new CodedError('price_above_cap', 'the model costs more at present than this key allows', {
      fields: { priceUtail: model.price.toString(), capUtail: escrow.maxPrice.toString() },
    })
  }
  return escrow
}
