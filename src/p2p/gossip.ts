import type { GossipSub, GossipSubComponents, GossipsubOpts, Message } from '@chainsafe/libp2p-gossipsub'
import { gossipsub, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { CodedError } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { PeerDirectory } from './directory.ts'
import { P2P_LIMITS } from './limits.ts'
import { messageId, rawMessageId } from './message-id.ts'
import { createRateLimiter } from './rate-limit.ts'
import { SCORE_THRESHOLDS, scoreParams } from './scoring.ts'
import type { GossipVerdict, Topic } from './topics/topic.ts'
import { validateGossip } from './topics/topic.ts'

export type Unsubscribe = () => void

/** The gossipsub service with this network's bounds, ids and scores. */
export function createGossipService(
  topics: readonly string[],
  options: { readonly isLoopback: boolean },
): (components: GossipSubComponents) => GossipSub {
  const settings: Partial<GossipsubOpts> = {
    allowedTopics: [...topics],
    // A node that is alone publishes to nobody: the number of recipients says so.
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    floodPublish: true,
    emitSelf: false,
    doPX: false,
    fallbackToFloodsub: false,
    runOnLimitedConnection: false,
    msgIdFn: messageId,
    fastMsgIdFn: rawMessageId,
    seenTTL: P2P_LIMITS.seenMs,
    maxInboundDataLength: P2P_LIMITS.frameBytes,
    maxOutboundBufferSize: P2P_LIMITS.outboundBufferBytes,
    maxTopicBytesPerPeer: P2P_LIMITS.topicBytesPerPeer,
    decodeRpcLimits: {
      maxSubscriptions: P2P_LIMITS.frameSubscriptions,
      maxMessages: P2P_LIMITS.frameMessages,
      maxIhaveMessageIDs: P2P_LIMITS.frameMessageIds,
      maxIwantMessageIDs: P2P_LIMITS.frameMessageIds,
      maxIdontwantMessageIDs: P2P_LIMITS.frameMessageIds,
      maxControlMessages: P2P_LIMITS.frameControlMessages,
      maxPeerInfos: 0,
    },
    scoreParams: scoreParams(topics, options),
    scoreThresholds: SCORE_THRESHOLDS,
  }
  return gossipsub(settings)
}

export interface TopicChannel<T> {
  /** Subscribes; the gossip service must have been started. */
  join(): void
  /** @throws CodedError `message_too_large` */
  publish(message: T): Promise<{ readonly recipients: number }>
  /** Called for each accepted message of somebody else. @throws CodedError `too_many_listeners` */
  onMessage(listener: (message: T) => void): Unsubscribe
  acceptedCount(): number
}

export interface ChannelComponents {
  readonly gossip: GossipSub
  readonly directory: PeerDirectory
  readonly clock: Pick<Clock, 'nowMs'>
  readonly logger: Logger
}

export interface ChannelOptions {
  /** Called for each accepted message: the peer that wrote it, and the neighbour that passed it on. */
  readonly onHeard?: (author: string, source: string) => void
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const

/** One topic of the gossip service: validates what comes in, hands accepted messages to the listeners. */
export function openTopicChannel<T>(
  topic: Topic<T>,
  components: ChannelComponents,
  options: ChannelOptions = {},
): TopicChannel<T> {
  const { gossip, directory, clock, logger } = components
  const rates = createRateLimiter(topic.rate, P2P_LIMITS.rateLimitedAuthors)
  const listeners = createListeners<T>(topic.name, logger)
  let accepted = 0

  function validate(message: Message): GossipVerdict<T> {
    if (message.type !== 'signed') {
      return { verdict: 'reject', code: 'unsigned' }
    }
    return validateGossip(topic, { directory, clock, rates }, { from: message.from.toString(), data: message.data })
  }

  gossip.topicValidators.set(topic.name, (source, message) => {
    const result = validate(message)
    if (result.verdict === 'accept') {
      accepted += 1
      if (message.type === 'signed') {
        options.onHeard?.(message.from.toString(), source.toString())
      }
      listeners.deliver(result.message)
    } else {
      const level = result.verdict === 'reject' ? 'warn' : 'debug'
      logger.log(level, 'gossip not accepted', { topic: topic.name, code: result.code, source: source.toString() })
    }
    return RESULTS[result.verdict]
  })

  return {
    join: () => gossip.subscribe(topic.name),
    async publish(message) {
      const data = topic.encode(message)
      if (data.length > P2P_LIMITS.messageBytes) {
        throw new CodedError('message_too_large', 'a gossip message has at most 4 KiB', {
          fields: { bytes: data.length },
        })
      }
      const { recipients } = await gossip.publish(topic.name, data)
      return { recipients: recipients.length }
    },
    onMessage: (listener) => listeners.add(listener),
    acceptedCount: () => accepted,
  }
}

interface Listeners<T> {
  /** @throws CodedError `too_many_listeners` */
  add(listener: (message: T) => void): Unsubscribe
  deliver(message: T): void
}

function createListeners<T>(topic: string, logger: Logger): Listeners<T> {
  const listeners = new Set<(message: T) => void>()
  return {
    add(listener) {
      if (listeners.size >= P2P_LIMITS.listeners) {
        throw new CodedError('too_many_listeners', `at most ${P2P_LIMITS.listeners} listeners on one topic`)
      }
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    deliver(message) {
      for (const listener of listeners) {
        try {
          listener(message)
        } catch (error) {
          // A listener's failure is its own: the sender of the message did nothing wrong.
          logger.log('error', 'gossip listener failed', { topic, error: String(error) })
        }
      }
    },
  }
}
