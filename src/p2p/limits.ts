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
  /** Memory that one peer's list of topics may take: two topics and some room. */
  topicBytesPerPeer: 8 * 1024,

  connections: 64,
  connectionsPerSecondAndAddress: 5,
  pendingInboundConnections: 16,
  parallelDials: 8,
  dialQueue: 64,
  addressesPerPeer: 8,
  dialTimeoutMs: 10_000,
  /** Streams that one connection may open towards this node: identify, ping, gossip and room for a reconnect. */
  inboundStreams: 32,
  outboundStreams: 32,

  /** Addresses to listen on, and peers to keep dialling. */
  listenAddresses: 8,
  bootstrapAddresses: 32,
  redialMinMs: 1_000,
  redialMaxMs: 30_000,

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
/** A challenge costs its receivers one re-execution: few, and slowly. */
export const RACE_CHALLENGE_RATE: RateLimit = { burst: 8, refillMs: 5_000 }
