/**
 * One machine's place among its peers: a libp2p node (TCP, noise, yamux) that gossips what hosts have to say to everybody and
 * carries paid work over streams between two.
 *
 * Invariant: a listener sees a gossip message only when it is within its bounds, signed by the device key of a registered host,
 * and sent by the very peer id that this host's registration names; a handler sees a frame only when it is within its bounds.
 * Whatever else arrives is dropped, costs its sender score or its stream where a correct node could not have sent it, and never
 * throws out of here. Gateways are no registered hosts: they order over streams and hear the gossip, but have no voice in it.
 *
 * A node that listens nowhere is fine (it dials); a node without peers publishes to nobody and says so by `recipients: 0`.
 * Read next: limits.ts (every bound), topics/topic.ts (the validator), protocols/work-peers.ts (streams), libp2p-node.ts.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { BatchAnnouncement, CheckRequest, Heartbeat, RaceChallenge } from '../protocol/gossip.ts'
import type { PeerDirectory } from './directory.ts'
import type { TopicChannel, Unsubscribe } from './gossip.ts'
import { openTopicChannel } from './gossip.ts'
import { createGossipLinks } from './gossip-links.ts'
import { watchGossip } from './gossip-watch.ts'
import type { Libp2pNodeOptions } from './libp2p-node.ts'
import { createLibp2pNode, parseAddresses, redialTarget } from './libp2p-node.ts'
import { P2P_LIMITS } from './limits.ts'
import type { WorkPeers } from './protocols/work-peers.ts'
import { createWorkPeers } from './protocols/work-peers.ts'
import { keepConnected } from './redial.ts'
import { BATCH_TOPIC } from './topics/batch.ts'
import { CHECK_REQUEST_TOPIC } from './topics/check-request.ts'
import { HEARTBEAT_TOPIC } from './topics/heartbeat.ts'
import { RACE_CHALLENGE_TOPIC } from './topics/race-challenge.ts'

export interface PeerNodeComponents {
  readonly directory: PeerDirectory
  readonly clock: Clock
  readonly logger: Logger
}

export interface PeerNodeOptions extends Libp2pNodeOptions {
  /** Multiaddrs that are dialled and redialled until `stop`; with or without `/p2p/<peer id>`. */
  readonly bootstrap: readonly string[]
}

export interface PeerNode extends WorkPeers {
  /** Known before the start, for the registration. */
  readonly peerId: string
  /** Once. @throws what libp2p says where no address can be listened on. */
  start(): Promise<void>
  /** For good: a stopped node is not started again. */
  stop(): Promise<void>
  /** Addresses to give to others, with the peer id; empty before the start. */
  addresses(): readonly string[]
  /** To how many peers it went at once. @throws CodedError `not_started`, `message_too_large`. */
  publishHeartbeat(message: Heartbeat): Promise<{ readonly recipients: number }>
  publishRaceChallenge(message: RaceChallenge): Promise<{ readonly recipients: number }>
  onHeartbeat(listener: (message: Heartbeat) => void): Unsubscribe
  onRaceChallenge(listener: (message: RaceChallenge) => void): Unsubscribe
  publishBatch(message: BatchAnnouncement): Promise<{ readonly recipients: number }>
  onBatch(listener: (message: BatchAnnouncement) => void): Unsubscribe
  publishCheckRequest(message: CheckRequest): Promise<{ readonly recipients: number }>
  onCheckRequest(listener: (message: CheckRequest) => void): Unsubscribe
  /** `streams`: of paid work, open now, both directions. */
  counts(): { readonly connected: number; readonly heartbeatsSeen: number; readonly streams: number }
}

const TOPICS = [HEARTBEAT_TOPIC.name, RACE_CHALLENGE_TOPIC.name, BATCH_TOPIC.name, CHECK_REQUEST_TOPIC.name]

/** Builds a node; it does nothing before `start`. @throws CodedError `invalid_peer_key`, `invalid_address`, `too_many_addresses`. */
export async function createPeerNode(components: PeerNodeComponents, options: PeerNodeOptions): Promise<PeerNode> {
  const bootstrap = parseAddresses(options.bootstrap, P2P_LIMITS.bootstrapAddresses)
  const node = await createLibp2pNode(options, TOPICS)
  const { directory, clock } = components
  const logger = components.logger.child('p2p')
  const work = createWorkPeers({ node, directory, clock, logger })
  const channelComponents = { gossip: node.services.gossip, directory, clock, logger }
  const heartbeats = openTopicChannel(HEARTBEAT_TOPIC, channelComponents, { onHeard: work.heard })
  const raceChallenges = openTopicChannel(RACE_CHALLENGE_TOPIC, channelComponents)
  const batches = openTopicChannel(BATCH_TOPIC, channelComponents)
  const checkRequests = openTopicChannel(CHECK_REQUEST_TOPIC, channelComponents)
  const channels = [heartbeats, raceChallenges, batches, checkRequests]
  const stopped = new AbortController()
  const links = createGossipLinks(node, TOPICS)
  let watching: readonly Promise<void>[] = []

  async function publish<T>(channel: TopicChannel<T>, message: T): Promise<{ readonly recipients: number }> {
    if (node.status !== 'started') {
      throw new CodedError('not_started', 'the peer node does not run')
    }
    return channel.publish(message)
  }

  return {
    ...work.peers,
    peerId: node.peerId.toString(),
    async start() {
      await node.start()
      for (const channel of channels) {
        channel.join()
      }
      const targets = bootstrap.map((address) => redialTarget(node, address))
      watching = [
        ...targets.map((target) => keepConnected(target, { clock, logger }, stopped.signal)),
        watchGossip({ links, clock, logger }, stopped.signal),
      ]
    },
    async stop() {
      stopped.abort()
      await work.stop()
      await node.stop()
      await Promise.all(watching)
    },
    addresses: () => node.getMultiaddrs().map((address) => address.toString()),
    publishHeartbeat: (message) => publish(heartbeats, message),
    publishRaceChallenge: (message) => publish(raceChallenges, message),
    publishBatch: (message) => publish(batches, message),
    publishCheckRequest: (message) => publish(checkRequests, message),
    onHeartbeat: (listener) => heartbeats.onMessage(listener),
    onRaceChallenge: (listener) => raceChallenges.onMessage(listener),
    onBatch: (listener) => batches.onMessage(listener),
    onCheckRequest: (listener) => checkRequests.onMessage(listener),
    counts: () => ({
      connected: node.getPeers().length,
      heartbeatsSeen: heartbeats.acceptedCount(),
      streams: work.streamCount(),
    }),
  }
}
