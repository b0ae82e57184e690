import { listSnapshots, restoreSnapshot, takeSnapshotNow } from '../../chain-node/snapshots/snapshot-files.ts'
import type { StoredSnapshot } from '../../chain-node/snapshots/snapshot-folder.ts'
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { CliContext } from '../context.ts'
import { emit } from '../with-control.ts'

interface SnapshotArguments {
  readonly home: string
  readonly action: 'create' | 'list' | 'restore'
  readonly snapshot: string | undefined
  readonly json: boolean
}

/** @throws CodedError `node_running`, `nothing_stored`, `snapshot_damaged`, `snapshot_of_another_chain`, `bad_usage` … */
export async function runNodeSnapshot(args: SnapshotArguments, context: CliContext): Promise<number> {
  const { home, action, json } = args
  switch (action) {
    case 'create': {
      const taken = documentOf(await takeSnapshotNow(home, SILENT_LOGGER))
      emit(context, json, taken, () => `${lineOf(taken)}\ntaken`)
      return 0
    }
    case 'list': {
      const all = listSnapshots(home, SILENT_LOGGER).map(documentOf)
      emit(context, json, all, () => (all.length === 0 ? 'no snapshots' : all.map(lineOf).join('\n')))
      return 0
    }
    case 'restore': {
      if (args.snapshot === undefined) {
        throw new CodedError('bad_usage', 'SNAPSHOT: is missing', { fields: { command: 'node snapshot' } })
      }
      const restored = documentOf(await restoreSnapshot(home, args.snapshot))
      emit(context, json, restored, () => `${lineOf(restored)}\nis the state of this node now`)
      return 0
    }
  }
}

interface SnapshotDocument {
  readonly path: string
  readonly height: number
  readonly appHash: string
  readonly chainId: string
  readonly chunks: number
}

function documentOf({ path, metadata }: StoredSnapshot): SnapshotDocument {
  const { height, appHash, chainId, chunkHashes } = metadata
  return { path, height, appHash: toHex(appHash), chainId, chunks: chunkHashes.length }
}

function lineOf({ path, height, appHash }: SnapshotDocument): string {
  return `height ${height}  app hash ${appHash.slice(0, 16)}…  ${path}`
}
