/** A gateway for tests of executors: draws honestly, checks what it gets, and misbehaves where it is told to. */
import type { WorkPeersPort } from '../../../src/host/work/ports.ts'
import { concatBytes, equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { decodeAddress, encodeAddress } from '../../../src/protocol/address.ts'
import type {
  Order,
  ReceiptOpening,
  SignedReceipt,
  SignedRefusal,
  SignedVoucher,
  Skip,
} from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../../src/protocol/inference.ts'
import { verifyBatchLeaf } from '../../../src/protocol/work/batch.ts'
import { eligibleFor } from '../../../src/protocol/work/eligible.ts'
import { drawExecutors } from '../../../src/protocol/work/order.ts'
import { priceOf } from '../../../src/protocol/work/price.ts'
import { receiptHash, scoresHash, signVoucher, tokensHash, verifyReceipt } from '../../../src/protocol/work/receipt.ts'
import type { MadeOrder, TestKey, Wish } from './fixtures.ts'
import { makeOrder } from './fixtures.ts'
import type { WorkChain } from './work-chain.ts'
import type { TestStream, WorkPeers } from './work-peers.ts'

export type Conduct =
  | 'honest'
  /** Sends `cancel` after so many tokens (`after`). */
  | 'cancel'
  /** Cuts the stream after so many tokens. */
  | 'vanish'
  /** Never countersigns. */
  | 'no_voucher'
  /** Countersigns and stores, but the stream breaks before the voucher is sent. */
  | 'voucher_lost'
  /** Reads nothing after `accepted`. */
  | 'stall'

export interface GatewayWish extends Wish {
  readonly conduct?: Conduct
  readonly after?: number
  /** Executor to ask, whoever was drawn. */
  readonly executor?: string
  readonly skipped?: readonly Skip[]
  /** The very order of an earlier wish once more. */
  readonly again?: MadeOrder
}

export interface OrderOutcome {
  readonly made: MadeOrder
  readonly executor: string
  /** How it ended for the gateway. */
  end: 'running' | 'receipt' | 'refused' | 'failed' | 'lost' | 'vanished'
  code: string
  readonly tokens: number[]
  readonly scores: Uint8Array[]
  heartbeats: number
  frames: string[]
  lane: bigint
  receipt?: SignedReceipt
  refusal?: SignedRefusal
  done: Promise<void>
  stream: TestStream | undefined
}

export class WorkGateway {
  readonly peerId: string
  readonly payer: TestKey
  readonly outcomes: OrderOutcome[] = []
  /** By hex order hash: what was countersigned, and every different receipt that was ever seen. */
  readonly vouchers = new Map<string, SignedVoucher>()
  readonly receipts = new Map<string, Set<string>>()
  readonly openings = new Map<string, { readonly batch: bigint; readonly opening: ReceiptOpening }>()
  readonly #chain: WorkChain
  readonly #peers: WorkPeers
  readonly #lanes = new Map<string, bigint>()
  #sequence = 0n
  /** Finished orders at their price, open ones at their most. */
  #total = 0n

  constructor(chain: WorkChain, peers: WorkPeers, payer: TestKey, peerId = 'peer-gateway') {
    this.#chain = chain
    this.#peers = peers
    this.payer = payer
    this.peerId = peerId
    const port = peers.port(peerId)
    port.onVoucherRequest(async (_from, { receipt }) => receipt && this.vouchers.get(toHex(receipt.orderHash)))
    port.onOpening(this.#keep)
  }

  /** Drawn executors of an order at the chain's newest height. */
  drawn(order: Order): string[] {
    const entries = this.#chain.roster(Number(order.height))
    const randomness = this.#chain.randomness(Number(order.height))
    const candidates = eligibleFor(order.constraints, entries)
    return drawExecutors(randomness, order.payer, order.sequence, candidates).map(encodeAddress)
  }

  make(wish: Wish): MadeOrder {
    this.#sequence += 1n
    const height = BigInt(this.#chain.height())
    const maxPrice = priceOf(this.#chain.price, wish.prompt.length, wish.maxTokens)
    this.#total += maxPrice
    return makeOrder(this.payer, {
      ...wish,
      order: {
        sequence: this.#sequence,
        total: this.#total,
        price: this.#chain.price,
        height,
        expiryHeight: height + 100n,
        gatewayPeer: this.peerId,
        ...wish.order,
      },
    })
  }

  /** Signs an order and follows it in the background. */
  place(wish: GatewayWish): OrderOutcome {
    const made = wish.again ?? this.make(wish)
    const executor = wish.executor ?? this.drawn(made.order)[wish.skipped?.length ?? 0] ?? ''
    const outcome: OrderOutcome = {
      made,
      executor,
      end: 'running',
      code: '',
      tokens: [],
      scores: [],
      heartbeats: 0,
      frames: [],
      lane: 0n,
      done: Promise.resolve(),
      stream: undefined,
    }
    this.outcomes.push(outcome)
    outcome.done = this.#follow(outcome, wish).catch((error: { code?: string }) => {
      outcome.end = outcome.end === 'running' ? 'lost' : outcome.end
      outcome.code ||= error.code ?? String(error)
    })
    return outcome
  }

  async #follow(outcome: OrderOutcome, wish: GatewayWish): Promise<void> {
    const { made, executor } = outcome
    const record = this.#chain.hosts.get(executor)
    const stream = await this.#peers.openOrder(this.peerId, record?.peerId ?? '')
    outcome.stream = stream
    const { signed: order, request, prompt } = made
    await stream.send({
      $case: 'open',
      value: { order, request, prompt: [...prompt], skipped: [...(wish.skipped ?? [])] },
    })
    for await (const frame of stream.frames()) {
      outcome.frames.push(frame.$case)
      switch (frame.$case) {
        case 'accepted':
          outcome.lane = frame.value.lane
          if (wish.conduct === 'stall') {
            return
          }
          break
        case 'heartbeat':
          outcome.heartbeats += 1
          break
        case 'tokens':
          outcome.tokens.push(...frame.value.tokens)
          outcome.scores.push(frame.value.scores)
          break
        case 'refusal':
          outcome.end = 'refused'
          outcome.code = frame.value.refusal?.code ?? ''
          outcome.refusal = frame.value
          break
        case 'failed':
          outcome.end = 'failed'
          outcome.code = frame.value.code
          break
        case 'receipt':
          await this.#countersign(outcome, frame.value, wish, stream)
          break
        default:
          outcome.code = `unexpected ${frame.$case}`
      }
      await this.#misbehave(outcome, wish, stream)
      if (outcome.end === 'vanished') {
        return
      }
    }
    await stream.close()
  }

  async #misbehave(outcome: OrderOutcome, { conduct, after = 0 }: GatewayWish, stream: TestStream): Promise<void> {
    if (outcome.end !== 'running' || outcome.tokens.length < after || !outcome.frames.includes('accepted')) {
      return
    }
    if (conduct === 'vanish') {
      outcome.end = 'vanished'
      stream.cut()
    } else if (conduct === 'cancel' && !outcome.frames.includes('(cancel)')) {
      outcome.frames.push('(cancel)')
      await stream.send({ $case: 'cancel', value: {} })
    }
  }

  async #countersign(
    outcome: OrderOutcome,
    signed: SignedReceipt,
    { conduct }: GatewayWish,
    stream: TestStream,
  ): Promise<void> {
    const { made, executor } = outcome
    const { receipt } = signed
    const name = toHex(made.hash)
    if (receipt === undefined) {
      return
    }
    const seen = this.receipts.get(name) ?? new Set()
    seen.add(toHex(receiptHash(receipt)))
    this.receipts.set(name, seen)
    outcome.receipt = signed
    const fault = this.#fault(outcome, signed)
    if (fault !== undefined) {
      outcome.end = 'failed'
      outcome.code = `bad receipt: ${fault}`
      return
    }
    outcome.end = 'receipt'
    if (conduct === 'no_voucher') {
      return
    }
    const voucher = this.vouchers.get(name) ?? this.#sign(outcome, receipt.price, receiptHash(receipt))
    this.vouchers.set(name, voucher)
    if (conduct === 'voucher_lost') {
      stream.cut()
      return
    }
    await stream.send({ $case: 'voucher', value: voucher })
    void executor
  }

  #sign({ made, executor }: OrderOutcome, price: bigint, hash: Uint8Array): SignedVoucher {
    const accepted = this.#chain.lanes.get(`${toHex(this.payer.bytes)}/${executor}`)?.accepted ?? 0n
    const own = this.#lanes.get(executor) ?? 0n
    const cumulative = (own > accepted ? own : accepted) + price
    this.#lanes.set(executor, cumulative)
    this.#total -= made.order.maxPrice - price
    const { sequence, total } = made.order
    return signVoucher(
      {
        chainId: made.order.chainId,
        payer: this.payer.bytes,
        executor: decodeAddress(executor),
        cumulative,
        sequence,
        total: total > cumulative ? total : cumulative,
        receiptHash: hash,
      },
      this.payer.secret,
    )
  }

  #fault({ made, executor, tokens, scores }: OrderOutcome, { receipt, signature }: SignedReceipt): string | undefined {
    const record = this.#chain.hosts.get(executor)
    if (receipt === undefined || record === undefined) {
      return 'missing'
    }
    const all = concatBytes(...scores)
    const conditions: readonly (readonly [boolean, string])[] = [
      [equalBytes(receipt.orderHash, made.hash), 'order'],
      [receipt.outputTokens === tokens.length, 'output_tokens'],
      [all.length === tokens.length * SCORE_BYTES, 'scores'],
      [equalBytes(receipt.tokensHash, tokensHash(tokens)), 'tokens_hash'],
      [equalBytes(receipt.scoresHash, scoresHash(all)), 'scores_hash'],
      [receipt.price === priceOf(made.order.price, made.prompt.length, tokens.length), 'price'],
      [verifyReceipt(receipt, signature, record.devicePubkey), 'signature'],
    ]
    return conditions.find(([holds]) => !holds)?.[1]
  }

  readonly #keep: Parameters<WorkPeersPort['onOpening']>[0] = async (_from, header, items) => {
    let kept = 0
    for await (const { opening } of items) {
      const name = toHex(opening?.leaf?.orderHash ?? new Uint8Array(0))
      const isProven =
        opening !== undefined &&
        verifyBatchLeaf({ hash: header.root, sum: header.sum }, header.leaves, opening) !== undefined
      if (isProven && opening !== undefined && this.receipts.has(name)) {
        this.openings.set(name, { batch: header.batch, opening })
        kept += 1
      }
    }
    return kept
  }
}
