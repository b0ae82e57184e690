/**
 * One machine's place among its peers: a libp2p node (TCP, noise, yamux) that gossips heartbeats and race challenges.
 *
 * Invariant: a listener sees a message only when it is within its bounds, signed by the device key of a registered host, and
 * sent by the very peer id that this host's registration names. Whatever else arrives is dropped, costs its sender score where
 * a correct node could not have sent it, and never throws out of here.
 *
 * A node that listens nowhere is fine (it dials); a node without peers publishes to nobody and says so by `recipients: 0`.
 * Read next: limits.ts (every bound), topics/topic.ts (the validator), scoring.ts (what a lie costs).
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Identify } from '@libp2p/identify'
import { identify } from '@libp2p/identify'
import type { Libp2p, PeerId } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Ping } from '@libp2p/ping'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { createLibp2p } from 'libp2p'
import { CodedError } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { Heartbeat, RaceChallenge } from '../protocol/gossip.ts'
import type { PeerDirectory } from './directory.ts'
import type { Unsubscribe } from './gossip.ts'
import { createGossipService, openTopicChannel } from './gossip.ts'
import { P2P_LIMITS } from './limits.ts'
import { privateKeyFromSeed } from './peer-key.ts'
import type { RedialTarget } from './redial.ts'
import { keepConnected } from './redial.ts'
import { HEARTBEAT_TOPIC } from './topics/heartbeat.ts'
import { RACE_CHALLENGE_TOPIC } from './topics/race-challenge.ts'

export interface PeerNodeComponents {
  readonly directory: PeerDirectory
  readonly clock: Clock
  readonly logger: Logger
}

export interface PeerNodeOptions {
  /** Ed25519 seed, 32 bytes (peer-key.ts). */
  readonly peerKey: Uint8Array
  /** Multiaddrs to listen on, e.g. `/ip4/127.0.0.1/tcp/0`; none for a node that only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs that are dialled and redialled until `stop`; with or without `/p2p/<peer id>`. */
  readonly bootstrap: readonly string[]
  /** All peers share one address: lifts the limits per address. For local networks and tests. */
  readonly isLoopback: boolean
  /** Software and version, as peers see it. */
  readonly agent?: string
  /** Transports beside TCP, e.g. the memory transport of tests. */
  readonly extraTransports?: NonNullable<Libp2pOptions['transports']>
}

export interface PeerNode {
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
  counts(): { readonly connected: number; readonly heartbeatsSeen: number }
}

type Services = { identify: Identify; ping: Ping; gossip: GossipSub }

/** Builds a node; it does nothing before `start`. @throws CodedError `invalid_peer_key`, `invalid_address`, `too_many_addresses`. */
export async function createPeerNode(components: PeerNodeComponents, options: PeerNodeOptions): Promise<PeerNode> {
  const bootstrap = parseAddresses(options.bootstrap, P2P_LIMITS.bootstrapAddresses)
  const node = await createNode(options)
  const { directory, clock } = components
  const logger = components.logger.child('p2p')
  const gossip = node.services.gossip
  const channelComponents = { gossip, directory, clock, logger }
  const heartbeats = openTopicChannel(HEARTBEAT_TOPIC, channelComponents)
  const raceChallenges = openTopicChannel(RACE_CHALLENGE_TOPIC, channelComponents)
  const stopped = new AbortController()
  let redialling: Promise<unknown> | undefined

  function mustRun(): void {
    if (node.status !== 'started') {
      throw new CodedError('not_started', 'the peer node does not run')
    }
  }

  return {
    peerId: node.peerId.toString(),
    async start() {
      await node.start()
      heartbeats.join()
      raceChallenges.join()
      const targets = bootstrap.map((address) => redialTarget(node, address))
      redialling = Promise.all(targets.map((target) => keepConnected(target, { clock, logger }, stopped.signal)))
    },
    async stop() {
      stopped.abort()
      await node.stop()
      await redialling
    },
    addresses: () => node.getMultiaddrs().map((address) => address.toString()),
    async publishHeartbeat(message) {
      mustRun()
      return heartbeats.publish(message)
    },
    async publishRaceChallenge(message) {
      mustRun()
      return raceChallenges.publish(message)
    },
    onHeartbeat: (listener) => heartbeats.onMessage(listener),
    onRaceChallenge: (listener) => raceChallenges.onMessage(listener),
    counts: () => ({ connected: node.getPeers().length, heartbeatsSeen: heartbeats.acceptedCount() }),
  }
}

async function createNode(options: PeerNodeOptions): Promise<Libp2p<Services>> {
  parseAddresses(options.listen, P2P_LIMITS.listenAddresses)
  const topics = [HEARTBEAT_TOPIC.name, RACE_CHALLENGE_TOPIC.name]
  return createLibp2p<Services>({
    start: false,
    privateKey: await privateKeyFromSeed(options.peerKey),
    nodeInfo: { userAgent: options.agent ?? 'tailrace' },
    addresses: { listen: [...options.listen] },
    transports: [tcp(), ...(options.extraTransports ?? [])],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({ maxInboundStreams: P2P_LIMITS.inboundStreams, maxOutboundStreams: P2P_LIMITS.outboundStreams }),
    ],
    connectionManager: {
      maxConnections: P2P_LIMITS.connections,
      maxIncomingPendingConnections: P2P_LIMITS.pendingInboundConnections,
      maxParallelDials: P2P_LIMITS.parallelDials,
      maxDialQueueLength: P2P_LIMITS.dialQueue,
      maxPeerAddrsToDial: P2P_LIMITS.addressesPerPeer,
      dialTimeout: P2P_LIMITS.dialTimeoutMs,
      inboundConnectionThreshold: options.isLoopback ? 1_000 : P2P_LIMITS.connectionsPerSecondAndAddress,
    },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: createGossipService(topics, { isLoopback: options.isLoopback }),
    },
  })
}

function parseAddresses(texts: readonly string[], most: number): Multiaddr[] {
  if (texts.length > most) {
    throw new CodedError('too_many_addresses', `at most ${most} addresses`, { fields: { addresses: texts.length } })
  }
  return texts.map((text) => {
    try {
      const address = multiaddr(text)
      peerIdIn(address)
      return address
    } catch (cause) {
      throw new CodedError('invalid_address', 'not a multiaddr', { fields: { address: text.slice(0, 200) }, cause })
    }
  })
}

/** A bootstrap address without a peer id learns it at the first connection. */
function redialTarget(node: Libp2p, address: Multiaddr): RedialTarget {
  let peer: PeerId | undefined = peerIdIn(address)
  return {
    address: address.toString(),
    isConnected: () => peer !== undefined && (peer.equals(node.peerId) || node.getConnections(peer).length > 0),
    async dial(signal) {
      const connection = await node.dial(address, { signal })
      peer = connection.remotePeer
    },
  }
}

function peerIdIn(address: Multiaddr): PeerId | undefined {
  const named = address.getComponents().findLast((component) => component.name === 'p2p')?.value
  return named === undefined ? undefined : peerIdFromString(named)
}
