import type { PeerScoreParams, PeerScoreThresholds } from '@chainsafe/libp2p-gossipsub/score'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/**
 * What a peer pays for rejected messages. Value of the penalty: weight · n², n the rejected messages, fading to nothing in
 * about ten minutes. One or two cost nothing that matters (a registration that changed in this minute can look like a lie);
 * three end gossip with the peer, five make this node deaf to it. Penalties for too few deliveries are off: all topics are
 * sparse, silence is normal. Only topics that are listed here carry any penalty at all.
 */
export function scoreParams(
  topics: readonly string[],
  options: { readonly isLoopback: boolean },
): Partial<PeerScoreParams> {
  const topic = createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 10 * SECOND_MS,
    timeInMeshCap: 100,
    firstMessageDeliveriesWeight: 0.1,
    firstMessageDeliveriesDecay: 0.95,
    firstMessageDeliveriesCap: 50,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: -10,
    invalidMessageDeliveriesDecay: 0.93,
  })
  return {
    topics: Object.fromEntries(topics.map((name) => [name, topic])),
    // What a peer earns by good deliveries shall not pay for lies.
    topicScoreCap: 10,
    decayInterval: 10 * SECOND_MS,
    decayToZero: 0.01,
    retainScore: 10 * MINUTE_MS,
    // Many hosts share one address on loopback; elsewhere a campus or a provider's NAT may stand behind one as well.
    IPColocationFactorWeight: options.isLoopback ? 0 : -5,
    IPColocationFactorThreshold: 32,
  }
}

export const SCORE_THRESHOLDS: Partial<PeerScoreThresholds> = {
  gossipThreshold: -50,
  publishThreshold: -100,
  graylistThreshold: -200,
  acceptPXThreshold: 10,
  opportunisticGraftThreshold: 1,
}
