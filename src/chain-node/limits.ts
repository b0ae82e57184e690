/** Bounds of the node: what a block takes, what waits, what a client of the RPC may ask. */

/** What the proposer puts into one block at most, σ_h not counted: half of what a block may hold, so that it is made in time. */
export const PROPOSAL_LIMITS = {
  txs: 500,
  bytes: 1024 * 1024,
} as const

export const MEMPOOL_LIMITS = {
  txs: 5_000,
  bytes: 8 * 1024 * 1024,
  perSigner: 64,
  /** Checked again after a block: what the next one takes. */
  recheckTxs: 500,
  /** Hashes of transactions seen lately: a duplicate among them is refused. */
  recentHashes: 20_000,
  /** Hashes of transactions that can never be valid, with their refusals. */
  badHashes: 20_000,
} as const

export const RPC_LIMITS = {
  bodyBytes: 1024 * 1024,
  uriCharacters: 300_000,
  batch: 50,
  connections: 200,
  /** Requests of one WebSocket that are in work at a time. */
  inFlight: 50,
  subscriptionsPerClient: 20,
  /** A WebSocket whose unread answers grow over this is closed. */
  socketBufferBytes: 8 * 1024 * 1024,
  commitWaiters: 100,
  commitTimeoutMs: 10_000,
  pingIntervalMs: 30_000,
  requestTimeoutMs: 15_000,
} as const

export const QUERY_LIMITS = {
  characters: 512,
  conditions: 8,
  perPage: 100,
  /** Index rows that one search reads at most; what lies behind is not found. */
  scannedRows: 100_000,
  /** Matches that one search counts at most. */
  matches: 10_000,
  blockMetas: 20,
} as const

export const INDEX_LIMITS = {
  /** Attributes of one transaction that are searchable. */
  attributes: 128,
  valueCharacters: 256,
} as const
