/**
 * The gateway's side of paid work: signs orders with the payer's session key, draws the executor, follows the work, countersigns
 * the receipt. It serves the HTTP front (../ports.ts) and the executors that call back. Invariant: n and T of a payer are taken
 * in the store before the order leaves, one payer after the other in its own line, so concurrent requests never promise more
 * than the escrow holds. Read next: offering.ts (the draw), delivery.ts
 * (tokens), countersigning.ts (vouchers), lane-watch.ts (what came to the chain without us), openings.ts, payer-account.ts.
 */
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { KeyedLock } from '../../lib/keyed-lock.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { ReceiptBundle } from '../../protocol/gen/tailrace/v1/work.ts'
import { encodeBundle, voucherOfLeaf } from '../../protocol/work/bundle.ts'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import type { OrderDesk, OrderRow, OrderWish, PlacedOrder, Receipts, SessionBook } from '../ports.ts'
import type { ChainCache } from './chain-cache.ts'
import { createChainCache } from './chain-cache.ts'
import { countersign } from './countersigning.ts'
import type { Delivery } from './delivery.ts'
import { deliver } from './delivery.ts'
import { settleLanes } from './lane-watch.ts'
import type { AcceptedOffer, Offer } from './offering.ts'
import { offerOrder } from './offering.ts'
import { serveOpenings } from './openings.ts'
import { composeOrder, spendable } from './payer-account.ts'
import type { DeskComponents, DeskOptions, OrderEnd, OrderEntry, SkippedExecutor } from './ports.ts'
import { SILENT, UNREACHABLE } from './ports.ts'
import type { DeskSession } from './sessions.ts'
import { createSessionBook, deskSessionOf } from './sessions.ts'
import { raceAbort, withTimeLimit } from './time-limit.ts'

export interface RunningDesk {
  readonly orders: OrderDesk
  readonly sessions: SessionBook
  readonly receipts: Receipts
  /** Orders of every payer, newest first: for the screen of the computer on which this gateway runs. */
  recent(limit: number): Promise<readonly OrderRow[]>
  /** The receipt of any order of this gateway: `unknown`, `pending`, or the text of its file. */
  bundleText(orderHash: string): Promise<string | 'unknown' | 'pending'>
  /** Resolves when no order is under way. */
  idle(): Promise<void>
}

const DEFAULTS = {
  acceptTimeoutMs: WORK_LIMITS.acceptMs,
  receiptTimeoutMs: 10_000,
  orderBlocks: 300,
  maxOpenOrders: 256,
} satisfies Required<DeskOptions>
/** How long the chain is asked for what a bundle needs. */
const BUNDLE_TIMEOUT_MS = 10_000

/** Runs until the signal aborts. What a crash left open is closed first: its reservation stands until the order has expired. */
export async function startOrderDesk(
  components: DeskComponents,
  options: DeskOptions,
  signal: AbortSignal,
): Promise<RunningDesk> {
  const { store, chain } = components
  for (const entry of await store.unfinished()) {
    await store.closeOrder(entry.orderHash, { errorCode: 'gateway_restarted', isOut: true })
  }
  const all = { ...DEFAULTS, ...options }
  const cache = createChainCache(chain, signal)
  // Whoever holds a lane has an order under way.
  const lanes = new KeyedLock(all.maxOpenOrders + 1)
  serveOpenings(components, signal)
  settleLanes(components, lanes, signal)
  const desk = new Desk(components, cache, lanes, all)
  return {
    orders: desk,
    sessions: createSessionBook(cache, signal),
    receipts: {
      bundle: async (orderHash, session) => {
        const entry = await store.order(orderHash)
        return entry?.payer === session.address ? parsed(await desk.bundleText(entry)) : 'unknown'
      },
      orders: async (limit, session) => (await store.orders(limit, session.address)).map(rowOf),
    },
    recent: async (limit) => (await store.orders(limit)).map(rowOf),
    bundleText: async (orderHash) => {
      const entry = await store.order(orderHash)
      return entry === undefined ? 'unknown' : desk.bundleText(entry)
    },
    idle: () => desk.idle(),
  }
}

class Desk implements OrderDesk {
  readonly #components: DeskComponents
  readonly #cache: ChainCache
  readonly #options: Required<DeskOptions>
  readonly #payers: KeyedLock
  readonly #lanes: KeyedLock
  readonly #open = new Set<Promise<unknown>>()

  constructor(components: DeskComponents, cache: ChainCache, lanes: KeyedLock, options: Required<DeskOptions>) {
    this.#components = components
    this.#cache = cache
    this.#options = options
    this.#lanes = lanes
    this.#payers = new KeyedLock(options.maxOpenOrders)
  }

  async idle(): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.allSettled([...this.#open])
    }
  }

  async place(wish: OrderWish): Promise<PlacedOrder> {
    if (this.#components.isDiskFull?.() === true) {
      throw new CodedError('disk_full', 'an order has to be stored before it leaves, and there is no room')
    }
    if (this.#open.size >= this.#options.maxOpenOrders) {
      throw new CodedError('overloaded', 'too many orders are under way', { fields: { retryAfterSeconds: 1 } })
    }
    const placing = this.#place(wish, deskSessionOf(wish.session))
    const underWay: Promise<unknown> = placing.then(({ result }) => result)
    const leave = (): void => {
      this.#open.delete(underWay)
    }
    this.#open.add(underWay)
    underWay.then(leave, leave)
    return placing
  }

  async #place(wish: OrderWish, session: DeskSession): Promise<PlacedOrder> {
    const { peers, logger, clock } = this.#components
    const height = this.#cache.height()
    if (height === 0) {
      throw new CodedError('chain_unreachable', 'no block has been heard of yet')
    }
    const facts = await raceAbort(this.#cache.draw(wish.request.model, height, wish.signal), wish.signal)
    const offer = await this.#sign(wish, session, height)
    const name = toHex(offer.hash)
    const outcome = await offerOrder(
      offer,
      facts,
      { cache: this.#cache, peers, logger, clock },
      {
        acceptTimeoutMs: this.#options.acceptTimeoutMs,
        onDraw: (executor, skipped) => this.#nameCandidate(offer, session, executor, skipped),
      },
      wish.signal,
    )
    if ('error' in outcome) {
      const { error, skipped, isOut } = outcome
      await this.#close(name, { errorCode: saidCode(error), isOut, skipped })
      throw error
    }
    const delivery = await this.#deliver(offer, outcome.accepted, session, wish.signal)
    return { orderHash: name, executor: encodeAddress(outcome.accepted.executor), ...delivery }
  }

  async #deliver(offer: Offer, accepted: AcceptedOffer, session: DeskSession, cancel: AbortSignal): Promise<Delivery> {
    const { store, chain, clock, logger } = this.#components
    const name = toHex(offer.hash)
    try {
      await store.startStreaming(name)
    } catch (error) {
      accepted.stream.close().catch(() => undefined)
      await this.#close(name, { errorCode: saidCode(error), isOut: true })
      throw error
    }
    const parts = { chain, store, lanes: this.#lanes, clock, logger }
    return deliver(
      offer,
      accepted,
      {
        chain,
        clock,
        logger,
        countersign: (receipt, output) => countersign(parts, session, { offer, accepted }, receipt, output),
        close: (end) => store.closeOrder(name, end),
      },
      { cancel, receiptTimeoutMs: this.#options.receiptTimeoutMs },
    )
  }

  /** The caller has an error to tell already; what is not noted now is closed by the next start. */
  async #close(orderHash: string, end: OrderEnd): Promise<void> {
    const { store, logger } = this.#components
    try {
      await store.closeOrder(orderHash, end)
    } catch (error) {
      logger.log('warn', 'order not closed', { code: errorCode(error) })
    }
  }

  /** A candidate that keeps silent may work on the order all the same: the next one is asked where the escrow covers both. */
  async #nameCandidate(
    { order, hash }: Offer,
    session: DeskSession,
    executor: string,
    skipped: readonly SkippedExecutor[],
  ): Promise<void> {
    const { store, clock } = this.#components
    const { receiptTimeoutMs } = this.#options
    await this.#payers.run(session.address, async () => {
      if (skipped.at(-1)?.reason === SILENT) {
        const forever = new AbortController().signal
        const { escrow } = await withTimeLimit(clock, receiptTimeoutMs, forever, (end) =>
          this.#cache.escrow(order.payer, end),
        )
        const { owed, reserved } = await store.payer(session.address)
        if (escrow === undefined || owed + reserved + order.maxPrice > spendable(escrow)) {
          throw new CodedError('insufficient_quota', 'a host keeps silent, and the escrow does not cover another try')
        }
      }
      await store.nameCandidate(toHex(hash), executor, skipped)
    })
  }

  async #sign(wish: OrderWish, session: DeskSession, height: number): Promise<Offer> {
    const { store, chain, peers, clock } = this.#components
    const { request, prompt, signal } = wish
    const [{ escrow }, model] = await raceAbort(
      Promise.all([this.#cache.escrow(session.key.payer, signal), this.#cache.model(request.model, signal)]),
      signal,
    )
    return this.#payers.run(session.address, async () => {
      signal.throwIfAborted()
      const order = composeOrder({
        session,
        request,
        prompt,
        escrow,
        model,
        book: await store.payer(session.address),
        chainId: chain.chainId,
        height,
        orderBlocks: this.#options.orderBlocks,
        gatewayPeer: peers.peerId,
      })
      await store.putOrder({
        orderHash: toHex(order.hash),
        payer: session.address,
        order: order.signed,
        atMs: clock.nowMs(),
        state: 'drawing',
        skipped: [],
        outputTokens: 0,
        price: 0n,
      })
      return { signed: order.signed, order: order.order, hash: order.hash, request, prompt }
    })
  }

  async bundleText(entry: OrderEntry): Promise<string | 'unknown' | 'pending'> {
    const { chain, store, clock } = this.#components
    const { batch, order } = entry
    const receipt = entry.receipt ?? batch?.opening.receipt
    if (receipt?.receipt === undefined || order.order === undefined) {
      return 'unknown'
    }
    if (batch === undefined) {
      return 'pending'
    }
    const { executor } = receipt.receipt
    const { payer } = order.order
    const forever = new AbortController().signal
    const [host, { escrow }, { batch: onChain }] = await withTimeLimit(clock, BUNDLE_TIMEOUT_MS, forever, (end) =>
      Promise.all([
        this.#cache.host(encodeAddress(executor), end),
        this.#cache.escrow(payer, end),
        chain.batch(batch.id, end),
      ]),
    )
    // What the executor handed over is its word; as long as the chain knows the batch, it is compared.
    const isOther =
      onChain !== undefined && !(equalBytes(onChain.root, batch.root) && equalBytes(onChain.executor, executor))
    const devicePubkey = onChain?.devicePubkey ?? host?.devicePubkey
    if (devicePubkey === undefined || escrow === undefined || isOther) {
      return 'pending'
    }
    const data = await store.workData(entry.orderHash)
    const bundle: ReceiptBundle = {
      chainId: chain.chainId,
      sessionPubkey: escrow.sessionPubkey,
      devicePubkey,
      opening: batch.opening,
      voucher: voucherOfLeaf(entry.voucher, batch.opening.leaf?.to ?? 0n),
      batch: batch.id,
      root: batch.root,
      sum: batch.sum,
      leaves: batch.leaves,
      height: onChain?.height ?? 0n,
      txHash: onChain?.txHash ?? batch.txHash,
      data: data && { ...data, scores: new Uint8Array(0) },
    }
    return encodeBundle(bundle)
  }
}

function parsed(text: string | 'unknown' | 'pending'): unknown {
  return text === 'unknown' || text === 'pending' ? text : JSON.parse(text)
}

/** An executor's own word for what is wrong, where it gave one. */
function saidCode(error: unknown): string {
  const said = error instanceof CodedError ? error.fields.reason : undefined
  return typeof said === 'string' ? said : errorCode(error)
}

function rowOf(entry: OrderEntry): OrderRow {
  const { batch, executor, errorCode: code } = entry
  const state = entry.state === 'lost' ? 'failed' : entry.state
  const { receipt } = entry.receipt ?? batch?.opening.receipt ?? {}
  return {
    orderHash: entry.orderHash,
    atMs: entry.atMs,
    model: entry.order.order?.model ?? '',
    skipped: entry.skipped.map(({ executor: host, reason }) => ({
      executor: host,
      reason: reason === UNREACHABLE ? SILENT : reason,
    })),
    promptTokens: entry.order.order?.promptTokens ?? 0,
    outputTokens: receipt?.outputTokens ?? 0,
    // What an executor brought to the chain without a voucher was paid all the same.
    price: receipt?.price ?? 0n,
    state,
    ...(executor === undefined ? {} : { executor }),
    ...(code === undefined ? {} : { errorCode: code }),
    ...(batch === undefined ? {} : { batched: { id: batch.id, txHash: batch.txHash } }),
  }
}
