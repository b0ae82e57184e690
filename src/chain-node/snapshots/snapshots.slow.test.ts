import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mountSmallDisk, smallDiskIsMissing } from '../../../test/support/comet-faults/small-disk.ts'
import { titleOrReason } from '../../../test/support/reporter.ts'
import { openSnapshots, tempHome } from '../../../test/support/snapshots/snapshot-nodes.ts'
import { largeState, rootOf, states, tipOf } from '../../../test/support/snapshots/states.ts'
import { createCacheStore } from '../../chain/cache-store.ts'
import { equalBytes, toHex, u32be } from '../../lib/bytes.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { sha256 } from '../../protocol/hash.ts'
import { readChunk, readSnapshots } from './snapshot-folder.ts'
import { decodeMetadata } from './snapshot-metadata.ts'
import type { SnapshotStore } from './snapshot-store.ts'

/** The newest snapshot of one node, taken in by a fresh one: the root of what that one has then. */
async function carryOver(giver: SnapshotStore): Promise<Uint8Array> {
  const [snapshot] = giver.list()
  if (snapshot === undefined) {
    throw new Error('there is no snapshot')
  }
  const taker = openSnapshots()
  expect(taker.store.offer(snapshot, decodeMetadata(snapshot.metadata).appHash)).toBe('accept')
  for (let index = 0; index < snapshot.chunks; index++) {
    const chunk = (await giver.load(snapshot.height, 1, index)) ?? new Uint8Array(0)
    expect((await taker.store.applyChunk(index, chunk, 'peer')).result).toBe('accept')
  }
  return rootOf(taker.adopted?.entries ?? [])
}

describe('snapshots', () => {
  it('of any state give its app hash on another node', async () => {
    await fc.assert(
      fc.asyncProperty(states, async (state) => {
        const giver = openSnapshots()
        giver.store.committed(state, tipOf(state))
        await giver.store.idle()
        expect(toHex(await carryOver(giver.store))).toBe(toHex(rootOf(state.entries())))
        rmSync(giver.home, { recursive: true })
      }),
      { numRuns: 250 },
    )
  })

  it('are those of their height although blocks are committed meanwhile', async () => {
    const state = largeState(30_000, 120)
    const tip = tipOf(state)
    const node = openSnapshots({ interval: 7 })
    node.store.committed(state, tip)
    let blocks = 0
    let isIdle = false
    void node.store.idle().then(() => {
      isIdle = true
    })
    while (!isIdle) {
      blocks += 1
      const overlay = createCacheStore(state)
      for (let i = 0; i < 200; i++) {
        const number = u32be((blocks * 7_919 + i * 104_729) % 60_000)
        overlay.set(Uint8Array.of(0x10 + (i % 0x60), ...sha256(number)), number)
      }
      for (const [key] of state.range(Uint8Array.of(0x10 + (blocks % 0x60)), Uint8Array.of(0xff), { limit: 20 })) {
        overlay.delete(key)
      }
      node.store.beforeCommit(overlay.changes())
      overlay.flush()
      node.store.committed(state, { ...tip, height: tip.height + blocks })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(blocks).toBeGreaterThan(20)
    expect(rootOf(state.entries())).not.toEqual(tip.appHash)
    expect(toHex(await carryOver(node.store))).toBe(toHex(tip.appHash))
  })

  it('are whole or not there, whenever the process is killed', async () => {
    const home = tempHome()
    const script = new URL('../../../test/support/snapshots/taker-child.ts', import.meta.url).pathname
    for (const afterDots of [1, 2, 4, 3, 2]) {
      const child = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'inherit'] })
      for (let dots = 0; dots < afterDots; ) {
        const [text] = (await once(child.stdout, 'data')) as [Buffer]
        dots += text.length
      }
      child.kill('SIGKILL')
      await once(child, 'exit')
      const found = readSnapshots(`${home}/snapshots`, SILENT_LOGGER)
      expect(found.length).toBeGreaterThan(0)
      for (const snapshot of found) {
        for (const [index, hash] of snapshot.metadata.chunkHashes.entries()) {
          expect(equalBytes(sha256(await readChunk(snapshot, index)), hash)).toBe(true)
        }
      }
    }
    mkdirSync(`${home}/snapshots/.new-9-1`, { recursive: true })
    writeFileSync(`${home}/snapshots/.new-9-1/00000.chunk`, 'half')
    openSnapshots({ home })
    expect(readdirSync(`${home}/snapshots`).filter((name) => name.startsWith('.'))).toEqual([])
  })

  const noDisk = smallDiskIsMissing()
  it.skipIf(noDisk !== undefined)(titleOrReason('are left out where the disk is full', noDisk), async () => {
    const home = tempHome()
    const disk = mountSmallDisk(home, 4)
    try {
      const errors: string[] = []
      const logger = {
        ...SILENT_LOGGER,
        log: (level: string, text: string) => void (level === 'error' && errors.push(text)),
      }
      const node = openSnapshots({ home, logger })
      const small = largeState(100, 64)
      node.store.committed(small, tipOf(small, 1))
      await node.store.idle()
      disk.fill()
      node.store.committed(small, tipOf(small, 2))
      await node.store.idle()
      expect(errors).toEqual(['no snapshot, the chain goes on'])
      expect(node.store.list().map(({ height }) => height)).toEqual([1n])
      expect(readdirSync(`${home}/snapshots`)).toEqual(['1-1'])
      disk.free()
      expect(toHex(await carryOver(node.store))).toBe(toHex(rootOf(small.entries())))
    } finally {
      disk.unmount()
    }
  })
})
