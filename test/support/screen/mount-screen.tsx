/** Mounts a part of the screen in a browser test, over a store that the test sets and actions that record. */
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import type { ScreenClient } from '../../../src/ipc/screen-client.ts'
import type { LedgerEntryWire, ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import type { ChatEvent, ReceiptVerdict } from '../../../src/ipc/wires/developer-wire.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { createChatActions } from '../../../src/renderer/state/chat.ts'
import { followPage } from '../../../src/renderer/state/follow-page.ts'
import { prependPage } from '../../../src/renderer/state/ledger-history.ts'
import type { PageName } from '../../../src/renderer/state/pages.ts'
import type { ScreenActions } from '../../../src/renderer/state/screen-actions.ts'
import type { ScreenStore } from '../../../src/renderer/state/screen-store.ts'
import { createScreenStore, receiveSnapshot } from '../../../src/renderer/state/screen-store.ts'
import { ScreenContext } from '../../../src/renderer/state/use-screen.ts'
import '../../../src/renderer/styles/tokens.css'
import '../../../src/renderer/styles/base.css'

/** What the host behind the screen would answer; a test changes it. */
export interface MountedHost {
  /** Older entries of the ledger, newest first. */
  older: readonly LedgerEntryWire[]
  /** Makes the next question for the ledger fail. */
  isLedgerSilent: boolean
  receipt: string | undefined
  verdict: ReceiptVerdict
  /** What `ask` is handed: the calls that the test needs. Undefined: no connection. */
  client: ClientParts | undefined
}

/** Some desks of the contract, of each some calls. */
export type ClientParts = { readonly [Desk in keyof ScreenClient]?: Partial<ScreenClient[Desk]> }

export interface MountedScreen {
  readonly element: HTMLElement
  readonly store: ScreenStore
  readonly host: MountedHost
  /** The actions that were called, in order. */
  readonly calls: readonly string[]
  show(next: ScreenSnapshot): void
  open(page: PageName): void
  /** Streams the next part of the answer that is under way. */
  answer(event: ChatEvent): void
  unmount(): void
}

const LEDGER_PAGE = 100

export function mountScreen(snapshot: ScreenSnapshot, children: ReactNode): MountedScreen {
  const store = createScreenStore({ link: 'connected', tab: 'computing' })
  const calls: string[] = []
  const host: MountedHost = {
    older: [],
    isLedgerSilent: false,
    receipt: undefined,
    verdict: { state: 'unknown', checks: [], batch: null, txHash: '' },
    client: {},
  }
  const stream = createEventStream()
  const actions = recordActions(store, host, calls, stream.open)
  const show = (next: ScreenSnapshot) => receiveSnapshot(store, next, next.nowMs)
  show(snapshot)
  const unfollow = followPage({ location, storage: localStorage, events: globalThis }, store)
  const element = document.createElement('div')
  document.body.append(element)
  const root = createRoot(element, { onCaughtError: () => undefined })
  root.render(<ScreenContext value={{ store, actions }}>{children}</ScreenContext>)
  return {
    element,
    store,
    host,
    calls,
    show,
    open: (page) => store.setState({ page }),
    answer: stream.push,
    unmount: () => {
      root.unmount()
      element.remove()
      unfollow()
      history.replaceState(null, '', location.pathname + location.search)
    },
  }
}

function recordActions(
  store: ScreenStore,
  host: MountedHost,
  calls: string[],
  openStream: (signal: AbortSignal) => AsyncIterable<ChatEvent>,
): ScreenActions {
  return {
    join: async () => void calls.push('join'),
    leave: async () => void calls.push('leave'),
    finish: async () => void calls.push('finish'),
    computeHere: () => void calls.push('compute here'),
    readEarlier: async () => {
      const { entries } = store.getState().history
      const oldest = BigInt(entries.at(-1)?.sequence ?? 1n)
      calls.push(`ledger before ${oldest}`)
      if (host.isLedgerSilent) {
        return false
      }
      const page = host.older.filter(({ sequence }) => BigInt(sequence) < oldest).slice(0, LEDGER_PAGE)
      store.setState(({ history }) => ({ history: prependPage(history, page) }))
      return true
    },
    receiptFile: async (orderHash) => {
      calls.push(`receipt ${orderHash.slice(0, 4)}`)
      return { value: { name: `tailrace-receipt-${orderHash.slice(0, 16)}.json`, text: host.receipt } }
    },
    verifyReceipt: async (orderHash) => {
      calls.push(`verify ${orderHash.slice(0, 4)}`)
      return { value: host.verdict }
    },
    chat: createChatActions({
      store,
      stream: async (input, signal) => {
        calls.push(`chat ${JSON.stringify(input)}`)
        return openStream(signal)
      },
      failureOf: () => ({ code: 'connection_lost', message: '' }),
    }),
    dismissFailure: () => store.setState({ failure: undefined }),
    ask: async (call) => {
      if (host.client === undefined) {
        throw new CodedError('connection_lost', 'not connected')
      }
      return await call(host.client as ScreenClient)
    },
  }
}

/** One stream at a time, fed by the test; it ends when it is taken back. */
function createEventStream() {
  let push: (event: ChatEvent | undefined) => void = () => undefined
  async function* open(signal: AbortSignal): AsyncIterable<ChatEvent> {
    const waiting: (ChatEvent | undefined)[] = []
    let wake: (() => void) | undefined
    push = (event) => {
      waiting.push(event)
      wake?.()
    }
    signal.addEventListener('abort', () => push(undefined), { once: true })
    for (;;) {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const event = waiting.shift()
      if (event === undefined) {
        return
      }
      yield event
    }
  }
  return { open, push: (event: ChatEvent) => push(event) }
}
