import { CheckRequest, decodeCheckRequest, GOSSIP_TOPICS, verifyCheckRequest } from '../../protocol/gossip.ts'
import { CHECK_REQUEST_RATE } from '../limits.ts'
import type { Topic } from './topic.ts'

/** "Who keeps the data of this receipt?" Whether the sender was drawn to check it is for the keeper to see on the chain. */
export const CHECK_REQUEST_TOPIC: Topic<CheckRequest> = {
  name: GOSSIP_TOPICS.checkRequest,
  rate: CHECK_REQUEST_RATE,
  // A check may be due after the close of the epoch in which its batch was taken; the request speaks of the running one.
  epochsBehind: 1n,
  encode: (message) => CheckRequest.encode(message).finish(),
  decode: decodeCheckRequest,
  claimedHost: (message) => message.host,
  epoch: (message) => message.epoch,
  sentAtMs: (message) => message.sentAtMs,
  verify: verifyCheckRequest,
}
