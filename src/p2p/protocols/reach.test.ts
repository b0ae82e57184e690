/** Reaching a peer that is known by its id alone, with real nodes. */
import { afterEach, describe, expect, it } from 'vitest'
import { anyProbeRequest, sampleOf } from '../../../test/support/peer-frame-arbitraries.ts'
import type { TestNodes, TestPeer } from '../../../test/support/peer-network.ts'
import { createTestDirectory, createTestNodes, createTestPeer } from '../../../test/support/peer-network.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { PeerNode } from '../create-peer-node.ts'

const NEVER = new AbortController().signal
const PROBE_REQUEST = sampleOf(anyProbeRequest)

let nodes: TestNodes | undefined

afterEach(async () => {
  await nodes?.stopAll()
  nodes = undefined
})

async function chain(length: number): Promise<{ peers: TestPeer[]; line: PeerNode[] }> {
  const peers = await Promise.all(Array.from({ length }, createTestPeer))
  nodes = createTestNodes('tcp', createTestDirectory(peers))
  const line: PeerNode[] = []
  for (const peer of peers) {
    line.push(await nodes.start(peer, { bootstrap: line.at(-1)?.addresses() ?? [] }))
  }
  await waitFor('each knows its neighbours', () =>
    line.every((node, index) => node.counts().connected === (index === 0 || index === length - 1 ? 1 : 2)),
  )
  return { peers, line }
}

describe('a peer known by its id', () => {
  it('is reached over a connection that it opened itself, though it listens nowhere', async () => {
    const [host, stranger] = (await Promise.all([createTestPeer(), createTestPeer()])) as [TestPeer, TestPeer]
    nodes = createTestNodes('tcp', createTestDirectory([host]))
    const node = await nodes.start(host)
    const dialler = await nodes.start(stranger, { listen: [], bootstrap: node.addresses() })
    await waitFor('connected', () => node.counts().connected === 1)
    dialler.onProbe(() => Promise.resolve(true))
    expect(await node.probe(dialler.peerId, PROBE_REQUEST, NEVER)).toBe(true)
    await dialler.stop()
    await waitFor('gone', () => node.counts().connected === 0)
    await expect(node.probe(dialler.peerId, PROBE_REQUEST, NEVER)).rejects.toMatchObject({ code: 'peer_unreachable' })
  })

  it('is dialled at the address that a common neighbour knows, then talked to directly', async () => {
    const { line } = await chain(3)
    const [first, , last] = line as [PeerNode, PeerNode, PeerNode]
    last.onProbe((from) => Promise.resolve(from === first.peerId))
    await waitFor('reached', () => first.probe(last.peerId, PROBE_REQUEST, NEVER))
    expect(first.counts().connected).toBe(2)
    expect(last.counts().connected).toBe(2)
  })

  it('three hops away is reached once its heartbeats have come by', async () => {
    const { peers, line } = await chain(5)
    const [first, last] = [line[0], line[4]] as [PeerNode, PeerNode]
    last.onProbe(() => Promise.resolve(true))
    await expect(first.probe(last.peerId, PROBE_REQUEST, NEVER)).rejects.toMatchObject({ code: 'peer_unreachable' })
    await waitFor('heard of', async () => {
      await last.publishHeartbeat((peers[4] as TestPeer).heartbeat())
      return first.counts().heartbeatsSeen > 0
    })
    await waitFor('reached', () => first.probe(last.peerId, PROBE_REQUEST, NEVER))
    expect(first.counts().connected).toBe(2)
  })

  it('is found again at a new address after a restart', async () => {
    const { peers, line } = await chain(3)
    const [first, middle, last] = line as [PeerNode, PeerNode, PeerNode]
    last.onProbe(() => Promise.resolve(true))
    await waitFor('reached', () => first.probe(last.peerId, PROBE_REQUEST, NEVER))
    await last.stop()
    await waitFor('gone', () => first.counts().connected === 1 && middle.counts().connected === 1)
    await expect(first.probe(last.peerId, PROBE_REQUEST, NEVER)).rejects.toMatchObject({ code: 'peer_unreachable' })
    const again = await (nodes as TestNodes).start(peers[2] as TestPeer, { bootstrap: middle.addresses() })
    again.onProbe(() => Promise.resolve(true))
    await waitFor('reached at its new address', () => first.probe(last.peerId, PROBE_REQUEST, NEVER))
  })
})
