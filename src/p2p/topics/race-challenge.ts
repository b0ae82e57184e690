import { decodeRaceChallenge, GOSSIP_TOPICS, RaceChallenge, verifyRaceChallenge } from '../../protocol/gossip.ts'
import { RACE_CHALLENGE_RATE } from '../limits.ts'
import type { Topic } from './topic.ts'

/** "This committed find is none." Whether that is true is not checked here: the receiver recomputes it. */
export const RACE_CHALLENGE_TOPIC: Topic<RaceChallenge> = {
  name: GOSSIP_TOPICS.raceChallenge,
  rate: RACE_CHALLENGE_RATE,
  // The chain takes challenges until the close of the epoch: an older one is of no use.
  epochsBehind: 0n,
  encode: (message) => RaceChallenge.encode(message).finish(),
  decode: decodeRaceChallenge,
  claimedHost: (message) => message.challenger,
  epoch: (message) => message.epoch,
  sentAtMs: (message) => message.sentAtMs,
  verify: verifyRaceChallenge,
}
