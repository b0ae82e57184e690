/**
 * What paid work asks of the world, beside host/ports.ts. The composition root proves that p2p, worker, chain client and store
 * fit. Invariant: whatever a host promised by a signature stands in the store before the signature leaves the machine.
 * Read next: executor.ts (orders), batching.ts (receipts to the chain), custody.ts (openings), checking.ts, ruling.ts.
 */
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { BatchAnnouncement, CheckRequest } from '../../protocol/gen/tailrace/v1/gossip.ts'
import type { OpeningHeader, OpeningItem, ProbeRequest, WorkRequest } from '../../protocol/gen/tailrace/v1/peer.ts'
import type {
  ModelRecord,
  QueryBatchResponse,
  QueryEscrowResponse,
  QueryWorkDutiesResponse,
  ServiceRecord,
} from '../../protocol/gen/tailrace/v1/query.ts'
import type { BatchState, RosterState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { MsgSubmitBatch } from '../../protocol/gen/tailrace/v1/tx.ts'
import type {
  Receipt,
  ReceiptOpening,
  Refusal,
  SignedOrder,
  SignedReceipt,
  SignedRefusal,
  SignedVoucher,
  WorkData,
} from '../../protocol/gen/tailrace/v1/work.ts'
import type { OpeningHandler, OrderStream } from '../../protocol/work/streams.ts'
import type { Unsubscribe } from '../ports.ts'

/** Questions about paid work; the same client answers the host's other questions. */
export interface WorkChainPort {
  models(signal: AbortSignalLike): Promise<readonly ModelRecord[]>
  escrow(payer: Uint8Array, signal: AbortSignalLike): Promise<QueryEscrowResponse>
  /** Cumulative up to which batches of the lane were taken. */
  lane(payer: Uint8Array, executor: string, signal: AbortSignalLike): Promise<bigint>
  /** The newest roster at or below `height`; 0 = newest. */
  roster(model: string, height: number, signal: AbortSignalLike): Promise<RosterState | undefined>
  services(host: string, signal: AbortSignalLike): Promise<readonly ServiceRecord[]>
  batch(id: bigint, signal: AbortSignalLike): Promise<QueryBatchResponse>
  batches(host: string, fromId: bigint, signal: AbortSignalLike): Promise<readonly BatchState[]>
  workDuties(host: string, signal: AbortSignalLike): Promise<QueryWorkDutiesResponse>
  /** R_h, 32 bytes; undefined where it is not or no longer known. */
  randomness(height: number, signal: AbortSignalLike): Promise<Uint8Array | undefined>
  /** Work data that was posted in this transaction (MsgPostWork). */
  postedWork(txHash: string, signal: AbortSignalLike): Promise<WorkData | undefined>
}

export interface WorkPeersPort {
  readonly peerId: string
  /** Every one of the following handlers is set at most once; without one the stream is refused. */
  onOrder(handler: (stream: OrderStream) => Promise<void>): Unsubscribe
  onProbe(handler: (from: string, request: ProbeRequest) => Promise<boolean>): Unsubscribe
  onOpening(handler: OpeningHandler): Unsubscribe
  onWorkRequest(handler: (from: string, request: WorkRequest) => Promise<WorkData | undefined>): Unsubscribe
  onVoucherRequest(handler: (from: string, receipt: SignedReceipt) => Promise<SignedVoucher | undefined>): Unsubscribe
  /** Each of these throws CodedError `peer_unreachable`, `peer_refused`, `malformed_frame` or `frame_timeout`. */
  openOrder(peerId: string, signal: AbortSignalLike): Promise<OrderStream>
  probe(peerId: string, request: ProbeRequest, signal: AbortSignalLike): Promise<boolean>
  /** How many items the receiver kept. */
  pushOpenings(
    peerId: string,
    header: OpeningHeader,
    items: Iterable<OpeningItem>,
    signal: AbortSignalLike,
  ): Promise<number>
  requestWork(peerId: string, request: WorkRequest, signal: AbortSignalLike): Promise<WorkData | undefined>
  requestVoucher(peerId: string, receipt: SignedReceipt, signal: AbortSignalLike): Promise<SignedVoucher | undefined>
  publishBatch(message: BatchAnnouncement): Promise<{ readonly recipients: number }>
  onBatch(listener: (message: BatchAnnouncement) => void): Unsubscribe
  publishCheckRequest(message: CheckRequest): Promise<{ readonly recipients: number }>
  onCheckRequest(listener: (message: CheckRequest) => void): Unsubscribe
}

export interface WorkKeysPort {
  signReceipt(receipt: Receipt): Promise<SignedReceipt>
  signRefusal(refusal: Refusal): Promise<SignedRefusal>
  signBatchAnnouncement(message: Omit<BatchAnnouncement, 'signature'>): Promise<BatchAnnouncement>
  signCheckRequest(message: Omit<CheckRequest, 'signature'>): Promise<CheckRequest>
}

/**
 * One order that this host took, from its acceptance to the close of its batch. `running` in the store of a process that starts
 * anew means that the work was lost; `batched` means that the batch `root` has it, sent or not.
 */
export interface Job {
  /** Hex. */
  readonly orderHash: string
  readonly order: SignedOrder
  readonly acceptedAtMs: number
  readonly state: 'running' | 'delivered' | 'countersigned' | 'batched' | 'failed'
  readonly receipt?: SignedReceipt
  readonly voucher?: SignedVoucher
  /** Hex root of the batch that has it, its place among the leaves, its lane interval. */
  readonly root?: string
  readonly index?: number
  readonly from?: bigint
  readonly to?: bigint
  /** Greatest sequence that its batch names by it, where that is not its voucher's: it went without. */
  readonly reached?: bigint
  readonly errorCode?: string
}

/** A batch from before it is sent until it is closed. */
export interface OwnBatch {
  /** Hex of the root: its name before the chain gave it a number. */
  readonly root: string
  readonly model: string
  readonly sum: bigint
  /** Order hashes in leaf order. */
  readonly leaves: readonly string[]
  /** As it is sent, and sent again where nobody knows what became of it. */
  readonly message: MsgSubmitBatch
  /** `taken`: on chain, its draws not closed; `paid` and `refunded` are final, `refused` ones are forgotten in time. */
  readonly state: 'sending' | 'taken' | 'refused' | 'paid' | 'refunded'
  readonly id?: bigint
  readonly txHash?: string
  readonly height?: number
  readonly handedToGateways: boolean
  readonly handedToCustodian: boolean
}

/** What others handed to this host to keep (custody). */
export interface KeptOpening {
  readonly header: OpeningHeader
  readonly opening: ReceiptOpening
  readonly data: WorkData
}

export interface KeptBatch {
  /** `tail1…` */
  readonly executor: string
  readonly batch: bigint
}

/** Durable: what a promise resolved for is there after a crash, whole. Every list is bounded by its limit. */
export interface WorkStore {
  /** `data` replaces what is known of the work; without it that stays. */
  putJob(job: Job, data?: WorkData): Promise<void>
  job(orderHash: string): Promise<Job | undefined>
  workData(orderHash: string): Promise<WorkData | undefined>
  /** Newest first. */
  jobs(limit: number): Promise<readonly Job[]>
  /** Running, delivered or countersigned, the oldest first. */
  openJobs(limit: number): Promise<readonly Job[]>
  /** In leaf order. */
  jobsOfBatch(root: string): Promise<readonly Job[]>
  /** Greatest sequence that batches of this payer that were not refused have named, as the chain counts it; 0 before the first. */
  reachedSequence(payer: Uint8Array): Promise<bigint>
  /** In one transaction: the batch and the jobs whose state it changes. */
  putBatch(batch: OwnBatch, jobs: readonly Job[]): Promise<void>
  batchByRoot(root: string): Promise<OwnBatch | undefined>
  batchById(id: bigint): Promise<OwnBatch | undefined>
  /** `sending` or `taken`, the oldest first. */
  openBatches(limit: number): Promise<readonly OwnBatch[]>
  /** Paid, but its gateways have not got their openings; the newest first. */
  unhandedBatches(limit: number): Promise<readonly OwnBatch[]>
  /** 0 before the first. */
  newestBatchId(): Promise<bigint>
  putRefusal(refusal: SignedRefusal): Promise<void>
  refusal(orderHash: string): Promise<SignedRefusal | undefined>
  /** False where the store of foreign openings is full. */
  keepOpening(kept: KeptOpening): Promise<boolean>
  /** The newest where no batch is named. */
  keptOpening(orderHash: string, batch?: bigint): Promise<KeptOpening | undefined>
  /** In leaf order. */
  keptOfBatch(executor: string, batch: bigint): Promise<readonly KeptOpening[]>
  /** Batches of which something is kept, the newest first. */
  keptBatches(limit: number): Promise<readonly KeptBatch[]>
  forgetKept(executor: string, batch: bigint): Promise<void>
  /**
   * Orders that this host saw of a payer, to prove an over-commitment: returns another order with the same sequence. Only
   * orders whose signature was verified may be noted.
   */
  noteOrder(order: SignedOrder): Promise<SignedOrder | undefined>
  /**
   * What this host committed to on chain before it could show it, in bytes of its own (checks/commitment.ts), under a name of at
   * most 64 characters. Replaces what has the name; the newest 256 stay.
   */
  putCommitment(name: string, bytes: Uint8Array): Promise<void>
  commitment(name: string): Promise<Uint8Array | undefined>
  forgetCommitment(name: string): Promise<void>
  /** Forgets what expired below this height and is over; open jobs and open batches stay. */
  prune(belowHeight: number): Promise<void>
}
