/**
 * What breaks gossip between two connected peers, done to real nodes on loopback: each fault silences both sides for good where
 * nobody watches, and is mended where at least one side does.
 */
import { randomBytes } from 'node:crypto'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestDirectory, createTestNodes, createTestPeer, SYSTEM_CLOCK } from '../../test/support/peer-network.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import type { Clock } from '../lib/runtime.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { GOSSIP_TOPICS } from '../protocol/gossip.ts'
import { createGossipLinks } from './gossip-links.ts'
import { watchGossip } from './gossip-watch.ts'
import type { Services } from './libp2p-node.ts'
import { createLibp2pNode } from './libp2p-node.ts'

type Node = Libp2p<Services>

const TOPICS = Object.values(GOSSIP_TOPICS)
const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']
/** The watch ten times as fast: it counts looks. */
const QUICK_CLOCK: Clock = {
  nowMs: SYSTEM_CLOCK.nowMs,
  sleep: (delayMs, signal) => SYSTEM_CLOCK.sleep(delayMs / 10, signal),
}

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

async function start(): Promise<Node> {
  const peerKey = Uint8Array.from(randomBytes(32))
  const node = await createLibp2pNode({ peerKey, listen: LOOPBACK, isLoopback: true }, TOPICS)
  await node.start()
  stops.push(async () => node.stop())
  for (const topic of TOPICS) {
    node.services.gossip.subscribe(topic)
  }
  return node
}

function startWatch(node: Node): void {
  const abort = new AbortController()
  const links = createGossipLinks(node, TOPICS)
  const running = watchGossip({ links, clock: QUICK_CLOCK, logger: SILENT_LOGGER }, abort.signal)
  stops.push(async () => {
    abort.abort()
    await running
  })
}

const dial = (from: Node, to: Node, options: { force?: boolean } = {}) => from.dial(to.getMultiaddrs(), options)

/** Publishes until one message of `from` arrives at `to`. */
async function arrives(from: Node, to: Node, deadlineMs = 30_000): Promise<void> {
  let heard = 0
  const onMessage = () => {
    heard += 1
  }
  to.services.gossip.addEventListener('message', onMessage)
  try {
    await waitFor(
      'a message',
      async () => {
        await from.services.gossip.publish(GOSSIP_TOPICS.heartbeat, randomBytes(24))
        return heard > 0
      },
      { everyMs: 50, deadlineMs },
    )
  } finally {
    to.services.gossip.removeEventListener('message', onMessage)
  }
}

async function flowsBothWays(first: Node, second: Node, deadlineMs?: number): Promise<void> {
  await arrives(first, second, deadlineMs)
  await arrives(second, first, deadlineMs)
}

function gossipStreams(node: Node): Stream[] {
  return node
    .getConnections()
    .flatMap(({ streams }) => streams)
    .filter(({ protocol }) => protocol.startsWith('/meshsub/'))
}

type Fault = (dialler: Node, listener: Node) => Promise<void>

const abortStreams =
  (side: 'dialler' | 'listener', direction: 'inbound' | 'outbound'): Fault =>
  async (dialler, listener) => {
    await dial(dialler, listener)
    await flowsBothWays(dialler, listener)
    for (const stream of gossipStreams(side === 'dialler' ? dialler : listener)) {
      if (stream.direction === direction) {
        stream.abort(new Error('injected'))
      }
    }
  }

/** The connection ends while the dialler opens its gossip stream on it; then the two connect again. */
const endWhileOpening: Fault = async (dialler, listener) => {
  const merge = dialler.peerStore.merge.bind(dialler.peerStore)
  const closed = Promise.withResolvers<void>()
  let held = 0
  let merges = 0
  dialler.peerStore.merge = async (id, data, options) => {
    if (data.protocols?.length === 1 && data.protocols[0]?.startsWith('/meshsub/') === true) {
      held += 1
      await closed.promise
      merges += 1
    }
    return merge(id, data, options)
  }
  await dial(dialler, listener)
  await waitFor('the stream is being opened', () => held > 0)
  await Promise.all(listener.getConnections().map((connection) => connection.close()))
  await waitFor('both have heard of it', () => dialler.getPeers().length + listener.getPeers().length === 0)
  await waitFor('the peer is dropped', () => dialler.services.gossip.getPeers().length === 0)
  closed.resolve()
  await waitFor('the opening has ended', () => merges === held)
  await dial(dialler, listener)
}

/** Both had dialled each other; the connection that carries the gossip ends, the other one stands. */
const olderConnectionEnds: Fault = async (dialler, listener) => {
  await dial(dialler, listener)
  await flowsBothWays(dialler, listener)
  let introductions = 0
  for (const node of [dialler, listener]) {
    node.addEventListener('peer:identify', () => {
      introductions += 1
    })
  }
  await dial(listener, dialler, { force: true })
  await waitFor(
    'two connections',
    () => dialler.getConnections().length === 2 && listener.getConnections().length === 2,
  )
  // An introduction over the second connection that came after the end of the first one would open the streams again.
  await waitFor('introduced', () => introductions === 2)
  const older = dialler.getConnections().find(({ direction }) => direction === 'outbound') as Connection
  await older.close()
  await waitFor('one connection', () => dialler.getConnections().length === 1 && listener.getConnections().length === 1)
}

/** A stream that a newer one has replaced ends with an error: the record of the newer one goes with it. */
const replacedStreamEnds: Fault = async (dialler, listener) => {
  await dial(dialler, listener)
  await flowsBothWays(dialler, listener)
  const older = gossipStreams(listener).find(({ direction }) => direction === 'outbound') as Stream
  await listener.getConnections()[0]?.newStream(listener.services.gossip.protocols)
  await waitFor(
    'a second stream',
    () => gossipStreams(dialler).filter(({ direction }) => direction === 'inbound').length === 2,
  )
  older.abort(new Error('injected'))
  await waitFor('the peer is dropped', () => dialler.services.gossip.getPeers().length === 0)
}

/** No gossip stream can be opened while both sides introduce themselves: a machine that is too busy to answer in time. */
const everyFirstOpeningFails: Fault = async (dialler, listener) => {
  for (const node of [dialler, listener]) {
    let failures = 0
    node.addEventListener('connection:open', ({ detail: connection }) => {
      const open = connection.newStream
      connection.newStream = async (protocols, options) => {
        if (failures < 3 && [protocols].flat().some((protocol) => protocol.startsWith('/meshsub/'))) {
          failures += 1
          throw new Error('injected')
        }
        return open(protocols, options)
      }
    })
  }
  await dial(dialler, listener)
  await waitFor('both introduced', async () =>
    (await Promise.all([dialler.peerStore.all(), listener.peerStore.all()])).every(
      (peers) => peers.filter((peer) => peer.metadata.has('AgentVersion')).length === 1,
    ),
  )
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['the inbound stream of the dialler is reset', abortStreams('dialler', 'inbound')],
  ['the outbound stream of the dialler is reset', abortStreams('dialler', 'outbound')],
  ['the inbound stream of the listener is reset', abortStreams('listener', 'inbound')],
  ['the outbound stream of the listener is reset', abortStreams('listener', 'outbound')],
  ['the connection ends while a stream is opened on it', endWhileOpening],
  ['the older of two connections ends', olderConnectionEnds],
  ['a stream ends that was replaced by a newer one', replacedStreamEnds],
  ['the streams cannot be opened at first', everyFirstOpeningFails],
]

describe.each(FAULTS)('gossip where %s', (_name, fault) => {
  it.each(['dialler', 'listener', 'both'])('is mended by a watch at: %s', async (watcher) => {
    const [dialler, listener] = (await Promise.all([start(), start()])) as [Node, Node]
    await fault(dialler, listener)
    const connections = dialler.getConnections().map(({ id }) => id)
    if (watcher !== 'listener') {
      startWatch(dialler)
    }
    if (watcher !== 'dialler') {
      startWatch(listener)
    }
    await flowsBothWays(dialler, listener)
    // Gently: over the connection that stood.
    expect(dialler.getConnections().map(({ id }) => id)).toEqual(connections)
  })
})

const WORK = '/tailrace/order/1'

/** Two connected nodes with a stream of paid work between them. */
async function working(): Promise<{ dialler: Node; listener: Node; stream: Stream; heard: string[] }> {
  const [dialler, listener] = (await Promise.all([start(), start()])) as [Node, Node]
  const heard: string[] = []
  await listener.handle(WORK, (stream) => {
    stream.addEventListener('message', ({ data }) => void heard.push(Buffer.from(data.subarray()).toString()))
  })
  const connection = await dial(dialler, listener)
  await flowsBothWays(dialler, listener)
  const stream = await connection.newStream(WORK)
  return { dialler, listener, stream, heard }
}

describe('mending the gossip', () => {
  it('leaves paid work on the same connection alone', async () => {
    const { dialler, listener, stream, heard } = await working()
    stream.send(Buffer.from('before'))
    await waitFor('the first words', () => heard.join('') === 'before')
    for (const broken of gossipStreams(listener)) {
      broken.abort(new Error('injected'))
    }
    startWatch(dialler)
    await flowsBothWays(dialler, listener)
    stream.send(Buffer.from(' after'))
    await waitFor('the last words', () => heard.join('') === 'before after')
    expect(stream.status).toBe('open')
  })

  it('hangs up only where no paid work runs', async () => {
    const { dialler, listener, stream } = await working()
    const links = createGossipLinks(dialler, TOPICS)
    expect(await links.hangUp(listener.peerId.toString())).toBe(0)
    expect(dialler.getConnections()).toHaveLength(1)
    stream.abort(new Error('done'))
    expect(await links.hangUp(listener.peerId.toString())).toBe(1)
    await waitFor('both have hung up', () => dialler.getPeers().length + listener.getPeers().length === 0)
  })

  it('hangs up at last where no gossip can be set up, so that a new connection can have it', async () => {
    const [dialler, listener] = (await Promise.all([start(), start()])) as [Node, Node]
    await dial(dialler, listener)
    await flowsBothWays(dialler, listener)
    for (const { streams } of [...dialler.getConnections(), ...listener.getConnections()]) {
      for (const stream of [...streams]) {
        stream.abort(new Error('injected'))
      }
    }
    for (const stuck of [...dialler.getConnections(), ...listener.getConnections()]) {
      stuck.newStream = () => Promise.reject(new Error('injected'))
    }
    startWatch(dialler)
    await waitFor('it hangs up', () => dialler.getPeers().length + listener.getPeers().length === 0, {
      deadlineMs: 60_000,
    })
    await dial(dialler, listener)
    await flowsBothWays(dialler, listener)
  })
})

describe('the links of a node', () => {
  it('are those with peers that gossip, whole once both have said what they listen to', async () => {
    const [node, friend] = (await Promise.all([start(), start()])) as [Node, Node]
    const mute = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    })
    stops.push(async () => mute.stop())
    const links = createGossipLinks(node, TOPICS)
    await mute.dial(node.getMultiaddrs())
    await waitFor('introduced', async () => (await node.peerStore.get(mute.peerId)).metadata.has('AgentVersion'))
    await dial(friend, node)
    await waitFor('the friend is a link, the mute one is none', async () => {
      const [link, ...others] = await links.look()
      return others.length === 0 && link?.peer === friend.peerId.toString() && link.isWhole
    })
    const [back] = await createGossipLinks(friend, TOPICS).look()
    expect(back).toMatchObject({ peer: node.peerId.toString() })
    expect((await links.look())[0]?.waitsLonger).toBe(back?.waitsLonger === false)
  })

  it('leave out a peer that is not listened to, while its subscriptions cannot be known', async () => {
    const [node, liar] = (await Promise.all([start(), start()])) as [Node, Node]
    await dial(liar, node)
    await flowsBothWays(node, liar)
    const links = createGossipLinks(node, TOPICS)
    for (const stream of gossipStreams(node)) {
      stream.abort(new Error('injected'))
    }
    await waitFor('broken', async () => (await links.look())[0]?.isWhole === false)
    Object.assign(node.services.gossip, { getScore: () => -1_000 })
    expect(await links.look()).toEqual([])
  })
})

describe('a peer node', () => {
  it('watches its gossip: one whose neighbour lost it hears and is heard again', async () => {
    const host = await createTestPeer()
    const nodes = createTestNodes('tcp', createTestDirectory([host]), QUICK_CLOCK)
    stops.push(() => nodes.stopAll())
    const product = await nodes.start(host)
    const neighbour = await start()
    await neighbour.dial(product.addresses().map((address) => multiaddr(address)))
    const listeners = () => neighbour.services.gossip.getSubscribers(GOSSIP_TOPICS.heartbeat).length
    await waitFor('gossip', () => listeners() === 1)
    for (const stream of gossipStreams(neighbour)) {
      stream.abort(new Error('injected'))
    }
    await waitFor('silence', () => listeners() === 0)
    await waitFor('gossip again', () => listeners() === 1)
    const connections = neighbour.getConnections().length
    await waitFor('heard', async () => (await product.publishHeartbeat(host.heartbeat())).recipients === 1)
    expect(connections).toBe(1)
  })
})
