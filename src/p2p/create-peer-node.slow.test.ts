import { afterEach, describe, expect, it } from 'vitest'
import type { TestNodes, TestPeer } from '../../test/support/peer-network.ts'
import { createTestDirectory, createTestNodes, createTestPeer, SYSTEM_CLOCK } from '../../test/support/peer-network.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { Heartbeat, RaceChallenge } from '../protocol/gossip.ts'
import type { PeerNode } from './create-peer-node.ts'
import { createPeerNode } from './create-peer-node.ts'

let nodes: TestNodes | undefined

afterEach(async () => {
  await nodes?.stopAll()
  nodes = undefined
})

interface Inbox {
  readonly heartbeats: Heartbeat[]
  readonly challenges: RaceChallenge[]
}

function inboxOf(node: PeerNode): Inbox {
  const inbox: Inbox = { heartbeats: [], challenges: [] }
  node.onHeartbeat((message) => inbox.heartbeats.push(message))
  node.onRaceChallenge((message) => inbox.challenges.push(message))
  return inbox
}

async function peers(count: number): Promise<TestPeer[]> {
  return Promise.all(Array.from({ length: count }, createTestPeer))
}

/** Publishes a fresh heartbeat until `inbox` holds one of this peer: subscriptions take a moment to spread. */
async function heartbeatArrives(node: PeerNode, peer: TestPeer, inbox: Inbox): Promise<void> {
  await waitFor(
    `a heartbeat of ${peer.peerId}`,
    async () => {
      await node.publishHeartbeat(peer.heartbeat())
      return inbox.heartbeats.some((message) => message.host === peer.owner)
    },
    { everyMs: 500 },
  )
}

describe.each(['tcp', 'memory'] as const)('peer nodes over %s', (kind) => {
  it('deliver heartbeats and race challenges to every node of a star', async () => {
    const [first, second, third] = (await peers(3)) as [TestPeer, TestPeer, TestPeer]
    nodes = createTestNodes(kind, createTestDirectory([first, second, third]))
    const hub = await nodes.start(first)
    const inboxes = [inboxOf(hub)]
    const spokes = [
      await nodes.start(second, { bootstrap: hub.addresses() }),
      await nodes.start(third, { bootstrap: hub.addresses() }),
    ] as const
    inboxes.push(...spokes.map(inboxOf))
    const [hubInbox, secondInbox, thirdInbox] = inboxes as [Inbox, Inbox, Inbox]

    await heartbeatArrives(spokes[0], second, hubInbox)
    // Through the hub: the spokes do not know each other.
    await heartbeatArrives(spokes[0], second, thirdInbox)
    await heartbeatArrives(hub, first, secondInbox)
    const challenge = third.challenge({ nonce: 99n })
    await spokes[1].publishRaceChallenge(challenge)
    await waitFor('the challenge reaches both', () => hubInbox.challenges.length + secondInbox.challenges.length === 2)
    expect(secondInbox.challenges[0]).toEqual(challenge)
    expect(hub.counts().connected).toBe(2)
    expect(hub.counts().heartbeatsSeen).toBe(hubInbox.heartbeats.length)
    expect(thirdInbox.challenges).toHaveLength(0)
  })

  it('bring a late joiner in', async () => {
    const [first, second, late] = (await peers(3)) as [TestPeer, TestPeer, TestPeer]
    const directory = createTestDirectory([first, second])
    nodes = createTestNodes(kind, directory)
    const hub = await nodes.start(first)
    const hubInbox = inboxOf(hub)
    const old = await nodes.start(second, { bootstrap: hub.addresses() })
    await heartbeatArrives(old, second, hubInbox)

    const joiner = await nodes.start(late, { bootstrap: hub.addresses() })
    const joinerInbox = inboxOf(joiner)
    await heartbeatArrives(old, second, joinerInbox)
    expect(hubInbox.heartbeats.some((message) => message.host === late.owner)).toBe(false)
    directory.register(late)
    await heartbeatArrives(joiner, late, hubInbox)
  })

  it('dial a restarted bootstrap peer again', async () => {
    const [first, second] = (await peers(2)) as [TestPeer, TestPeer]
    nodes = createTestNodes(kind, createTestDirectory([first, second]))
    const hub = await nodes.start(first)
    const [address] = hub.addresses() as [string]
    const spoke = await nodes.start(second, { bootstrap: [address] })
    const spokeInbox = inboxOf(spoke)
    await waitFor('connected', () => spoke.counts().connected === 1)
    await hub.stop()
    await waitFor('disconnected', () => spoke.counts().connected === 0)
    const again = await nodes.start(first, { listen: [address.replace(/\/p2p\/.*$/, '')] })
    // A first try that comes too early is followed by longer waits.
    await waitFor('connected again', () => spoke.counts().connected === 1, { deadlineMs: 60_000 })
    await heartbeatArrives(again, first, spokeInbox)
  })
})

describe('a gateway, which is no registered host', () => {
  it('hears batches and check requests of hosts, and is not heard itself', async () => {
    const [first, second, stranger] = (await peers(3)) as [TestPeer, TestPeer, TestPeer]
    nodes = createTestNodes('tcp', createTestDirectory([first, second]))
    const hub = await nodes.start(first)
    const host = await nodes.start(second, { bootstrap: hub.addresses() })
    const gateway = await nodes.start(stranger, { bootstrap: hub.addresses() })
    const heard: unknown[] = []
    gateway.onBatch((message) => heard.push(message))
    gateway.onCheckRequest((message) => heard.push(message))
    const lies: unknown[] = []
    hub.onBatch((message) => lies.push(message.host))
    hub.onCheckRequest((message) => lies.push(message.host))
    let batch = second.batch()
    let request = second.checkRequest()
    await waitFor(
      'a batch and a check request of the host',
      async () => {
        batch = second.batch()
        request = second.checkRequest()
        await host.publishBatch(batch)
        await host.publishCheckRequest(request)
        await gateway.publishBatch(stranger.batch())
        await gateway.publishCheckRequest(stranger.checkRequest())
        return heard.length >= 2
      },
      { everyMs: 500 },
    )
    await waitFor('the newest of both', () => {
      expect(heard).toContainEqual(batch)
      expect(heard).toContainEqual(request)
      return true
    })
    expect(new Set(lies)).toEqual(new Set([second.owner]))
  })
})

describe('a peer node', () => {
  it('learns the peer id of a bootstrap address that names none', async () => {
    const [first, second] = (await peers(2)) as [TestPeer, TestPeer]
    nodes = createTestNodes('tcp', createTestDirectory([first, second]))
    const hub = await nodes.start(first)
    const spoke = await nodes.start(second, {
      bootstrap: hub.addresses().map((text) => text.replace(/\/p2p\/.*$/, '')),
    })
    await waitFor('connected', () => spoke.counts().connected === 1 && hub.counts().connected === 1)
  })

  it('says that nobody received what it published alone', async () => {
    const peer = await createTestPeer()
    nodes = createTestNodes('memory', createTestDirectory([peer]))
    const node = await nodes.start(peer)
    expect(await node.publishHeartbeat(peer.heartbeat())).toEqual({ recipients: 0 })
  })

  it('publishes nothing before it is started, and nothing over 4 KiB', async () => {
    const peer = await createTestPeer()
    const directory = createTestDirectory([peer])
    const node = await createPeerNode(
      { directory, clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
      { peerKey: peer.peerKey, listen: [], bootstrap: [], isLoopback: true },
    )
    expect(node.peerId).toBe(peer.peerId)
    await expect(node.publishHeartbeat(peer.heartbeat())).rejects.toMatchObject({ code: 'not_started' })
    nodes = createTestNodes('memory', directory)
    const started = await nodes.start(peer)
    const long = peer.heartbeat({ phase: 'a'.repeat(5_000) })
    await expect(started.publishHeartbeat(long)).rejects.toMatchObject({ code: 'message_too_large' })
  })

  it.each([
    ['no multiaddr', { bootstrap: ['127.0.0.1:4001'] }, 'invalid_address'],
    ['a broken peer id', { bootstrap: ['/ip4/127.0.0.1/tcp/4001/p2p/nobody'] }, 'invalid_address'],
    ['too many', { listen: Array.from({ length: 9 }, () => '/ip4/127.0.0.1/tcp/0') }, 'too_many_addresses'],
    ['a short key', { peerKey: new Uint8Array(31) }, 'invalid_peer_key'],
  ])('refuses %s', async (_name, wrong, code) => {
    const peer = await createTestPeer()
    const options = { peerKey: peer.peerKey, listen: [], bootstrap: [], isLoopback: true, ...wrong }
    const components = { directory: createTestDirectory([]), clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
    await expect(createPeerNode(components, options)).rejects.toMatchObject({ code })
  })
})
