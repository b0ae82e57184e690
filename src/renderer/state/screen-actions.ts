import type { ScreenClient } from '../../ipc/screen-client.ts'
import { screenErrorOf } from '../../ipc/screen-client.ts'
import type { LedgerEntryWire } from '../../ipc/snapshot.ts'
import type { ReceiptVerdict } from '../../ipc/wires/developer-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { ChatActions } from './chat.ts'
import { createChatActions } from './chat.ts'
import { prependPage } from './ledger-history.ts'
import type { ScreenCommand, ScreenStore } from './screen-store.ts'

/** What a question came to: its answer, or the code of its failure. */
export type Answer<Value> = { readonly value: Value } | { readonly failure: string }

export interface ReceiptFile {
  readonly name: string
  /** Undefined while the receipt is not on chain. */
  readonly text: string | undefined
}

/** What a person can do on the screen. All but `ask` never reject: a failure shows as `failure` in the store or in the answer. */
export interface ScreenActions {
  join(): Promise<void>
  leave(): Promise<void>
  /** Ends current work, then leaves; a join takes it back. */
  finish(): Promise<void>
  /** Makes this tab the one that computes. */
  computeHere(): void
  /** Reads one more page of the ledger into `history`; false where the host did not answer. */
  readEarlier(): Promise<boolean>
  receiptFile(orderHash: string): Promise<Answer<ReceiptFile>>
  verifyReceipt(orderHash: string): Promise<Answer<ReceiptVerdict>>
  readonly chat: ChatActions
  dismissFailure(): void
  /** Any call of the contract. The one action that rejects, and always with a coded error: the host's, `aborted`, or `connection_lost`. */
  ask<Value>(call: (client: ScreenClient) => Promise<Value>): Promise<Value>
}

export interface ActionComponents {
  readonly store: ScreenStore
  /** The client of the open connection, if there is one. */
  readonly client: () => ScreenClient | undefined
  readonly takeOver: () => void
}

const LEDGER_PAGE = 100

export function createScreenActions(components: ActionComponents): ScreenActions {
  const { store, client, takeOver } = components
  const command = (name: ScreenCommand) => runCommand(components, name)
  /** @throws CodedError `connection_lost` */
  const connected = (): ScreenClient => {
    const current = client()
    if (current === undefined) {
      throw new CodedError('connection_lost', 'not connected')
    }
    return current
  }
  return {
    join: () => command('join'),
    leave: () => command('leave'),
    finish: () => command('finish'),
    computeHere: takeOver,
    readEarlier: () => readEarlier(store, connected),
    receiptFile: (orderHash) =>
      answered(async () => {
        const { name, text } = await connected().receipts.file({ orderHash })
        return { name, text }
      }),
    verifyReceipt: (orderHash) => answered(() => connected().receipts.verify({ orderHash })),
    chat: createChatActions({
      store,
      stream: (input, signal) => connected().playground.chat(input, { signal }),
      failureOf: screenErrorOf,
    }),
    dismissFailure: () => store.setState({ failure: undefined }),
    ask: async (call) => {
      try {
        return await call(connected())
      } catch (error) {
        throw error instanceof CodedError ? error : screenErrorOf(error)
      }
    },
  }
}

async function runCommand({ store, client }: ActionComponents, name: ScreenCommand): Promise<void> {
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

/** A page that ends right before the oldest entry that is known. */
async function readEarlier(store: ScreenStore, connected: () => ScreenClient): Promise<boolean> {
  const { entries, isComplete } = store.getState().history
  const oldest = entries.at(-1)
  if (oldest === undefined || isComplete) {
    return true
  }
  const last = BigInt(oldest.sequence) - 1n
  const first = last - BigInt(LEDGER_PAGE) + 1n
  const from = first < 1n ? 1n : first
  const page = await answered(async (): Promise<readonly LedgerEntryWire[]> => {
    if (last < 1n) {
      return []
    }
    const answer = await connected().ledger.list({ fromSequence: from.toString(), limit: Number(last - from) + 1 })
    return answer.entries.filter((entry) => BigInt(entry.sequence) <= last).reverse()
  })
  if ('failure' in page) {
    return false
  }
  store.setState(({ history }) => ({ history: prependPage(history, page.value) }))
  return true
}

async function answered<Value>(ask: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await ask() }
  } catch (error) {
    return { failure: screenErrorOf(error).code }
  }
}
