import type {
  CommandOutcome,
  LedgerPage,
  LogsDesk,
  MachineDesk,
  ScreenBackend,
  SettingsDesk,
  WalletDesk,
} from '../../../src/ipc/screen-router.ts'
import type { ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import type { ChatEvent, ChatInput, ReceiptVerdict } from '../../../src/ipc/wires/developer-wire.ts'
import type { EarningsInput, EarningsPage } from '../../../src/ipc/wires/earnings-wire.ts'
import type { MachineReadings } from '../../../src/ipc/wires/machine-wire.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { emptyEarnings } from './sample-earnings.ts'
import { sampleReadings } from './sample-readings.ts'
import { idleSnapshot } from './sample-snapshot.ts'

/** A backend whose snapshot a test sets; commands are recorded. Everything between it and the screen is the real thing. */
export class FakeBackend implements ScreenBackend {
  readonly commands: string[] = []
  #snapshot: ScreenSnapshot = idleSnapshot()
  readonly #listeners = new Set<() => void>()
  /** Thrown by the next command, once. */
  nextError: unknown
  page: LedgerPage = {
    entries: [],
    totals: { lastSequence: '0', held: '0', credited: '0', bonded: '0', debitedHeld: '0', debitedBond: '0' },
  }
  /** Text of the receipt's file; undefined while it is not on chain. */
  receipt: string | undefined
  verdict: ReceiptVerdict = { state: 'unknown', checks: [], batch: null, txHash: '' }
  /** What the next chats stream. Without an end, they wait until they are stopped. */
  answer: readonly ChatEvent[] = []
  /** Chats that were stopped before their end. */
  stoppedChats = 0

  snapshot(): ScreenSnapshot {
    return this.#snapshot
  }

  set(change: Partial<ScreenSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    for (const listener of [...this.#listeners]) {
      listener()
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  async join(): Promise<CommandOutcome> {
    return this.#command('join')
  }

  async leave(): Promise<CommandOutcome> {
    return this.#command('leave')
  }

  async finish(): Promise<CommandOutcome> {
    return this.#command('finish')
  }

  async ledger(page: { readonly fromSequence: string; readonly limit: number }): Promise<LedgerPage> {
    this.#command(`ledger ${page.fromSequence} ${page.limit}`)
    const from = BigInt(page.fromSequence)
    const entries = this.page.entries.filter((entry) => BigInt(entry.sequence) >= from).slice(0, page.limit)
    return { ...this.page, entries }
  }

  /** What `earnings.history` answers. */
  earningsPage: EarningsPage = emptyEarnings()

  async earnings(input: EarningsInput): Promise<EarningsPage> {
    this.#command(`earnings ${input.beforeEpoch ?? 'newest'} ${input.limit}`)
    const { epochs } = this.earningsPage
    const known = epochs.filter(({ epoch }) => epoch < (input.beforeEpoch ?? Number.POSITIVE_INFINITY))
    return { ...this.earningsPage, epochs: known.slice(0, input.limit), hasMore: known.length > input.limit }
  }

  /** Replaced by a scene or a test that needs one. */
  wallet: WalletDesk = unavailableDesk<WalletDesk>('wallet')
  readings: MachineReadings = sampleReadings()

  readonly settings: SettingsDesk = {
    change: async (patch) => {
      this.#command(`settings ${Object.keys(patch).join(' ')}`)
      const { settings } = this.#snapshot
      const next = { ...settings, values: { ...settings.values, ...withoutUndefined(patch) } }
      this.set({ settings: next })
      return next
    },
  }

  readonly machine: MachineDesk = {
    readings: async () => this.readings,
    recheck: async () => this.#command('recheck'),
    doctor: async () => [{ code: 'chain_reachable', verdict: 'ok', fields: {} }],
  }

  readonly logs: LogsDesk = {
    info: async () => ({
      folder: this.#snapshot.logFolder,
      files: [{ name: 'host.log', sizeBytes: 12_034, modifiedAtMs: 1 }],
    }),
    tail: async () => ({
      lines: [{ at: '2026-01-01T00:00:00.000Z', level: 'info', scope: 'app', message: 'started', fields: {} }],
      isCut: false,
    }),
    report: async () => ({ name: 'tailrace-report.txt', text: 'Tailrace report\n' }),
  }

  async receiptFile(orderHash: string): Promise<string | undefined> {
    this.#command(`receipt ${orderHash.slice(0, 4)}`)
    return this.receipt
  }

  async verifyReceipt(orderHash: string): Promise<ReceiptVerdict> {
    this.#command(`verify ${orderHash.slice(0, 4)}`)
    return this.verdict
  }

  async *chat(input: ChatInput, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    this.#command(`chat ${input.messages.at(-1)?.content}`)
    for (const event of this.answer) {
      yield event
    }
    const end = this.answer.at(-1)
    if (end === undefined || end.type === 'text') {
      await aborted(signal)
      this.stoppedChats += 1
    }
  }

  #command(name: string): CommandOutcome {
    this.commands.push(name)
    const error = this.nextError
    this.nextError = undefined
    if (error !== undefined) {
      throw error
    }
    return 'accepted'
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
    }
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function unavailableDesk<Desk extends object>(name: string): Desk {
  return new Proxy({} as Desk, {
    get: () => () => Promise.reject(new CodedError('unavailable', `no ${name} in this test`)),
  })
}

function withoutUndefined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}
