import { existsSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openSnapshots } from '../../../test/support/snapshots/snapshot-nodes.ts'
import { CHAIN_ID, largeState, rootOf, tipOf } from '../../../test/support/snapshots/states.ts'
import type { MemoryStore } from '../../chain/memory-store.ts'
import { createMemoryStore } from '../../chain/memory-store.ts'
import { toHex, u32be } from '../../lib/bytes.ts'
import type { AbciSnapshot } from '../../protocol/abci/codec.ts'
import { sha256 } from '../../protocol/hash.ts'
import type { SnapshotOffer } from '../abci/snapshot-port.ts'
import { ChunkBody } from './snapshot-chunk.ts'
import type { SnapshotMetadata } from './snapshot-metadata.ts'
import { encodeMetadata } from './snapshot-metadata.ts'
import type { SnapshotStore } from './snapshot-store.ts'

const HEIGHT = 7

async function take(store: SnapshotStore, state: MemoryStore, height = HEIGHT): Promise<AbciSnapshot> {
  store.committed(state, tipOf(state, height))
  await store.idle()
  const taken = store.list().find((snapshot) => snapshot.height === BigInt(height))
  if (taken === undefined) {
    throw new Error('no snapshot was taken')
  }
  return taken
}

/** A snapshot that an attacker made: any state, under any claims. */
async function forge(state: MemoryStore, claims: Partial<SnapshotMetadata>) {
  const body = new ChunkBody()
  for (const [key, value] of state.entries()) {
    body.add(key, value)
  }
  const chunk = await body.encode(HEIGHT, 0)
  const metadata = encodeMetadata({
    chainId: CHAIN_ID,
    height: HEIGHT,
    appHash: rootOf(state.entries()),
    appVersion: 1,
    entries: state.size,
    stateBytes: body.rawBytes,
    chunkHashes: [sha256(chunk)],
    ...claims,
  })
  return { chunk, snapshot: { height: BigInt(HEIGHT), format: 1, chunks: 1, hash: sha256(metadata), metadata } }
}

const small = createMemoryStore([
  [Uint8Array.of(1), Uint8Array.of(2)],
  [Uint8Array.of(2), Uint8Array.of(3, 4)],
])
const trusted = rootOf(small.entries())

describe('the snapshot store', () => {
  it('passes a state of several chunks to a new node, in whatever order they come', async () => {
    const state = largeState(6_000, 1_000)
    const giver = openSnapshots()
    const snapshot = await take(giver.store, state)
    expect(snapshot.chunks).toBeGreaterThan(2)
    const taker = openSnapshots()
    const appHash = rootOf(state.entries())
    expect(taker.store.offer(snapshot, appHash)).toBe('accept')
    for (let index = snapshot.chunks - 1; index >= 0; index--) {
      expect(taker.adopted).toBeUndefined()
      const chunk = (await giver.store.load(BigInt(HEIGHT), 1, index)) ?? new Uint8Array(0)
      expect((await taker.store.applyChunk(index, chunk, 'peer')).result).toBe('accept')
    }
    expect(taker.adopted?.tip).toEqual({ height: BigInt(HEIGHT), appHash })
    expect(toHex(rootOf(taker.adopted?.entries ?? []))).toBe(toHex(appHash))
    expect(existsSync(`${taker.home}/restore.db`)).toBe(false)
  })

  it('makes the same snapshot as every other node with the same state', async () => {
    const [first, second] = [openSnapshots(), openSnapshots()]
    const state = largeState(3_000, 800)
    expect(await take(first.store, state)).toEqual(await take(second.store, state))
  })

  it('keeps the newest ones and finds them again', async () => {
    const node = openSnapshots()
    for (const height of [7, 8, 9, 10]) {
      await take(node.store, small, height)
    }
    const heights = [10n, 9n]
    expect(node.store.list().map(({ height }) => height)).toEqual(heights)
    expect(await node.store.load(7n, 1, 0)).toBeUndefined()
    const reopened = openSnapshots({ home: node.home })
    expect(reopened.store.list().map(({ height }) => height)).toEqual(heights)
    expect(readdirSync(`${node.home}/snapshots`)).toHaveLength(2)
  })

  it('asks a wrong chunk from others and gives up its sender', async () => {
    const { snapshot, chunk } = await forge(small, {})
    const node = openSnapshots()
    node.store.offer(snapshot, trusted)
    for (let at = 0; at < chunk.length; at++) {
      const wrong = Uint8Array.from(chunk)
      wrong[at] = (wrong[at] as number) ^ 1
      expect(await node.store.applyChunk(0, wrong, 'liar')).toEqual({
        result: 'retry',
        refetch: [0],
        rejectSenders: ['liar'],
      })
    }
    expect((await node.store.applyChunk(0, chunk, 'honest')).result).toBe('accept')
    expect(node.adopted?.entries).toHaveLength(2)
  })

  it('is not told what the state is by a peer', async () => {
    const other = createMemoryStore([[Uint8Array.of(1), Uint8Array.of(9)]])
    const { snapshot, chunk } = await forge(other, { appHash: trusted })
    const node = openSnapshots()
    expect(node.store.offer(snapshot, trusted)).toBe('accept')
    const verdict = await node.store.applyChunk(0, chunk, 'liar')
    expect(verdict).toEqual({ result: 'reject_snapshot', rejectSenders: ['liar'] })
    expect(node.adopted).toBeUndefined()
    expect(existsSync(`${node.home}/restore.db`)).toBe(false)
    expect((await node.store.applyChunk(0, chunk, 'liar')).result).toBe('abort')
  })

  it('refuses what does not fit before anything is stored', async () => {
    const node = openSnapshots()
    const offered = async (
      claims: Partial<SnapshotMetadata>,
      changes: Partial<AbciSnapshot> = {},
    ): Promise<SnapshotOffer> => node.store.offer({ ...(await forge(small, claims)).snapshot, ...changes }, trusted)
    expect(await offered({ appHash: sha256(u32be(1)) })).toBe('reject')
    expect(await offered({ chainId: 'another-1' })).toBe('reject')
    expect(await offered({ appVersion: 2 })).toBe('reject')
    expect(await offered({}, { format: 2 })).toBe('reject_format')
    expect(await offered({}, { hash: sha256(u32be(1)) })).toBe('reject_sender')
    expect(await offered({}, { metadata: new Uint8Array(100) })).toBe('reject_sender')
    expect(await offered({}, { chunks: 2 })).toBe('reject_sender')
    expect(await offered({}, { height: 8n })).toBe('reject_sender')
    expect(existsSync(`${node.home}/restore.db`)).toBe(false)
  })

  it('refuses a state over the bounds of this node, and what grows over its own claims', async () => {
    const { snapshot } = await forge(small, {})
    expect(openSnapshots({ maxEntries: 1 }).store.offer(snapshot, trusted)).toBe('reject')
    expect(openSnapshots({ maxStateBytes: 3 }).store.offer(snapshot, trusted)).toBe('reject')
    const many = await forge(largeState(1_600, 64), { stateBytes: 2 * 1024 * 1024, entries: 1_599, appHash: trusted })
    const node = openSnapshots()
    expect(node.store.offer(many.snapshot, trusted)).toBe('accept')
    expect((await node.store.applyChunk(0, many.chunk, 'liar')).result).toBe('reject_snapshot')
  })

  it('aborts where the state cannot be put in place: the snapshot is not at fault', async () => {
    const { snapshot, chunk } = await forge(small, {})
    const node = openSnapshots({
      adopt: () => {
        throw new Error('the disk is full')
      },
    })
    node.store.offer(snapshot, trusted)
    expect((await node.store.applyChunk(0, chunk, 'honest')).result).toBe('abort')
  })

  it('a chunk that comes before an offer is worth nothing', async () => {
    expect((await openSnapshots().store.applyChunk(0, Uint8Array.of(1), 'peer')).result).toBe('abort')
  })
})
