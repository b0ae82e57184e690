import type { StateStore } from './application.ts'

/** How the state of the version before becomes the state of `version`: run once, at the beginning of the first block under it. */
export interface Migration {
  readonly version: number
  /** Pure and deterministic: every node runs it on the same state. */
  readonly migrate: (store: StateStore) => void
}

/** By version, ascending. Version 1 is what a genesis writes. */
export const MIGRATIONS: readonly Migration[] = []

/** Brings the state from one version to a later one. */
export function migrateState(store: StateStore, migrations: readonly Migration[], from: number, to: number): void {
  const due = migrations.filter(({ version }) => version > from && version <= to)
  for (const { migrate } of [...due].sort((a, b) => a.version - b.version)) {
    migrate(store)
  }
}
