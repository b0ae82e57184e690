/**
 * One gossip topic as data: name, codec with bounds, what its signature covers, which epochs it may speak of. The validator
 * below is the same for every topic. Its answers decide what a peer pays: `reject` says "a correct node never sends this" and
 * costs score; `ignore` says "not for me, not now" and costs nothing, because the clock, the epoch or the registration that
 * this node knows may be the one that is behind. Only an accepted message is passed on.
 */
import { errorCode } from '../../lib/coded-error.ts'
import type { Clock, Verdict } from '../../lib/runtime.ts'
import { GOSSIP_LIMITS } from '../../protocol/gossip.ts'
import type { PeerDirectory } from '../directory.ts'
import type { RateLimit } from '../limits.ts'
import { P2P_LIMITS } from '../limits.ts'
import type { RateLimiter } from '../rate-limit.ts'

export interface Topic<T> {
  readonly name: string
  readonly rate: RateLimit
  encode(message: T): Uint8Array
  /** @throws CodedError */
  decode(bytes: Uint8Array): T
  /** Owner address that the sender claims to act for. */
  claimedHost(message: T): string
  epoch(message: T): bigint
  sentAtMs(message: T): bigint
  /** How far behind the current epoch a message may lie: hosts pass the border of an epoch one after the other. */
  readonly epochsBehind: bigint
  verify(message: T, devicePublicKey: Uint8Array): boolean
}

export interface ValidationContext {
  readonly directory: PeerDirectory
  readonly clock: Pick<Clock, 'nowMs'>
  readonly rates: RateLimiter
}

export interface GossipInput {
  /** Author: the peer whose libp2p signature the message carries. */
  readonly from: string
  readonly data: Uint8Array
}

export type GossipVerdict<T> =
  | Exclude<Verdict, { verdict: 'accept' }>
  | { readonly verdict: 'accept'; readonly message: T }

export function validateGossip<T>(topic: Topic<T>, context: ValidationContext, input: GossipInput): GossipVerdict<T> {
  if (input.data.length > P2P_LIMITS.messageBytes) {
    return { verdict: 'reject', code: 'message_too_large' }
  }
  let message: T
  try {
    // A copy: the bytes as they come are a view into the frame that carried them.
    message = topic.decode(Uint8Array.from(input.data))
  } catch (error) {
    return { verdict: 'reject', code: errorCode(error) }
  }
  const nowMs = context.clock.nowMs()
  const ageMs = BigInt(nowMs) - topic.sentAtMs(message)
  if (ageMs > GOSSIP_LIMITS.clockToleranceMs || ageMs < -GOSSIP_LIMITS.clockToleranceMs) {
    return { verdict: 'ignore', code: 'clock_out_of_tolerance' }
  }
  const registered = context.directory.hostOfPeer(input.from)
  if (registered === undefined) {
    return { verdict: 'ignore', code: 'unregistered' }
  }
  if (registered.owner !== topic.claimedHost(message)) {
    return { verdict: 'reject', code: 'wrong_peer' }
  }
  const currentEpoch = context.directory.currentEpoch()
  const epoch = topic.epoch(message)
  if (epoch + topic.epochsBehind < currentEpoch || epoch > currentEpoch + 1n) {
    return { verdict: 'ignore', code: 'stale_epoch' }
  }
  // Before the signature: an author that sends too much shall not make everybody verify it.
  if (!context.rates.take(input.from, nowMs)) {
    return { verdict: 'ignore', code: 'rate_limited' }
  }
  if (!topic.verify(message, registered.devicePublicKey)) {
    return { verdict: 'reject', code: 'bad_signature' }
  }
  return { verdict: 'accept', message }
}
