import type { ChatEvent, ReceiptVerdict } from '../../../src/ipc/developer-wire.ts'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import type { PageName } from '../../../src/renderer/state/pages.ts'

/** One state of the screen: what the host says, and what a person did to see it. */
export interface Scene {
  readonly name: string
  readonly snapshot: ScreenSnapshot
  /** Where it is to be seen; the first page where nothing is said. */
  readonly page?: PageName
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
