import type { ScreenClient } from '../../ipc/screen-client.ts'
import { screenErrorOf } from '../../ipc/screen-client.ts'
import type { LedgerEntryWire } from '../../ipc/snapshot.ts'
import type { ScreenStore } from './screen-store.ts'

/** What a person can do on the screen. None of these rejects: a failure shows as `failure` in the store. */
export interface ScreenActions {
  join(): Promise<void>
  leave(): Promise<void>
  /** Makes this tab the one that computes. */
  computeHere(): void
  /** Up to `limit` entries before `sequence`, newest first; undefined where the host did not answer. */
  ledgerBefore(sequence: string, limit: number): Promise<readonly LedgerEntryWire[] | undefined>
  dismissFailure(): void
}

export interface ActionComponents {
  readonly store: ScreenStore
  /** The client of the open connection, if there is one. */
  readonly client: () => ScreenClient | undefined
  readonly takeOver: () => void
}

export function createScreenActions({ store, client, takeOver }: ActionComponents): ScreenActions {
  const command = async (name: 'join' | 'leave') => {
    const current = client()
    if (current === undefined || store.getState().pending !== undefined) {
      return
    }
    store.setState({ pending: name, failure: undefined })
    try {
      const { outcome } = await current.host[name]()
      if (outcome === 'already') {
        store.setState({ pending: undefined })
      }
    } catch (error) {
      store.setState({ pending: undefined, failure: screenErrorOf(error).code })
    }
  }
  return {
    join: () => command('join'),
    leave: () => command('leave'),
    computeHere: takeOver,
    async ledgerBefore(sequence, limit) {
      const last = BigInt(sequence) - 1n
      const first = last - BigInt(limit) + 1n
      const from = first < 1n ? 1n : first
      if (last < 1n) {
        return []
      }
      try {
        const page = await client()?.ledger.list({ fromSequence: from.toString(), limit: Number(last - from) + 1 })
        return page?.entries.filter((entry) => BigInt(entry.sequence) <= last).reverse()
      } catch (error) {
        store.setState({ failure: screenErrorOf(error).code })
        return undefined
      }
    },
    dismissFailure: () => store.setState({ failure: undefined }),
  }
}
