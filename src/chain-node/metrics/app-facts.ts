/** Where the metrics of a node read its facts. */
import { statfsSync, statSync } from 'node:fs'
import type { Application } from '../../chain/application.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { QueryValidatorsRequest, QueryValidatorsResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { SnapshotStore } from '../snapshots/snapshot-store.ts'
import type { NodeFacts, ValidatorFacts } from './node-facts.ts'
import { LANES } from './told.ts'

export interface AppParts {
  /** The application is replaced when a snapshot is adopted. */
  readonly chain: { readonly application: Application; readonly entries: number }
  readonly mempool: Pick<Mempool, 'sizeOf' | 'sizeBytes'>
  readonly snapshots: Pick<SnapshotStore, 'list'>
  /** Consensus address of this node's key, 20 bytes. */
  readonly ownAddress: Uint8Array
  /** Folder with app.db. */
  readonly home: string
}

export function appFacts({ chain, mempool, snapshots, ownAddress, home }: AppParts): Required<NodeFacts> {
  return {
    ...mempoolFacts(mempool),
    ...folderFacts(home, 'app.db'),
    stateEntries: () => chain.entries,
    snapshots: () => snapshots.list().map(({ height, chunks }) => ({ height: Number(height), chunks })),
    validator: () => validatorFacts(chain.application, ownAddress),
    upgrade: () => chain.application.upgrade(),
  }
}

export function mempoolFacts(mempool: AppParts['mempool']): Required<Pick<NodeFacts, 'mempool'>> {
  return {
    mempool: () => ({
      lanes: LANES.map((lane, index) => ({ lane, txs: mempool.sizeOf(index as 0 | 1 | 2) })),
      sizeBytes: mempool.sizeBytes,
    }),
  }
}

/** `database`: its name in the folder. */
export function folderFacts(
  home: string,
  database: string,
): Required<Pick<NodeFacts, 'databaseBytes' | 'diskFreeBytes'>> {
  const files = [database, `${database}-wal`].map((name) => `${home}/${name}`)
  return {
    databaseBytes: () => files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0),
    diskFreeBytes: () => {
      const { bavail, bsize } = statfsSync(home)
      return bavail * bsize
    },
  }
}

/** Undefined before the genesis, and where this key never was a validator's. */
function validatorFacts(application: Application, ownAddress: Uint8Array): ValidatorFacts | undefined {
  if (application.info().chainId === '') {
    return undefined
  }
  const question = QueryValidatorsRequest.encode({ all: true }).finish()
  const { code, value } = application.query('/tailrace.v1.Query/Validators', question)
  const own =
    code === 0
      ? QueryValidatorsResponse.decode(value).validators.find((each) => equalBytes(each.consensusAddress, ownAddress))
      : undefined
  return (
    own && {
      power: own.power,
      missedBlocks: own.missedBlocks,
      isJailed: own.jailed,
      heartbeats: own.heartbeats,
      heartbeatsDue: own.heartbeatsDue,
    }
  )
}
