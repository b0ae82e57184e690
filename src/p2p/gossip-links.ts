import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Connection, Libp2p, PeerId, Stream, Topology } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CodedError } from '../lib/coded-error.ts'
import type { Services } from './libp2p-node.ts'
import { P2P_LIMITS } from './limits.ts'
import { SCORE_THRESHOLDS } from './scoring.ts'

/** The gossip with one connected peer. */
export interface GossipLink {
  readonly peer: string
  /** Gossip runs both ways and the peer has said what it listens to. */
  readonly isWhole: boolean
  /** Of the two sides of a link exactly one waits longer before it mends. */
  readonly waitsLonger: boolean
}

export interface GossipLinks {
  /** All connected peers that gossip, or may: those that said that they do not, and those that are not listened to, are left out. */
  look(): Promise<GossipLink[]>
  /** Ends what is left of the gossip with a peer, here and at its side; its connections stand. */
  takeApart(peer: string): Promise<void>
  /** Begins gossip over a connection that stands; does nothing where there is none. */
  putTogether(peer: string): Promise<void>
  /** Closes the peer's connections on which no paid work runs. How many. */
  hangUp(peer: string): Promise<number>
}

/** Streams of this network's own protocols (protocols/catalog.ts). */
const WORK_PREFIX = '/tailrace/'

/** The links of a node as libp2p and its gossip service see them; `topics` are those that every peer of this network joins. */
export function createGossipLinks(node: Libp2p<Services>, topics: readonly string[]): GossipLinks {
  const { gossip } = node.services

  /** What libp2p tells the gossip service about peers that come and go: said again, it opens and drops what belongs to one. */
  function topologies(): Topology[] {
    const all = gossip.protocols.flatMap((protocol) => node.services.topologies(protocol))
    return [...new Set(all)]
  }

  return {
    look: () => lookAtLinks(node, topics),
    async takeApart(id) {
      const peer = peerIdFromString(id)
      // Reset, not closed: only an error makes the other side drop its record of this one.
      for (const stream of gossipStreams(gossip, node.getConnections(peer))) {
        stream.abort(new CodedError('gossip_broken', 'gossip with this peer is set up anew'))
      }
      await Promise.all(topologies().map(async (topology) => topology.onDisconnect?.(peer)))
    },
    async putTogether(id) {
      const peer = peerIdFromString(id)
      const connection = openConnections(node, peer).find(({ limits }) => limits === undefined)
      if (connection !== undefined) {
        await Promise.all(topologies().map(async (topology) => topology.onConnect?.(peer, connection)))
      }
    },
    async hangUp(id) {
      const idle = node.getConnections(peerIdFromString(id)).filter((connection) => !carriesWork(connection))
      await Promise.all(idle.map(closeFor))
      return idle.length
    },
  }
}

async function lookAtLinks(node: Libp2p<Services>, topics: readonly string[]): Promise<GossipLink[]> {
  const { gossip } = node.services
  const known = knownPeers(gossip, topics)
  const ownId = node.peerId.toString()
  const links: GossipLink[] = []
  for (const peer of node.getPeers()) {
    const id = peer.toString()
    const streams = gossipStreams(gossip, openConnections(node, peer))
    const isWhole = known.has(id) && streams.some(isWritable) && streams.some(isReadable)
    if (isWhole || (isListenedTo(gossip, id) && (await mayGossip(node, peer)))) {
      links.push({ peer: id, isWhole, waitsLonger: ownId > id })
    }
  }
  return links
}

/** Whom the gossip service has a record of, with one of the topics at least. */
function knownPeers(gossip: GossipSub, topics: readonly string[]): ReadonlySet<string> {
  const listeners = new Set(topics.flatMap((topic) => gossip.getSubscribers(topic).map(String)))
  const recorded = gossip.getPeers().map(String)
  return new Set(recorded.filter((peer) => listeners.has(peer)))
}

const openConnections = (node: Libp2p, peer: PeerId): Connection[] =>
  node.getConnections(peer).filter(({ status }) => status === 'open')

const gossipStreams = (gossip: GossipSub, connections: readonly Connection[]): Stream[] =>
  connections.flatMap(({ streams }) => streams).filter(({ protocol }) => gossip.protocols.includes(protocol))

/** A peer whose introduction (identify) never came may well gossip. */
async function mayGossip(node: Libp2p<Services>, peer: PeerId): Promise<boolean> {
  if (!(await node.peerStore.has(peer))) {
    return true
  }
  const { protocols, metadata } = await node.peerStore.get(peer)
  const isIntroduced = metadata.has('AgentVersion')
  return !isIntroduced || protocols.some((protocol) => node.services.gossip.protocols.includes(protocol))
}

/** What a graylisted peer sends is not looked at, so its subscriptions are unknown: that is no fault. */
function isListenedTo(gossip: GossipSub, id: string): boolean {
  return !isScored(gossip) || gossip.getScore(id) >= (SCORE_THRESHOLDS.graylistThreshold ?? Number.NEGATIVE_INFINITY)
}

/** The service has it; the type that its package exports leaves it out. */
interface ScoredGossip extends GossipSub {
  getScore(peer: string): number
}

const isScored = (gossip: GossipSub): gossip is ScoredGossip => 'getScore' in gossip

const isWritable = (stream: Stream): boolean =>
  stream.direction === 'outbound' && stream.status === 'open' && stream.writeStatus === 'writable'

const isReadable = (stream: Stream): boolean =>
  stream.direction === 'inbound' && stream.status === 'open' && stream.remoteWriteStatus === 'writable'

const carriesWork = ({ streams }: Connection): boolean =>
  streams.some(({ protocol }) => protocol.startsWith(WORK_PREFIX))

async function closeFor(connection: Connection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(P2P_LIMITS.lingerMs) })
  } catch (error) {
    // What does not close in good order is cut.
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
