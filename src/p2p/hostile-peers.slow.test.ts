/** A stranger with a libp2p of its own: it may sign and send whatever it likes, but nothing of it may be believed or break a node. */
import { randomBytes } from 'node:crypto'
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TestDirectory, TestNodes, TestPeer } from '../../test/support/peer-network.ts'
import { createTestDirectory, createTestNodes, createTestPeer, SYSTEM_CLOCK } from '../../test/support/peer-network.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import type { Logger } from '../lib/runtime.ts'
import { GOSSIP_TOPICS, Heartbeat } from '../protocol/gossip.ts'
import type { PeerNode } from './create-peer-node.ts'
import { createPeerNode } from './create-peer-node.ts'
import { P2P_LIMITS } from './limits.ts'
import { privateKeyFromSeed } from './peer-key.ts'

type Attacker = Libp2p<{ gossip: GossipSub }>

let honest: TestPeer
let liar: TestPeer
let directory: TestDirectory
let victim: PeerNode
let attacker: Attacker
let friends: TestNodes
let codes: string[]
let delivered: Heartbeat[]

const recordingLogger: Logger = {
  log: (_level, _message, fields) => {
    if (typeof fields?.code === 'string') {
      codes.push(fields.code)
    }
  },
  child: () => recordingLogger,
}

async function startAttacker(peerKey: Uint8Array): Promise<Attacker> {
  return createLibp2p({
    privateKey: await privateKeyFromSeed(peerKey),
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping(), gossip: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  })
}

beforeEach(async () => {
  codes = []
  delivered = []
  ;[honest, liar] = await Promise.all([createTestPeer(), createTestPeer()])
  directory = createTestDirectory([honest, liar])
  friends = createTestNodes('tcp', directory)
  const victimKey = Uint8Array.from(randomBytes(32))
  victim = await createPeerNode(
    { directory, clock: SYSTEM_CLOCK, logger: recordingLogger },
    { peerKey: victimKey, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], isLoopback: true },
  )
  victim.onHeartbeat((message) => delivered.push(message))
  await victim.start()
  attacker = await startAttacker(liar.peerKey)
  await attacker.dial(multiaddr(victim.addresses()[0] as string))
  await waitFor(
    'the victim listens',
    () => attacker.services.gossip.getSubscribers(GOSSIP_TOPICS.heartbeat).length === 1,
  )
})

afterEach(async () => {
  await attacker.stop()
  await friends.stopAll()
  await victim.stop()
})

async function publishUntil(data: () => Uint8Array, code: string): Promise<void> {
  await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, data())
  await waitFor(`verdict ${code}`, () => codes.includes(code))
}

/** The victim still takes what an honest host sends. */
async function stillAlive(): Promise<void> {
  const friend = await friends.start(honest, { bootstrap: victim.addresses() })
  await waitFor(
    'an honest heartbeat',
    async () => {
      await friend.publishHeartbeat(honest.heartbeat())
      return delivered.some((message) => message.host === honest.owner)
    },
    { everyMs: 500 },
  )
}

const encode = (message: Heartbeat) => Heartbeat.encode(message).finish()

describe('a hostile peer', () => {
  it('is heard while it tells the truth', async () => {
    await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, encode(liar.heartbeat()))
    await waitFor('its heartbeat', () => delivered.length === 1)
  })

  it('cannot speak for somebody else, whoever signed', async () => {
    await publishUntil(() => encode(honest.heartbeat()), 'wrong_peer')
    await stillAlive()
    expect(delivered.every((message) => message.host === honest.owner)).toBe(true)
  })

  it('cannot forge the device signature', async () => {
    await publishUntil(() => encode({ ...liar.heartbeat(), height: 9_999n }), 'bad_signature')
    expect(delivered).toHaveLength(0)
  })

  it('cannot send more than 4 KiB', async () => {
    const oversize = encode({ ...liar.heartbeat(), phase: 'a'.repeat(P2P_LIMITS.messageBytes) })
    await publishUntil(() => oversize, 'message_too_large')
    await stillAlive()
  })

  it('loses its gossip stream, and no one else does, with a frame over the limit', async () => {
    const frame = Uint8Array.from(randomBytes(P2P_LIMITS.frameBytes + 1))
    await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, frame)
    await stillAlive()
    expect(codes).toEqual([])
  })

  it('is not listened to any more after a few lies, also where it then tells the truth', async () => {
    let lies = 0
    let heardBefore = -1
    // A score is cached for a second: lie on until a lie is not even looked at.
    await waitFor(
      'the victim is deaf to it',
      async () => {
        const heard = codes.length
        const isDeaf = heard >= 5 && heard === heardBefore
        heardBefore = heard
        lies += 1
        await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, Uint8Array.of(lies, 1, 2, 3))
        return isDeaf
      },
      { everyMs: 300 },
    )
    expect(new Set(codes)).toEqual(new Set(['malformed_gossip']))
    await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, encode(liar.heartbeat()))
    await stillAlive()
    expect(delivered.some((message) => message.host === liar.owner)).toBe(false)
  })

  it('is ignored, not punished, while nobody registered it', async () => {
    directory.registered.delete(liar.peerId)
    await publishUntil(() => encode(liar.heartbeat()), 'unregistered')
    for (let more = 0; more < 6; more++) {
      await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, encode(liar.heartbeat({ height: BigInt(more) })))
    }
    await waitFor('all ignored', () => codes.length === 7)
    directory.register(liar)
    await attacker.services.gossip.publish(GOSSIP_TOPICS.heartbeat, encode(liar.heartbeat({ height: 100n })))
    await waitFor('its heartbeat', () => delivered.length === 1)
  })

  it('breaks nothing with arbitrary bytes on either topic', async () => {
    const samples = fc.sample(fc.uint8Array({ maxLength: 600 }), 60)
    for (const [index, bytes] of samples.entries()) {
      const topic = index % 2 === 0 ? GOSSIP_TOPICS.heartbeat : GOSSIP_TOPICS.raceChallenge
      await attacker.services.gossip.publish(topic, bytes).catch(() => {
        // The same bytes twice: the attacker's own library refuses to send a duplicate.
      })
    }
    await waitFor('rejected', () => codes.length >= 3)
    await stillAlive()
    expect(new Set(codes)).toEqual(new Set(['malformed_gossip']))
  })
})
