import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { StateEntry } from '../../../src/chain-node/snapshots/snapshot-chunk.ts'
import type {
  AdoptedTip,
  SnapshotStoreComponents,
  SnapshotStoreOptions,
} from '../../../src/chain-node/snapshots/snapshot-store.ts'
import { SnapshotStore } from '../../../src/chain-node/snapshots/snapshot-store.ts'
import type { Logger } from '../../../src/lib/runtime.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { SYSTEM_CLOCK } from '../../../src/main/system.ts'
import { CHAIN_ID } from './states.ts'

export interface SnapshotNode {
  readonly store: SnapshotStore
  readonly home: string
  /** What was adopted, in key order. */
  readonly adopted: { tip: AdoptedTip; entries: StateEntry[] } | undefined
}

export interface SnapshotNodeOptions extends Partial<SnapshotStoreOptions> {
  readonly home?: string
  readonly adopt?: SnapshotStoreComponents['adopt']
  readonly logger?: Logger
}

/** The snapshots of a node without the node: what it adopts is kept for the test to look at. */
export function openSnapshots(options: SnapshotNodeOptions = {}): SnapshotNode {
  const home = options.home ?? tempHome()
  const seen: { adopted: SnapshotNode['adopted'] } = { adopted: undefined }
  const store = new SnapshotStore(
    {
      clock: SYSTEM_CLOCK,
      logger: options.logger ?? SILENT_LOGGER,
      adopt:
        options.adopt ??
        ((tip, entries) => {
          const copied = [...entries()].map(
            ([key, value]): StateEntry => [Uint8Array.from(key), Uint8Array.from(value)],
          )
          seen.adopted = { tip, entries: copied }
        }),
    },
    {
      chainId: CHAIN_ID,
      folder: `${home}/snapshots`,
      stagingFile: `${home}/restore.db`,
      interval: 1,
      keep: 2,
      runsVersion: (version) => version === 1,
      ...options,
    },
  )
  return {
    store,
    home,
    get adopted() {
      return seen.adopted
    },
  }
}

/** Removed when the running test ends. */
export function tempHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-snapshots-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}
