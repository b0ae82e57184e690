/**
 * Snapshots by hand, of a node that does not run: for backups, and to bring back a state that was lost while CometBFT's blocks are
 * still there. What a node takes by itself lies in the same folder, in the same format.
 */
import { renameSync, rmSync } from 'node:fs'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import { FrozenState } from './frozen-state.ts'
import { appFile, openAppFile, openNodeState, requireGenesis } from './node-state.ts'
import { RestoreSession } from './restore-session.ts'
import type { StoredSnapshot } from './snapshot-folder.ts'
import { readChunk, readSnapshot, readSnapshots, SnapshotFolder } from './snapshot-folder.ts'
import { StagedState } from './staged-state.ts'

const SLICE_ENTRIES = 2_048

/** A snapshot of the last committed block, into home/snapshots; nothing is pruned. @throws CodedError as `openNodeState` */
export async function takeSnapshotNow(home: string, logger: Logger): Promise<StoredSnapshot> {
  const state = openNodeState(home)
  try {
    const { genesis, height, appHash, appVersion } = state
    const slices = new FrozenState(state.state).slices(SLICE_ENTRIES)
    const source = { chainId: genesis.chainId, height, appHash, appVersion, slices }
    return await new SnapshotFolder(snapshotFolder(home), logger).add(source)
  } finally {
    state.close()
  }
}

/** Newest first; may be asked while the node runs. */
export function listSnapshots(home: string, logger: Logger): readonly StoredSnapshot[] {
  return readSnapshots(snapshotFolder(home), logger)
}

/**
 * Makes the snapshot in folder `path` the state of a node under CometBFT. A database that cannot be read is kept beside it, as
 * app.db.damaged. CometBFT then replays its own blocks from there on; they must reach back so far.
 * @throws CodedError `node_running`, `genesis_missing`, `snapshot_damaged`, `snapshot_of_another_chain`, `store_full`; then the old
 *   state is still in place
 */
export async function restoreSnapshot(home: string, path: string): Promise<StoredSnapshot> {
  const genesis = requireGenesis(home)
  const snapshot = openSnapshot(path)
  const { chainId, height, appHash } = snapshot.metadata
  if (chainId !== genesis.chainId) {
    const fields = { found: chainId, expected: genesis.chainId }
    throw new CodedError('snapshot_of_another_chain', `the snapshot is of ${chainId}, not of ${genesis.chainId}`, {
      fields,
    })
  }
  const store = openOrSetAside(home)
  const session = new RestoreSession(snapshot.metadata, new StagedState(`${home}/restore.db`))
  try {
    for (const index of snapshot.metadata.chunkHashes.keys()) {
      const outcome = await session.apply(index, await readChunk(snapshot, index))
      if (outcome === 'wrong') {
        throw new CodedError('snapshot_damaged', `chunk ${index} of the snapshot is damaged`, { fields: { path } })
      }
    }
    store.replace({ height: BigInt(height), appHash }, session.entries())
  } finally {
    session.discard()
    store.close()
  }
  return snapshot
}

export function snapshotFolder(home: string): string {
  return `${home}/snapshots`
}

function openSnapshot(path: string): StoredSnapshot {
  try {
    return readSnapshot(path)
  } catch (cause) {
    throw new CodedError('snapshot_damaged', `there is no readable snapshot at ${path}`, { fields: { path }, cause })
  }
}

function openOrSetAside(home: string): ReturnType<typeof openAppFile> {
  const genesis = requireGenesis(home)
  try {
    return openAppFile(home, genesis)
  } catch (error) {
    if (errorCode(error) !== 'store_damaged') {
      throw error
    }
    renameSync(appFile(home), `${appFile(home)}.damaged`)
    // A log of the damaged file would be played into the new one.
    rmSync(`${appFile(home)}-wal`, { force: true })
    return openAppFile(home, genesis)
  }
}
