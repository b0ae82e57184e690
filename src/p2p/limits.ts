import { GOSSIP_LIMITS } from '../protocol/gossip.ts'

/**
 * Every bound of the peer-to-peer layer, with what it protects. A stranger can cost this process at most: its share of the
 * connections below, one gossip frame of buffer for each, and one Ed25519 check for each message that it sends.
 */
export const P2P_LIMITS = {
  /** Data of one gossip message; more is rejected. The same number bounds what this node publishes. */
  messageBytes: GOSSIP_LIMITS.messageBytes,
  /** One gossip frame (a frame may carry several messages and ids): a longer one ends the gossip stream of its sender. */
  frameBytes: 256 * 1024,
  /** Bytes that wait for one slow receiver of gossip before its stream is given up. */
  outboundBufferBytes: 1024 * 1024,
  /** Entries of one gossip frame. */
  frameMessages: 256,
  frameSubscriptions: 16,
  frameControlMessages: 64,
  frameMessageIds: 2_048,
  /** Memory that one peer's list of topics may take: four topics and some room. */
  topicBytesPerPeer: 8 * 1024,

  connections: 128,
  connectionsPerSecondAndAddress: 5,
  pendingInboundConnections: 16,
  parallelDials: 8,
  dialQueue: 64,
  addressesPerPeer: 8,
  dialTimeoutMs: 10_000,
  /** Streams that one connection may open towards this node: identify, ping, gossip and what protocols/catalog.ts allows. */
  inboundStreams: 96,
  outboundStreams: 96,
  /** Bytes that a stream may have on their way to a reader: what a slow one makes its writer keep, and itself. */
  streamWindowBytes: 1024 * 1024,
  /** Time to open a stream over a connection that stands. */
  openStreamMs: 10_000,
  /** Time in which a small question has to be asked. */
  requestTimeoutMs: 10_000,
  /** A writer gives up when the other side has taken nothing for this long. */
  writeStallMs: 30_000,
  /** After this side's close the other side has this long to close too. */
  lingerMs: 5_000,
  /** Frames of one stream that wait to be sent, beyond the first. */
  queuedFrames: 64,

  /** Neighbours that are asked for the address of a peer, and how many at once. */
  addressNeighbours: 16,
  addressQuestions: 4,
  /** Authors of heartbeats whose address has been asked for; each is asked for again after the pause at the earliest. */
  heardAuthors: 4_096,
  heardPauseMs: 60_000,
  /** The pause where the neighbour did not know. */
  heardRetryMs: 10_000,

  /** Addresses to listen on, and peers to keep dialling. */
  listenAddresses: 8,
  bootstrapAddresses: 32,
  redialMinMs: 1_000,
  redialMaxMs: 30_000,

  /** How often the gossip with each connected peer is looked at, and after how many broken looks in a row it is mended first. */
  gossipLookMs: 1_000,
  gossipBrokenLooks: 3,
  /** Between the end of the old gossip streams and the new ones. */
  gossipSettleMs: 250,
  /** Each attempt waits for twice as many broken looks as the one before, at most this many; the fourth, eighth … hangs up instead. */
  gossipPatienceLooks: 300,
  gossipAttempts: 4,
  /** Looks in a row without a fault that make a peer as good as any other, and peers whose faults are remembered. */
  gossipHealedLooks: 60,
  gossipPatients: 256,

  /** Authors whose message rate is remembered; the one heard longest ago is forgotten first. */
  rateLimitedAuthors: 4_096,
  listeners: 32,
  /** A message id is remembered this long: twice the clock tolerance, so that a replay is either known or too old. */
  seenMs: 2 * GOSSIP_LIMITS.clockToleranceMs,
} as const

/** Message rate of one author on one topic: a bucket of `burst`, refilled by one each `refillMs`. */
export interface RateLimit {
  readonly burst: number
  readonly refillMs: number
}

/** A heartbeat comes every few blocks: on a local network (1 s blocks) every few seconds. */
export const HEARTBEAT_RATE: RateLimit = { burst: 6, refillMs: 2_000 }
/** A batch is closed every few blocks at most. */
export const BATCH_RATE: RateLimit = { burst: 8, refillMs: 2_000 }
/** A verifier asks for one point after the other, and again where nobody answered. */
export const CHECK_REQUEST_RATE: RateLimit = { burst: 32, refillMs: 500 }
/** A challenge costs its receivers one re-execution: few, and slowly. */
export const RACE_CHALLENGE_RATE: RateLimit = { burst: 8, refillMs: 5_000 }
