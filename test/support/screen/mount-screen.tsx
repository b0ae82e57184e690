/** Mounts a part of the screen in a browser test, over a store that the test sets and actions that record. */
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import type { ScreenActions } from '../../../src/renderer/state/screen-actions.ts'
import type { ScreenStore } from '../../../src/renderer/state/screen-store.ts'
import { createScreenStore, receiveSnapshot } from '../../../src/renderer/state/screen-store.ts'
import { ScreenContext } from '../../../src/renderer/state/use-screen.ts'
import '../../../src/renderer/styles/tokens.css'
import '../../../src/renderer/styles/base.css'

export interface MountedScreen {
  readonly element: HTMLElement
  readonly store: ScreenStore
  /** The actions that were called, in order. */
  readonly calls: readonly string[]
  show(next: ScreenSnapshot): void
  /** What `ledgerBefore` finds. */
  setOlder(entries: readonly LedgerEntryWire[]): void
  unmount(): void
}

export function mountScreen(snapshot: ScreenSnapshot, children: ReactNode): MountedScreen {
  const store = createScreenStore({ link: 'connected', tab: 'computing' })
  const calls: string[] = []
  let older: readonly LedgerEntryWire[] = []
  const actions: ScreenActions = {
    join: async () => void calls.push('join'),
    leave: async () => void calls.push('leave'),
    computeHere: () => void calls.push('compute here'),
    ledgerBefore: async (sequence, limit) => {
      calls.push(`ledger before ${sequence}`)
      return older.filter((entry) => BigInt(entry.sequence) < BigInt(sequence)).slice(0, limit)
    },
    dismissFailure: () => store.setState({ failure: undefined }),
  }
  const show = (next: ScreenSnapshot) => receiveSnapshot(store, next, next.nowMs)
  show(snapshot)
  const element = document.createElement('div')
  document.body.append(element)
  const root = createRoot(element, { onCaughtError: () => undefined })
  root.render(<ScreenContext value={{ store, actions }}>{children}</ScreenContext>)
  return {
    element,
    store,
    calls,
    show,
    setOlder: (entries: readonly LedgerEntryWire[]) => {
      older = entries
    },
    unmount: () => {
      root.unmount()
      element.remove()
    },
  }
}
