/**
 * What the order desk asks of the world: the chain's answers, streams to executors, a durable book. Invariant of the book: what
 * was signed (order, voucher) stands in it before the signature leaves the machine, so a restart never signs two orders with
 * one sequence nor two different vouchers for one place in a lane.
 */

import type { MetricsRegistry } from '../../lib/metrics.ts'
import type { AbortSignalLike, Clock, Logger } from '../../lib/runtime.ts'
import type { WorkRequest } from '../../protocol/gen/tailrace/v1/peer.ts'
import type {
  HostRecord,
  ModelRecord,
  QueryBatchResponse,
  QueryEscrowResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import type { RosterState } from '../../protocol/gen/tailrace/v1/state.ts'
import type {
  ReceiptOpening,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  WorkData,
} from '../../protocol/gen/tailrace/v1/work.ts'
import type { OpeningHandler, OrderStream } from '../../protocol/work/streams.ts'

type Unsubscribe = () => void

export interface DeskChain {
  readonly chainId: string
  models(signal: AbortSignalLike): Promise<readonly ModelRecord[]>
  escrow(payer: Uint8Array, signal: AbortSignalLike): Promise<QueryEscrowResponse>
  lane(payer: Uint8Array, executor: string, signal: AbortSignalLike): Promise<bigint>
  roster(model: string, height: number, signal: AbortSignalLike): Promise<RosterState | undefined>
  randomness(height: number, signal: AbortSignalLike): Promise<Uint8Array | undefined>
  host(address: string, signal: AbortSignalLike): Promise<HostRecord | undefined>
  batch(id: bigint, signal: AbortSignalLike): Promise<QueryBatchResponse>
  onBlock(listener: (block: { readonly height: number }) => void): Unsubscribe
}

export interface DeskPeers {
  readonly peerId: string
  openOrder(peerId: string, signal: AbortSignalLike): Promise<OrderStream>
  onOpening(handler: OpeningHandler): Unsubscribe
  onWorkRequest(handler: (from: string, request: WorkRequest) => Promise<WorkData | undefined>): Unsubscribe
  onVoucherRequest(handler: (from: string, receipt: SignedReceipt) => Promise<SignedVoucher | undefined>): Unsubscribe
}

/** Who is registered with a peer id. */
export interface DeskDirectory {
  hostOfPeer(peerId: string): { readonly owner: string; readonly devicePublicKey: Uint8Array } | undefined
}

/** It has the order and says nothing: it may work on it and bring a receipt to the chain. */
export const SILENT = 'timeout'
/** The order never reached it. */
export const UNREACHABLE = 'unreachable'

export interface SkippedExecutor {
  readonly executor: string
  /** SILENT, UNREACHABLE or the code of a signed refusal. */
  readonly reason: string
}

/**
 * One order of this gateway. `lost`: no receipt came; what it may cost stays reserved until it has expired. What each silent
 * candidate may cost stays so too, whatever became of the order.
 */
export interface OrderEntry {
  /** Hex. */
  readonly orderHash: string
  /** `tail1…` of the session key. */
  readonly payer: string
  readonly order: SignedOrder
  readonly atMs: number
  readonly state: 'drawing' | 'streaming' | 'done' | 'lost' | 'failed'
  readonly executor?: string
  readonly skipped: readonly SkippedExecutor[]
  readonly outputTokens: number
  /** utail; of the receipt. */
  readonly price: bigint
  readonly errorCode?: string
  readonly receipt?: SignedReceipt
  readonly voucher?: SignedVoucher
  /** What the batch of the executor says, once it handed the opening over. */
  readonly batch?: BatchOfOrder
}

export interface BatchOfOrder {
  readonly id: bigint
  readonly txHash: string
  readonly root: Uint8Array
  readonly sum: bigint
  readonly leaves: number
  readonly opening: ReceiptOpening
}

/** What one payer has promised: the base of n and T. */
export interface PayerBook {
  readonly nextSequence: bigint
  /** Sum of the lanes: what was countersigned, and what the chain took without us. */
  readonly owed: bigint
  /** Most that open and lost orders and silent candidates may cost beside. */
  readonly reserved: bigint
  /** Greatest T of an order that was signed: what a voucher says. */
  readonly promised: bigint
}

export interface LaneHead {
  /** Of the newest voucher, or further where the chain took more; 0 before the first. */
  readonly cumulative: bigint
  /** Greatest order sequence that a voucher of this lane countersigned. */
  readonly sequence: bigint
}

/** Durable: what resolved is there after a crash. Bounded: old orders are forgotten by `prune`. */
export interface DeskStore {
  /** Starts at sequence 1 with nothing owed. */
  payer(payer: string): Promise<PayerBook>
  /**
   * In one transaction: takes the sequence and all below it, adds to what is reserved, writes the entry.
   * @throws CodedError `sequence_taken`
   */
  putOrder(entry: OrderEntry): Promise<void>
  /** In one transaction: who is asked next, and what those may cost who kept silent before. Of an open order. */
  nameCandidate(orderHash: string, executor: string, skipped: readonly SkippedExecutor[]): Promise<void>
  /** The named candidate took it. */
  startStreaming(orderHash: string): Promise<void>
  /**
   * In one transaction: the receipt and its voucher; the reservation becomes the price; the lane moves on to the voucher's
   * cumulative, by the price. @throws CodedError `order_closed`, `lane_moved` where the lane stands elsewhere
   */
  countersign(orderHash: string, receipt: SignedReceipt, voucher: SignedVoucher, data: WorkData): Promise<void>
  /** In one transaction: state `failed`, or `lost` where the named candidate may still bring a receipt. @throws CodedError `order_closed` */
  closeOrder(orderHash: string, end: OrderEnd): Promise<void>
  lane(payer: string, executor: string): Promise<LaneHead>
  /** The chain took more in this lane than we countersigned: it is owed, and the lane goes on from there. Never backwards. */
  reconcileLane(payer: string, executor: string, accepted: bigint): Promise<void>
  /** Lanes of orders that are closed and not pruned: who was asked and may have taken them. Those that expire first, bounded. */
  watchedLanes(): Promise<readonly { readonly payer: string; readonly executor: string }[]>
  order(orderHash: string): Promise<OrderEntry | undefined>
  workData(orderHash: string): Promise<WorkData | undefined>
  setBatch(orderHash: string, batch: BatchOfOrder): Promise<void>
  /** Newest first; of one payer, or of all. */
  orders(limit: number, payer?: string): Promise<readonly OrderEntry[]>
  /** Entries of states `drawing` and `streaming` that a crash left behind. */
  unfinished(): Promise<readonly OrderEntry[]>
  /** Releases what closed orders reserve that expired below this height and watches them no longer, forgets entries far below. */
  prune(belowHeight: number): Promise<void>
}

export interface OrderEnd {
  readonly errorCode: string
  /** The named candidate has the order. */
  readonly isOut: boolean
  /** Where more were asked than the entry says. */
  readonly skipped?: readonly SkippedExecutor[]
}

export interface DeskComponents {
  readonly chain: DeskChain
  readonly peers: DeskPeers
  readonly directory: DeskDirectory
  readonly store: DeskStore
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  /** Nothing more can be written: no new order is signed meanwhile. What is under way goes on. Never where absent. */
  readonly isDiskFull?: (() => boolean) | undefined
}

export interface DeskOptions {
  /** How long a drawn host may take to answer an order before it is skipped. Default 8 s. */
  readonly acceptTimeoutMs?: number
  /** How long a cancelled order may take to hand in its receipt. Default 10 s. */
  readonly receiptTimeoutMs?: number
  /** Blocks from an order's height to its expiry. Default 300. */
  readonly orderBlocks?: number
  /** Orders under way at once. Default 256. */
  readonly maxOpenOrders?: number
}
