import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore } from '../../src/chain/memory-store.ts'
import { createStateTree } from '../../src/chain/state-tree.ts'
import { FrozenState } from '../../src/chain-node/snapshots/frozen-state.ts'
import { decodeChunk } from '../../src/chain-node/snapshots/snapshot-chunk.ts'
import { SnapshotFolder } from '../../src/chain-node/snapshots/snapshot-folder.ts'
import { u32be } from '../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { sha256 } from '../../src/protocol/hash.ts'

/** A snapshot of a state of so many entries, written to a disk and read back. */
export interface SnapshotCost {
  readonly entries: number
  /** Of keys and values. */
  readonly stateBytes: number
  /** Of all chunks as they are sent. */
  readonly snapshotBytes: number
  readonly chunks: number
  /** Beside the chain: between two slices it goes on. */
  readonly writeMs: number
  /** Chunks decoded and the app hash recomputed. */
  readonly restoreMs: number
}

const SLICE_ENTRIES = 512
const TIP = { chainId: 'tailrace-bench', height: 1, appHash: new Uint8Array(32), appVersion: 1 }

/** Entries as host records are large: a key of 21 bytes, a value of 200. */
export async function measureSnapshot(entries: number): Promise<SnapshotCost> {
  const store = createMemoryStore(someEntries(entries))
  const path = mkdtempSync(join(tmpdir(), 'tailrace-snapshot-'))
  try {
    const folder = new SnapshotFolder(path, SILENT_LOGGER)
    const startMs = performance.now()
    const frozen = new FrozenState(store)
    const { metadata } = await folder.add({ ...TIP, slices: slicesOf(frozen) })
    const writeMs = performance.now() - startMs
    const chunks = await Promise.all(
      metadata.chunkHashes.map(async (_hash, index) => (await folder.load(TIP.height, 1, index)) ?? new Uint8Array(0)),
    )
    const restoreStartMs = performance.now()
    const restored = createMemoryStore()
    for (const [index, chunk] of chunks.entries()) {
      for (const [key, value] of await decodeChunk(chunk, { height: TIP.height, index })) {
        restored.set(key, value)
      }
    }
    createStateTree(restored.entries()).root
    const restoreMs = performance.now() - restoreStartMs
    if (restored.size !== entries) {
      throw new Error(`${restored.size} of ${entries} entries came back`)
    }
    return {
      entries,
      stateBytes: metadata.stateBytes,
      snapshotBytes: chunks.reduce((sum, { length }) => sum + length, 0),
      chunks: chunks.length,
      writeMs,
      restoreMs,
    }
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

function* slicesOf(frozen: FrozenState): Generator<ReturnType<FrozenState['nextSlice']>> {
  for (let slice = frozen.nextSlice(SLICE_ENTRIES); slice.length > 0; slice = frozen.nextSlice(SLICE_ENTRIES)) {
    yield slice
  }
}

/** Half of each value repeats, as names of shapes and classes do; the rest are keys and hashes. */
function* someEntries(count: number): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let at = 0; at < count; at++) {
    const hash = sha256(u32be(at))
    const value = new Uint8Array(200).fill(0x61)
    value.set(hash, 0)
    value.set(hash, 68)
    value.set(hash.subarray(0, 20), 132)
    const key = new Uint8Array(21)
    key[0] = 0x20
    key.set(hash.subarray(0, 20), 1)
    yield [key, value]
  }
}
