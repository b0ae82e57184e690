/**
 * From a receipt to its voucher. Invariant: a voucher is given for a receipt that fits what arrived here, token by token and unit
 * by unit, and only after it stands in the store; one lane gives one voucher after the other, so no place in it is given twice.
 */
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { maxBigint } from '../../lib/fixed-point.ts'
import type { KeyedLock } from '../../lib/keyed-lock.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { Receipt, SignedReceipt, SignedVoucher } from '../../protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../protocol/gen/tailrace/v1/work.ts'
import { priceOf } from '../../protocol/work/price.ts'
import { receiptHash, scoresHash, signVoucher, tokensHash, verifyReceipt } from '../../protocol/work/receipt.ts'
import { receiptViolation } from '../../protocol/work/violations.ts'
import type { OrderResult } from '../ports.ts'
import type { AcceptedOffer, Offer } from './offering.ts'
import type { DeskChain, DeskStore, LaneHead } from './ports.ts'
import type { DeskSession } from './sessions.ts'
import { withTimeLimit } from './time-limit.ts'

export interface CountersigningComponents {
  readonly chain: Pick<DeskChain, 'lane'>
  readonly store: DeskStore
  /** By payer and executor: one voucher after the other. */
  readonly lanes: KeyedLock
  readonly clock: Clock
  readonly logger: Logger
}

/** What arrived of the answer. */
export interface Output {
  readonly tokens: readonly number[]
  readonly scores: Uint8Array
  /** Whether the executor was told to stop. */
  readonly isCancelled: boolean
}

export interface Countersigned {
  readonly voucher: SignedVoucher
  readonly result: OrderResult
}

const FINISH_WORDS = {
  [FinishReason.FINISH_REASON_STOP]: 'stop',
  [FinishReason.FINISH_REASON_LENGTH]: 'length',
  [FinishReason.FINISH_REASON_CANCELLED]: 'cancelled',
} as const
/** How long the chain is asked about a lane. */
const LANE_TIMEOUT_MS = 5_000

export function laneName(payer: string, executor: string): string {
  return `${payer}/${executor}`
}

/** Judges the receipt, signs the voucher and stores both. @throws CodedError `bad_receipt` */
export async function countersign(
  components: CountersigningComponents,
  session: DeskSession,
  { offer, accepted }: { readonly offer: Offer; readonly accepted: AcceptedOffer },
  signed: SignedReceipt,
  output: Output,
): Promise<Countersigned> {
  const { receipt } = signed
  const fault = receipt === undefined ? 'missing' : receiptFault(offer, accepted, receipt, signed.signature, output)
  if (receipt === undefined || fault !== undefined) {
    const fields = { fault: fault ?? '' }
    throw new CodedError('bad_receipt', 'the receipt does not fit the order', { fields })
  }
  const { store, lanes } = components
  const { request, prompt, hash, order } = offer
  const executor = encodeAddress(accepted.executor)
  const data = { orderHash: hash, request, prompt: [...prompt], output: [...output.tokens], scores: output.scores }
  const voucher = await lanes.run(laneName(session.address, executor), async () => {
    const head = await laneHead(components, session, executor, accepted.lane)
    const { promised } = await store.payer(session.address)
    const given = signVoucher(
      {
        chainId: order.chainId,
        payer: session.key.payer,
        executor: accepted.executor,
        cumulative: head.cumulative + receipt.price,
        sequence: maxBigint(head.sequence, order.sequence),
        // Of the newest order: whoever adds up all vouchers finds no more than one of them promises.
        total: maxBigint(promised, order.total),
        receiptHash: receiptHash(receipt),
      },
      session.key.secretKey,
    )
    await store.countersign(toHex(hash), signed, given, data)
    return given
  })
  const finish = FINISH_WORDS[receipt.finish as keyof typeof FINISH_WORDS]
  return { voucher, result: { finish, receiptHash: toHex(receiptHash(receipt)), pricePaid: receipt.price } }
}

/** Our last voucher, or further where the chain took receipts that we never countersigned. An executor's word alone moves nothing. */
async function laneHead(
  { store, chain, clock, logger }: CountersigningComponents,
  { address, key }: DeskSession,
  executor: string,
  claimed: bigint,
): Promise<LaneHead> {
  const own = await store.lane(address, executor)
  if (claimed <= own.cumulative) {
    return own
  }
  const forever = new AbortController().signal
  try {
    const accepted = await withTimeLimit(clock, LANE_TIMEOUT_MS, forever, (end) => chain.lane(key.payer, executor, end))
    await store.reconcileLane(address, executor, accepted)
    return await store.lane(address, executor)
  } catch (error) {
    // What the executor says is not shown: the voucher follows the last one.
    logger.log('info', 'lane not compared', { executor, code: errorCode(error) })
    return await store.lane(address, executor)
  }
}

function receiptFault(
  { order, hash }: Offer,
  { executor, devicePublicKey, skipped }: AcceptedOffer,
  receipt: Receipt,
  signature: Uint8Array,
  { tokens, scores, isCancelled }: Output,
): string | undefined {
  const price = priceOf(order.price, order.promptTokens, tokens.length)
  const isCancelledFinish = receipt.finish === FinishReason.FINISH_REASON_CANCELLED
  const conditions: readonly (readonly [boolean, string])[] = [
    [receiptViolation(receipt) === undefined, 'bounds'],
    [equalBytes(receipt.orderHash, hash), 'order'],
    [equalBytes(receipt.executor, executor), 'executor'],
    [receipt.promptTokens === order.promptTokens, 'prompt_tokens'],
    [receipt.outputTokens === tokens.length, 'output_tokens'],
    // For the prompt alone pays who cancelled.
    [tokens.length > 0 || (isCancelled && isCancelledFinish), 'no_output'],
    [equalBytes(receipt.tokensHash, tokensHash(tokens)), 'tokens_hash'],
    [equalBytes(receipt.scoresHash, scoresHash(scores)), 'scores_hash'],
    [receipt.price === price && price <= order.maxPrice, 'price'],
    [receipt.finish in FINISH_WORDS, 'finish'],
    [
      receipt.skipped.length === skipped.length &&
        skipped.every(({ host, reason }, index) => {
          const said = receipt.skipped[index]
          return said !== undefined && equalBytes(host, said.host) && reason === said.reason
        }),
      'skipped',
    ],
    [verifyReceipt(receipt, signature, devicePublicKey), 'signature'],
  ]
  return conditions.find(([holds]) => !holds)?.[1]
}
