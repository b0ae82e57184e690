import type { GossipSub, GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import type { Identify } from '@libp2p/identify'
import { identify } from '@libp2p/identify'
import type { Libp2p, PeerId, Topology } from '@libp2p/interface'
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
import { createGossipService } from './gossip.ts'
import { P2P_LIMITS } from './limits.ts'
import { privateKeyFromSeed } from './peer-key.ts'
import type { RedialTarget } from './redial.ts'

export interface Libp2pNodeOptions {
  /** Ed25519 seed, 32 bytes (peer-key.ts). */
  readonly peerKey: Uint8Array
  /** Multiaddrs to listen on, e.g. `/ip4/127.0.0.1/tcp/0`; none for a node that only dials. */
  readonly listen: readonly string[]
  /** All peers share one address: lifts the limits per address. For local networks and tests. */
  readonly isLoopback: boolean
  /** Software and version, as peers see it. */
  readonly agent?: string
  /** Transports beside TCP, e.g. the memory transport of tests. */
  readonly extraTransports?: NonNullable<Libp2pOptions['transports']>
}

export type Services = {
  identify: Identify
  ping: Ping
  gossip: GossipSub
  /** Who is told of peers that speak a protocol: the gossip service, of its own. */
  topologies: (protocol: string) => Topology[]
}

/** Does nothing before its `start`. @throws CodedError `invalid_peer_key`, `invalid_address`, `too_many_addresses`. */
export async function createLibp2pNode(
  options: Libp2pNodeOptions,
  topics: readonly string[],
): Promise<Libp2p<Services>> {
  parseAddresses(options.listen, P2P_LIMITS.listenAddresses)
  return createLibp2p<Services>({
    start: false,
    privateKey: await privateKeyFromSeed(options.peerKey),
    nodeInfo: { userAgent: options.agent ?? 'tailrace' },
    addresses: { listen: [...options.listen] },
    transports: [tcp(), ...(options.extraTransports ?? [])],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: P2P_LIMITS.inboundStreams,
        maxOutboundStreams: P2P_LIMITS.outboundStreams,
        streamOptions: { maxStreamWindowSize: P2P_LIMITS.streamWindowBytes },
      }),
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
      topologies:
        ({ registrar }: Pick<GossipSubComponents, 'registrar'>) =>
        (protocol: string) =>
          registrar.getTopologies(protocol),
    },
  })
}

/** @throws CodedError `invalid_address`, `too_many_addresses` */
export function parseAddresses(texts: readonly string[], most: number): Multiaddr[] {
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
export function redialTarget(node: Libp2p, address: Multiaddr): RedialTarget {
  let peer: PeerId | undefined = peerIdIn(address)
  return {
    address: address.toString(),
    isConnected: () =>
      peer !== undefined &&
      (peer.equals(node.peerId) || node.getConnections(peer).some(({ status }) => status === 'open')),
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
