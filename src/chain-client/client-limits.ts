/** Bounds of the client: what it accepts from a node, how long it tries, how often it asks. */
export const CLIENT_LIMITS = {
  answerBytes: 16 * 1024 * 1024,
  /** Of one message of the block subscription. */
  socketMessageCharacters: 256 * 1024,
  hostsPages: 100,
  findsPages: 200,
  openingsPages: 100,
  hostsPerPage: 200,
  findsPerPage: 10_000,
  openingsPerPage: 5_000,
  ledgerEntriesPerPage: 500,
  batchesPerPage: 200,
  /** Heights of one question for block times. */
  blockTimes: 1_024,
  /** CometBFT's bound of one `blockchain` question. */
  headersPerQuestion: 20,
  headersInFlight: 8,
  /** Blocks that are searched for one transaction. */
  scannedBlocks: 2_000,
  /** After this long a height that was heard is too old to begin such a search at. */
  heightFreshMs: 30_000,
  registrations: 100,
  /** Votes for upgrades: one a consensus key, of which the chain keeps few hundred. */
  validators: 1_000,
  /** Signings of one submission: each after a proof that the bytes before can never be executed. */
  signings: 4,
  /** Refusals of one broadcast that are worth another try: a full mempool, a busy block, a sequence that has moved. */
  refusals: 12,
  /** Submissions of one account that wait for their turn. */
  waitingPerAccount: 256,
  accounts: 1_000,
} as const

export interface ClientTimes {
  /** Of one HTTP request. */
  readonly requestTimeoutMs: number
  /** How long an unreachable node is tried again before a call fails. */
  readonly retryForMs: number
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  /** How often inclusion is looked for. */
  readonly pollIntervalMs: number
  /** How long a broadcast transaction is waited for. */
  readonly inclusionTimeoutMs: number
  /** After this long without inclusion the same bytes are offered again: a restarted node has forgotten its mempool. */
  readonly rebroadcastMs: number
  /** Without news from the subscription for this long, the height is asked for. */
  readonly blockPollMs: number
}

export const DEFAULT_TIMES: ClientTimes = {
  requestTimeoutMs: 10_000,
  retryForMs: 30_000,
  firstRetryMs: 100,
  longestRetryMs: 3_000,
  pollIntervalMs: 200,
  inclusionTimeoutMs: 60_000,
  rebroadcastMs: 3_000,
  blockPollMs: 1_000,
}
