import {
  BatchAnnouncement,
  decodeBatchAnnouncement,
  GOSSIP_TOPICS,
  verifyBatchAnnouncement,
} from '../../protocol/gossip.ts'
import { BATCH_RATE } from '../limits.ts'
import type { Topic } from './topic.ts'

/** "Receipts of mine were taken by the chain." What is in the batch stands there; this says that it is worth a look. */
export const BATCH_TOPIC: Topic<BatchAnnouncement> = {
  name: GOSSIP_TOPICS.batch,
  rate: BATCH_RATE,
  epochsBehind: 1n,
  encode: (message) => BatchAnnouncement.encode(message).finish(),
  decode: decodeBatchAnnouncement,
  claimedHost: (message) => message.host,
  epoch: (message) => message.epoch,
  sentAtMs: (message) => message.sentAtMs,
  verify: verifyBatchAnnouncement,
}
