/**
 * What the gateway asks of the rest of the house, as its own interfaces: models and their text, sessions, orders, receipts.
 * The composition root proves that the real parts fit. Everything that a port throws is a CodedError; errors.ts says what
 * the client sees of each code. Read next: gateway.ts.
 */

import type { MetricsRegistry } from '../lib/metrics.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import type { ModelText } from '../models/text.ts'
import type { InferenceRequest } from '../protocol/gen/tailrace/v1/work.ts'
import type { GeneratedTokens } from '../protocol/inference.ts'

export interface GatewayModel {
  readonly id: string
  /** Seconds since the Unix epoch. */
  readonly createdAt: number
  readonly contextTokens: number
  readonly defaultMaxTokens: number
  /** Token ids lie in [0, vocabularySize). */
  readonly vocabularySize: number
  readonly eosTokens: readonly number[]
  readonly text: ModelText
}

export interface ModelCatalog {
  list(): readonly GatewayModel[] | Promise<readonly GatewayModel[]>
  get(id: string): GatewayModel | undefined | Promise<GatewayModel | undefined>
}

/** An opened API key. What else it holds is between SessionBook and OrderDesk. */
export interface Session {
  /** `tail1…` address of the session key: the escrow that pays. */
  readonly address: string
}

export interface SessionBook {
  /** @throws CodedError `invalid_api_key`, `key_unknown`, `key_expired`, `insufficient_quota`, `chain_unreachable` */
  open(apiKey: string): Promise<Session>
}

export interface OrderWish {
  readonly session: Session
  readonly request: InferenceRequest
  readonly prompt: readonly number[]
  /** Aborted when nobody waits for the answer any more: the order ends within one token. */
  readonly signal: AbortSignal
}

export interface OrderResult {
  readonly finish: 'stop' | 'length' | 'cancelled'
  /** Hex. */
  readonly receiptHash: string
  /** utail */
  readonly pricePaid: bigint
}

export interface PlacedOrder {
  /** Hex. */
  readonly orderHash: string
  /** `tail1…` */
  readonly executor: string
  /** Each output token once, end token included. Iterated once; not reading it slows the executor (backpressure). */
  readonly tokens: AsyncIterable<GeneratedTokens>
  /** Settles after the last token. */
  readonly result: Promise<OrderResult>
}

export interface OrderDesk {
  /**
   * Signs the order, draws its executor and hands it over. The same codes may end `tokens` or `result` later.
   * @throws CodedError `insufficient_quota`, `unknown_model`, `key_unknown`, `key_expired`, `model_not_allowed`,
   * `price_above_cap`, `no_host` and `all_busy` (field `retryAfterSeconds`), `executor_lost`, `chain_unreachable`, `overloaded`,
   * `disk_full`, `store_full`
   */
  place(wish: OrderWish): Promise<PlacedOrder>
}

export interface OrderRow {
  readonly orderHash: string
  readonly atMs: number
  readonly model: string
  /** Absent until it is drawn. */
  readonly executor?: string
  /** Candidates drawn before the executor, in draw order. */
  readonly skipped: readonly { readonly executor: string; readonly reason: string }[]
  readonly promptTokens: number
  readonly outputTokens: number
  /** utail */
  readonly price: bigint
  readonly state: 'drawing' | 'streaming' | 'done' | 'failed'
  readonly errorCode?: string
  readonly batched?: { readonly id: bigint; readonly txHash: string }
  /** What became of its check: a code. */
  readonly check?: string
}

export interface Receipts {
  /** The bundle that proves the receipt offline, as JSON; `pending` until its batch is on chain. Only orders of this session. */
  bundle(orderHash: string, session: Session): Promise<unknown>
  /** Newest first, at most `limit`. Only orders of this session. */
  orders(limit: number, session: Session): Promise<readonly OrderRow[]>
}

export interface GatewayComponents {
  readonly models: ModelCatalog
  readonly orders: OrderDesk
  readonly sessions: SessionBook
  readonly receipts: Receipts
  readonly metrics: MetricsRegistry
  readonly clock: Clock
  readonly rng: Rng
  readonly logger: Logger
}
