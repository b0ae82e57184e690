/** Bounds of orders, receipts and batches: what comes in above them is refused before anything is done with it. */
export const WORK_LIMITS = {
  /** Any amount of utail on the wire: sums of many stay below 2^63. */
  amount: 1n << 53n,
  promptTokens: 131_072,
  outputTokens: 131_072,
  modelCharacters: 64,
  classCharacters: 32,
  codeCharacters: 64,
  peerIdCharacters: 128,
  stopTexts: 16,
  stopCharacters: 256,
  choices: 5,
  /** Candidates that may be skipped before the executor. */
  skips: 2,
  /** Blocks that an order's height may lie behind the chain when the executor takes it. */
  orderAge: 3,
  /** How long a gateway waits for a candidate's answer; the order grows older by as much. */
  acceptMs: 8_000,
  /** Blocks from an order's height to its expiry: the randomness of its draw is kept longer than that. */
  orderLifetime: 600,
  leavesPerBatch: 4_096,
  lanesPerBatch: 64,
  uncountersignedPerBatch: 16,
  pathLength: 12,
  openingsPerTransaction: 16,
  commitsPerTransaction: 32,
  offersPerHost: 16,
  modelsPerEscrow: 16,
  /** Points of one batch. */
  pointsPerBatch: 64,
  /** Encoded WorkData that is posted on chain: a transaction holds it. */
  postedBytes: 112 * 1024,
} as const
