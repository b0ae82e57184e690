/**
 * Peers for tests: registered hosts with their keys, a directory that knows them, and nodes on loopback TCP or on the memory
 * transport. Real libp2p throughout; the caller stops what it starts through `stopAll`.
 */
import { randomBytes } from 'node:crypto'
import { memory } from '@libp2p/memory'
import type { Clock, Logger } from '../../src/lib/runtime.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import type { PeerNode, PeerNodeOptions } from '../../src/p2p/create-peer-node.ts'
import { createPeerNode } from '../../src/p2p/create-peer-node.ts'
import type { PeerDirectory, RegisteredPeer } from '../../src/p2p/directory.ts'
import { createPeerKey, peerIdOfKey } from '../../src/p2p/peer-key.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import type { BatchAnnouncement, CheckRequest, Heartbeat, RaceChallenge } from '../../src/protocol/gossip.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { signBatchAnnouncement, signCheckRequest, signHeartbeat, signRaceChallenge } from './chain/device-signing.ts'

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer)
        reject(signal?.reason ?? new Error('aborted'))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', fail)
        resolve()
      }, delayMs)
      if (signal?.aborted === true) {
        fail()
      }
      signal?.addEventListener('abort', fail, { once: true })
    }),
}

export interface TestPeer {
  readonly owner: string
  readonly deviceKey: Uint8Array
  readonly devicePublicKey: Uint8Array
  readonly peerKey: Uint8Array
  readonly peerId: string
  heartbeat(fields?: Partial<Heartbeat>): Heartbeat
  challenge(fields?: Partial<RaceChallenge>): RaceChallenge
  batch(fields?: Partial<BatchAnnouncement>): BatchAnnouncement
  checkRequest(fields?: Partial<CheckRequest>): CheckRequest
}

export async function createTestPeer(): Promise<TestPeer> {
  const deviceKey = Uint8Array.from(randomBytes(32))
  const devicePublicKey = publicKeyOf(deviceKey)
  const owner = addressOfPublicKey(publicKeyOf(Uint8Array.from(randomBytes(32))))
  const peerKey = createPeerKey({ bytes: (length) => Uint8Array.from(randomBytes(length)) })
  return {
    owner,
    deviceKey,
    devicePublicKey,
    peerKey,
    peerId: await peerIdOfKey(peerKey),
    ...messagesOf(owner, deviceKey),
  }
}

/** What this peer would gossip, signed. */
function messagesOf(
  owner: string,
  deviceKey: Uint8Array,
): Pick<TestPeer, 'heartbeat' | 'challenge' | 'batch' | 'checkRequest'> {
  const now = () => ({ epoch: 7n, sentAtMs: BigInt(Date.now()) })
  return {
    heartbeat: (fields = {}) =>
      signHeartbeat(
        {
          host: owner,
          ...now(),
          height: 281n,
          appHash: new Uint8Array(32).fill(9),
          phase: 'racing',
          ...fields,
        },
        deviceKey,
      ),
    challenge: (fields = {}) =>
      signRaceChallenge(
        {
          challenger: owner,
          host: owner,
          ...now(),
          nonce: 42n,
          digest: new Uint8Array(32).fill(3),
          ...fields,
        },
        deviceKey,
      ),
    batch: (fields = {}) =>
      signBatchAnnouncement(
        {
          host: owner,
          ...now(),
          batch: 12n,
          root: new Uint8Array(32).fill(4),
          sum: 5_000n,
          leaves: 3,
          height: 281n,
          ...fields,
        },
        deviceKey,
      ),
    checkRequest: (fields = {}) =>
      signCheckRequest(
        {
          host: owner,
          ...now(),
          batch: 12n,
          point: 1,
          orderHash: new Uint8Array(32).fill(5),
          ...fields,
        },
        deviceKey,
      ),
  }
}

export interface TestDirectory extends PeerDirectory {
  register(peer: TestPeer): void
  readonly registered: Map<string, RegisteredPeer>
}

export function createTestDirectory(peers: readonly TestPeer[], epoch = 7n): TestDirectory {
  const registered = new Map<string, RegisteredPeer>()
  const register = (peer: TestPeer) =>
    void registered.set(peer.peerId, { owner: peer.owner, devicePublicKey: peer.devicePublicKey })
  peers.forEach(register)
  return { register, registered, hostOfPeer: (peerId) => registered.get(peerId), currentEpoch: () => epoch }
}

export interface TestNodes {
  start(peer: TestPeer, options?: Partial<PeerNodeOptions>): Promise<PeerNode>
  stopAll(): Promise<void>
}

let memoryAddress = 0

/** Starts nodes of one kind that share a directory. */
export function createTestNodes(
  kind: 'tcp' | 'memory',
  directory: PeerDirectory,
  clock: Clock = SYSTEM_CLOCK,
  logger: Logger = SILENT_LOGGER,
): TestNodes {
  const nodes: PeerNode[] = []
  return {
    async start(peer, options = {}) {
      memoryAddress += 1
      const listen = kind === 'tcp' ? ['/ip4/127.0.0.1/tcp/0'] : [`/memory/tailrace-${memoryAddress}`]
      const node = await createPeerNode(
        { directory, clock, logger },
        {
          peerKey: peer.peerKey,
          listen,
          bootstrap: [],
          isLoopback: true,
          ...(kind === 'memory' ? { extraTransports: [memory()] } : {}),
          ...options,
        },
      )
      await node.start()
      nodes.push(node)
      return node
    },
    async stopAll() {
      await Promise.all(nodes.splice(0).map((node) => node.stop()))
    },
  }
}
