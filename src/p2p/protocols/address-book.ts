/**
 * Where peers are that this node is not connected to. Each peer signs a record of its own addresses and gives it to its
 * neighbours when they connect (identify); this module asks neighbours for the records that they hold, so the addresses of a
 * peer spread along the way that its heartbeats take. Invariant: an address enters the peer store only inside a record that
 * the named peer signed; a neighbour can withhold one, not invent one.
 */
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { errorCode } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../../lib/runtime.ts'
import type { Unsubscribe } from '../gossip.ts'
import { P2P_LIMITS } from '../limits.ts'
import { ADDRESS } from './catalog.ts'
import type { StreamOpener } from './exchange.ts'
import { askPeer, serveExchange } from './exchange.ts'
import type { StreamService } from './stream-service.ts'

export interface AddressBookComponents {
  readonly node: Libp2p
  readonly streams: StreamService
  readonly clock: Pick<Clock, 'nowMs'>
  readonly logger: Logger
}

export class AddressBook {
  readonly #components: AddressBookComponents
  /** Author → when a neighbour may be asked again. Least recently asked first. */
  readonly #askAgainMs = new Map<string, number>()
  readonly #questions = new Map<string, Promise<void>>()
  readonly #stopped = new AbortController()

  constructor(components: AddressBookComponents) {
    this.#components = components
  }

  /** Answers what neighbours ask. */
  serve(): Unsubscribe {
    return serveExchange(this.#components.streams, ADDRESS, async (_from, { peerId }) => ({
      record: await this.#recordOf(peerId),
    }))
  }

  /** Asks the neighbours for a newer record of the peer; true where one came. Never rejects. */
  async lookUp(peer: PeerId, signal: AbortSignalLike): Promise<boolean> {
    const neighbours = this.#components.node
      .getConnections()
      .filter((connection) => connection.status === 'open' && !connection.remotePeer.equals(peer))
      .slice(0, P2P_LIMITS.addressNeighbours)
    for (let first = 0; first < neighbours.length && !signal.aborted; first += P2P_LIMITS.addressQuestions) {
      const group = neighbours.slice(first, first + P2P_LIMITS.addressQuestions)
      const answers = await Promise.all(group.map((neighbour) => this.#ask(neighbour, peer, signal)))
      if (answers.includes(true)) {
        return true
      }
    }
    return false
  }

  /** A heartbeat of `author` came from the neighbour `source`: who passes it on may know where its author is. */
  heard(author: string, source: string): void {
    const { clock, logger } = this.#components
    const isEarly = clock.nowMs() < (this.#askAgainMs.get(author) ?? 0)
    const isBusy = this.#questions.has(author) || this.#questions.size >= P2P_LIMITS.addressQuestions
    if (author === source || isEarly || isBusy || this.#stopped.signal.aborted) {
      return
    }
    this.#pause(author, P2P_LIMITS.heardPauseMs)
    const question = this.#learn(author, source)
      .catch((error: unknown) => logger.log('debug', 'address not learned', { author, code: errorCode(error) }))
      .finally(() => this.#questions.delete(author))
    this.#questions.set(author, question)
  }

  /** Ends the questions that `heard` began. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#questions.values())
  }

  async #learn(author: string, source: string): Promise<void> {
    const { node } = this.#components
    const peer = peerIdFromString(author)
    const known = await node.peerStore.get(peer).catch(() => undefined)
    const neighbour = node.getConnections(peerIdFromString(source)).find((connection) => connection.status === 'open')
    if ((known?.addresses.length ?? 0) > 0 || neighbour === undefined) {
      return
    }
    if (!(await this.#ask(neighbour, peer, this.#stopped.signal))) {
      this.#pause(author, P2P_LIMITS.heardRetryMs)
    }
  }

  async #ask(neighbour: Connection, peer: PeerId, signal: AbortSignalLike): Promise<boolean> {
    const { node, streams, logger } = this.#components
    const open: StreamOpener = (protocol) => streams.open(neighbour, protocol, signal)
    try {
      const { record } = await askPeer(open, ADDRESS, { peerId: peer.toString() }, signal)
      return record.length > 0 && (await node.peerStore.consumePeerRecord(record, { expectedPeer: peer }))
    } catch (error) {
      const fields = { peer: peer.toString(), neighbour: neighbour.remotePeer.toString(), code: errorCode(error) }
      logger.log('debug', 'neighbour gave no address', fields)
      return false
    }
  }

  /** The record that a peer signed and gave to this node; empty where it has none, also after a question that is under way. */
  async #recordOf(peerId: string): Promise<Uint8Array> {
    try {
      await this.#questions.get(peerId)
      const peer = await this.#components.node.peerStore.get(peerIdFromString(peerId))
      return peer.peerRecordEnvelope ?? new Uint8Array(0)
    } catch {
      // No peer id, or nobody that this node ever met.
      return new Uint8Array(0)
    }
  }

  #pause(author: string, pauseMs: number): void {
    this.#askAgainMs.delete(author)
    this.#askAgainMs.set(author, this.#components.clock.nowMs() + pauseMs)
    if (this.#askAgainMs.size > P2P_LIMITS.heardAuthors) {
      this.#askAgainMs.delete(this.#askAgainMs.keys().next().value as string)
    }
  }
}
