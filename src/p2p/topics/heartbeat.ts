import { decodeHeartbeat, GOSSIP_TOPICS, Heartbeat, verifyHeartbeat } from '../../protocol/gossip.ts'
import { HEARTBEAT_RATE } from '../limits.ts'
import type { Topic } from './topic.ts'

/** "I am here and I see this state", from a registered host. */
export const HEARTBEAT_TOPIC: Topic<Heartbeat> = {
  name: GOSSIP_TOPICS.heartbeat,
  rate: HEARTBEAT_RATE,
  epochsBehind: 1n,
  encode: (message) => Heartbeat.encode(message).finish(),
  decode: decodeHeartbeat,
  claimedHost: (message) => message.host,
  epoch: (message) => message.epoch,
  sentAtMs: (message) => message.sentAtMs,
  verify: verifyHeartbeat,
}
