import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../../lib/runtime.ts'
import { P2P_LIMITS } from '../limits.ts'
import type { AddressBook } from './address-book.ts'
import { createDeadline } from './deadline.ts'

export interface Reach {
  /**
   * A connection to a peer that is known by its id alone: the one that stands, else by the addresses in the peer store, else
   * by what the neighbours know. @throws CodedError `peer_unreachable`, `aborted`
   */
  connect(peerId: string, signal: AbortSignalLike): Promise<Connection>
}

export interface ReachComponents {
  readonly node: Libp2p
  readonly addresses: AddressBook
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Logger
}

export function createReach({ node, addresses, clock, logger }: ReachComponents): Reach {
  async function dial(peer: PeerId, signal: AbortSignalLike): Promise<Connection | undefined> {
    const deadline = createDeadline(clock, P2P_LIMITS.dialTimeoutMs, signal)
    try {
      return await node.dial(peer, { signal: deadline.signal })
    } catch (error) {
      logger.log('debug', 'peer not dialled', { peer: peer.toString(), error: errorMessage(error) })
      return undefined
    } finally {
      deadline.release()
    }
  }

  return {
    async connect(peerId, signal) {
      const peer = peerOf(peerId)
      if (node.status !== 'started' || peer.equals(node.peerId)) {
        throw new CodedError('peer_unreachable', 'this node does not run, or is the peer itself', {
          fields: { peerId },
        })
      }
      const connection = standing(node, peer) ?? (await dial(peer, signal))
      if (connection !== undefined) {
        return connection
      }
      if (!signal.aborted && (await addresses.lookUp(peer, signal))) {
        const found = await dial(peer, signal)
        if (found !== undefined) {
          return found
        }
      }
      if (signal.aborted) {
        throw new CodedError('aborted', 'the caller gave up', { cause: signal.reason })
      }
      throw new CodedError('peer_unreachable', 'no address of this peer leads to it', { fields: { peerId } })
    },
  }
}

/** A direct connection before a relayed one. */
function standing(node: Libp2p, peer: PeerId): Connection | undefined {
  const open = node.getConnections(peer).filter((connection) => connection.status === 'open')
  return open.find((connection) => connection.limits === undefined) ?? open[0]
}

function peerOf(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId)
  } catch (cause) {
    throw new CodedError('peer_unreachable', 'not a peer id', { fields: { peerId: peerId.slice(0, 128) }, cause })
  }
}
