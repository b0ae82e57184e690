import type { Page } from 'playwright-core'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import type { ChatEvent, ReceiptVerdict } from '../../../src/ipc/wires/developer-wire.ts'
import type { PageName } from '../../../src/renderer/state/pages.ts'
import type { FakeBackend } from './fake-backend.ts'

/** One state of the screen: what the host says, and what a person did to see it. */
export interface Scene {
  readonly name: string
  readonly snapshot: ScreenSnapshot
  /** Where it is to be seen; the first page where nothing is said. */
  readonly page?: PageName
  /** What the host answers to questions of the page; set anew for each scene. */
  readonly prepare?: (backend: FakeBackend) => void
  /** What the host answers when the person does that. */
  readonly act?: SceneAct
  /** Older entries of the ledger, ascending, for pages that read them. */
  readonly ledger?: readonly LedgerEntryWire[]
}

export type SceneAct =
  | { readonly kind: 'ask'; readonly prompt: string; readonly answer: readonly ChatEvent[] }
  | { readonly kind: 'verify'; readonly verdict: ReceiptVerdict }
  | { readonly kind: 'open'; readonly entry: 'job' | 'order' }
  | { readonly kind: 'leave' }
  /** Anything else that a person does on the page, up to where it shows what the scene is about. */
  | { readonly kind: 'do'; readonly run: (page: Page) => Promise<void> }
