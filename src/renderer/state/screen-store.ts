/**
 * What the screen knows: the newest snapshot, and what only this tab knows (its link, its part in the compute lease, a
 * command on its way). Invariant: nothing here is derived; features compute what they show from the snapshot.
 */
import type { StoreApi } from 'zustand/vanilla'
import { createStore } from 'zustand/vanilla'
import type { LinkState } from '../../ipc/screen-client.ts'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'

/** This tab and the compute lease. */
export type TabRole =
  /** Not decided yet. */
  | 'starting'
  | 'computing'
  /** Another tab computes. */
  | 'elsewhere'
  | 'taking_over'
  /** The compute worker cannot run in this browser. */
  | 'unable'

export type ScreenLinkState = LinkState | 'no_session' | 'session_used'

export interface ScreenState {
  readonly link: ScreenLinkState
  readonly snapshot: ScreenSnapshot | undefined
  /** The host's clock minus this page's, milliseconds. */
  readonly clockOffsetMs: number
  readonly tab: TabRole
  readonly pending: 'join' | 'leave' | undefined
  /** Code of the last command that failed. */
  readonly failure: string | undefined
}

export type ScreenStore = StoreApi<ScreenState>

export function createScreenStore(initial: Partial<ScreenState> = {}): ScreenStore {
  return createStore<ScreenState>(() => ({
    link: 'connecting',
    snapshot: undefined,
    clockOffsetMs: 0,
    tab: 'starting',
    pending: undefined,
    failure: undefined,
    ...initial,
  }))
}

/** Takes a snapshot in; a command counts as answered once the host's own state shows it. */
export function receiveSnapshot(store: ScreenStore, snapshot: ScreenSnapshot, nowMs: number): void {
  store.setState((state) => {
    const isAnswered =
      (state.pending === 'join' && snapshot.joined) ||
      (state.pending === 'leave' && (!snapshot.joined || snapshot.phase === 'leaving'))
    return {
      snapshot,
      clockOffsetMs: snapshot.nowMs - nowMs,
      pending: isAnswered ? undefined : state.pending,
    }
  })
}
