/**
 * What the screen knows: the newest snapshot, and what only this tab knows (its link, its part in the compute lease, the page
 * that is open, a command on its way, what it has read of the ledger, the playground's conversation). Invariant: nothing here
 * is derived; features compute what they show from the snapshot.
 */
import type { StoreApi } from 'zustand/vanilla'
import { createStore } from 'zustand/vanilla'
import type { LinkState } from '../../ipc/screen-client.ts'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { ChatTurn } from './chat-turn.ts'
import type { LedgerHistory } from './ledger-history.ts'
import { extendHistory, NO_HISTORY } from './ledger-history.ts'
import type { PageName } from './pages.ts'

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

export type ScreenCommand = 'join' | 'leave' | 'finish'

export interface ScreenState {
  readonly link: ScreenLinkState
  readonly page: PageName
  readonly snapshot: ScreenSnapshot | undefined
  /** The host's clock minus this page's, milliseconds. */
  readonly clockOffsetMs: number
  readonly tab: TabRole
  readonly pending: ScreenCommand | undefined
  /** Code of the last command that failed. */
  readonly failure: string | undefined
  readonly history: LedgerHistory
  /** Oldest first. */
  readonly chat: readonly ChatTurn[]
}

export type ScreenStore = StoreApi<ScreenState>

export function createScreenStore(initial: Partial<ScreenState> = {}): ScreenStore {
  return createStore<ScreenState>(() => ({
    link: 'connecting',
    page: 'home',
    snapshot: undefined,
    clockOffsetMs: 0,
    tab: 'starting',
    pending: undefined,
    failure: undefined,
    history: NO_HISTORY,
    chat: [],
    ...initial,
  }))
}

/** Takes a snapshot in; a command counts as answered once the host's own state shows it. */
export function receiveSnapshot(store: ScreenStore, snapshot: ScreenSnapshot, nowMs: number): void {
  store.setState((state) => ({
    snapshot,
    clockOffsetMs: snapshot.nowMs - nowMs,
    pending: state.pending !== undefined && isAnswered(state.pending, snapshot) ? undefined : state.pending,
    history: extendHistory(state.history, snapshot.ledger),
  }))
}

function isAnswered(command: ScreenCommand, { joined, phase, work }: ScreenSnapshot): boolean {
  const isFinishing = work !== null && work.finishing !== null
  const hasLeft = !joined || phase === 'leaving'
  switch (command) {
    case 'join':
      return joined && !isFinishing
    case 'leave':
      return hasLeft
    case 'finish':
      return hasLeft || isFinishing
  }
}
