/**
 * The host's end of the contract. Invariant: a handler answers with what its schema allows or with a `CODED` error; unknown
 * failures keep their text out of the screen. The backend is handed in, so the same router serves the service shell, the
 * desktop shell's message port and the tests.
 */

import type { Router } from '@orpc/server'
import { implement, ORPCError } from '@orpc/server'
import { z } from 'zod'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import { schemaVerdict } from '../lib/schema-verdict.ts'
import { screenContract } from './contract.ts'
import type { LedgerEntryWire, LedgerTotalsWire, ScreenSnapshot } from './snapshot.ts'
import type { LeaseEvent, LeaseInput, ReplyInput, ReplyOutcome } from './wires/compute-wire.ts'
import type { ChatEvent, ChatInput, ReceiptVerdict } from './wires/developer-wire.ts'
import type { EarningsInput, EarningsPage } from './wires/earnings-wire.ts'
import type { Finding, LogLine, LogTailInput, MachineReadings } from './wires/machine-wire.ts'
import type { SettingsPatch, SettingsState } from './wires/settings-wire.ts'
import type {
  PreparedSendWire,
  SentWire,
  WalletDraftWire,
  WalletFoundWire,
  WalletStateWire,
} from './wires/wallet-wire.ts'

export type CommandOutcome = 'accepted' | 'already'

export interface LedgerPage {
  readonly entries: readonly LedgerEntryWire[]
  readonly totals: LedgerTotalsWire
}

export interface LogInfo {
  readonly folder: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number; readonly modifiedAtMs: number }[]
}

/** The wallet's procedures (wallet-wire.ts says what each refuses). */
export interface WalletDesk {
  create(input: { readonly words: 12 | 24 }): Promise<WalletDraftWire>
  restore(input: { readonly words: readonly string[] }, signal: AbortSignal): Promise<WalletFoundWire>
  use(input: {
    readonly draftId: string
    readonly answers: readonly string[]
    readonly passphrase?: string | undefined
    readonly replaces?: string | undefined
  }): Promise<WalletStateWire>
  unlock(input: { readonly passphrase: string }): Promise<WalletStateWire>
  lock(): Promise<WalletStateWire>
  protect(input: { readonly current?: string | undefined; readonly next: string }): Promise<WalletStateWire>
  reveal(input: { readonly passphrase?: string | undefined }): Promise<WalletDraftWire>
  confirmBackup(input: { readonly draftId: string; readonly answers: readonly string[] }): Promise<WalletStateWire>
  prepareSend(
    input: { readonly to: string; readonly amount: string; readonly memo: string },
    signal: AbortSignal,
  ): Promise<PreparedSendWire>
  confirmSend(
    input: { readonly sendId: string; readonly passphrase?: string | undefined },
    signal: AbortSignal,
  ): Promise<SentWire>
  setPayout(
    input: { readonly address: string; readonly passphrase?: string | undefined },
    signal: AbortSignal,
  ): Promise<SentWire>
}

export interface SettingsDesk {
  change(patch: SettingsPatch): Promise<SettingsState>
}

export interface MachineDesk {
  readings(signal: AbortSignal): Promise<MachineReadings>
  recheck(): CommandOutcome | Promise<CommandOutcome>
  doctor(signal: AbortSignal): Promise<readonly Finding[]>
}

export interface LogsDesk {
  info(): Promise<LogInfo>
  tail(input: LogTailInput): Promise<{ readonly lines: readonly LogLine[]; readonly isCut: boolean }>
  report(signal: AbortSignal): Promise<{ readonly name: string; readonly text: string }>
}

/** What the composition root implements. Throw CodedError: its code, message and fields reach the screen. */
export interface ScreenBackend {
  snapshot(): ScreenSnapshot
  /** Called after each change of what `snapshot` returns; may be called often. */
  onChange(listener: () => void): () => void
  join(): CommandOutcome | Promise<CommandOutcome>
  leave(): CommandOutcome | Promise<CommandOutcome>
  finish(): CommandOutcome | Promise<CommandOutcome>
  ledger(page: { readonly fromSequence: string; readonly limit: number }, signal: AbortSignalLike): Promise<LedgerPage>
  earnings(input: EarningsInput, signal: AbortSignal): Promise<EarningsPage>
  readonly wallet: WalletDesk
  readonly settings: SettingsDesk
  readonly machine: MachineDesk
  readonly logs: LogsDesk
  /** The text of the receipt's file; undefined while it is not on chain or not known. */
  receiptFile(orderHash: string, signal: AbortSignal): Promise<string | undefined>
  verifyReceipt(orderHash: string, signal: AbortSignal): Promise<ReceiptVerdict>
  chat(input: ChatInput, signal: AbortSignal): AsyncGenerator<ChatEvent, void>
}

/** The lease half of ComputeRelay. */
export interface ComputeLeasing {
  lease(input: LeaseInput, signal?: AbortSignalLike): AsyncGenerator<LeaseEvent, void>
  reply(input: ReplyInput): ReplyOutcome | Promise<ReplyOutcome>
}

export interface ScreenRouterComponents {
  readonly backend: ScreenBackend
  readonly compute: ComputeLeasing
  readonly clock: Clock
  readonly logger: Logger
}

export interface ScreenRouterOptions {
  /** Least time between two snapshots of one screen. */
  readonly snapshotIntervalMs: number
}

const CODED = 'CODED'

type EmptyContext = Record<never, never>

export type ScreenRouter = Router<typeof screenContract, EmptyContext>

export function createScreenRouter(
  components: ScreenRouterComponents,
  options: ScreenRouterOptions = { snapshotIntervalMs: 250 },
): ScreenRouter {
  const { backend, compute, clock, logger } = components
  const contract = codedContract(logger)
  return contract.router({
    screen: {
      watch: contract.screen.watch.handler(({ signal }) => watchSnapshots(backend, clock, options, signal)),
    },
    host: {
      join: contract.host.join.handler(async () => ({ outcome: await backend.join() })),
      leave: contract.host.leave.handler(async () => ({ outcome: await backend.leave() })),
      finish: contract.host.finish.handler(async () => ({ outcome: await backend.finish() })),
    },
    ledger: {
      list: contract.ledger.list.handler(async ({ input, signal }) => {
        const page = await backend.ledger(input, signal ?? never())
        return { entries: [...page.entries], totals: page.totals }
      }),
    },
    receipts: {
      file: contract.receipts.file.handler(async ({ input, signal }) => {
        const text = await backend.receiptFile(input.orderHash, signal ?? never())
        const name = `tailrace-receipt-${input.orderHash.slice(0, 16)}.json`
        return text === undefined ? { name } : { name, text }
      }),
      verify: contract.receipts.verify.handler(({ input, signal }) =>
        backend.verifyReceipt(input.orderHash, signal ?? never()),
      ),
    },
    playground: {
      chat: contract.playground.chat.handler(({ input, signal }) =>
        codedStream(backend.chat(input, signal ?? never()), 'playground.chat', logger),
      ),
    },
    ...deskHandlers(contract, backend),
    compute: {
      lease: contract.compute.lease.handler(({ input, signal }) => compute.lease(input, signal)),
      reply: contract.compute.reply.handler(async ({ input }) => ({ outcome: await compute.reply(input) })),
    },
  })
}

/** Every failure of a handler arrives as a coded error. */
function codedContract(logger: Logger) {
  return implement(screenContract).use(async ({ next, path, procedure }, input) => {
    try {
      return await next()
    } catch (error) {
      const isCoded = error instanceof CodedError || error instanceof ORPCError
      // The schema itself throws at some inputs (lib/schema-verdict.ts): that is no failure of the procedure.
      throw isCoded || isFitting(procedure['~orpc'].inputSchema, input)
        ? toCodedOrpcError(error, path, logger)
        : codedOrpcError(invalidMessage(path))
    }
  })
}

function isFitting(schema: unknown, input: unknown): boolean {
  return !(schema instanceof z.ZodType) || schemaVerdict(schema, input).success
}

type CodedContract = ReturnType<typeof codedContract>

function walletHandlers(contract: CodedContract, backend: ScreenBackend) {
  return {
    create: contract.wallet.create.handler(({ input }) => backend.wallet.create(input)),
    restore: contract.wallet.restore.handler(({ input, signal }) => backend.wallet.restore(input, signal ?? never())),
    use: contract.wallet.use.handler(({ input }) => backend.wallet.use(input)),
    unlock: contract.wallet.unlock.handler(({ input }) => backend.wallet.unlock(input)),
    lock: contract.wallet.lock.handler(() => backend.wallet.lock()),
    protect: contract.wallet.protect.handler(({ input }) => backend.wallet.protect(input)),
    reveal: contract.wallet.reveal.handler(({ input }) => backend.wallet.reveal(input)),
    confirmBackup: contract.wallet.confirmBackup.handler(({ input }) => backend.wallet.confirmBackup(input)),
    prepareSend: contract.wallet.prepareSend.handler(({ input, signal }) =>
      backend.wallet.prepareSend(input, signal ?? never()),
    ),
    confirmSend: contract.wallet.confirmSend.handler(({ input, signal }) =>
      backend.wallet.confirmSend(input, signal ?? never()),
    ),
    setPayout: contract.wallet.setPayout.handler(({ input, signal }) =>
      backend.wallet.setPayout(input, signal ?? never()),
    ),
  }
}

/** What stands beside the host: asked of the backend at each call, since a new host brings new desks. */
function deskHandlers(contract: CodedContract, backend: ScreenBackend) {
  return {
    wallet: walletHandlers(contract, backend),
    settings: {
      change: contract.settings.change.handler(({ input }) => backend.settings.change(input)),
    },
    earnings: {
      history: contract.earnings.history.handler(({ input, signal }) => backend.earnings(input, signal ?? never())),
    },
    machine: {
      readings: contract.machine.readings.handler(({ signal }) => backend.machine.readings(signal ?? never())),
      recheck: contract.machine.recheck.handler(async () => ({ outcome: await backend.machine.recheck() })),
      doctor: contract.machine.doctor.handler(async ({ signal }) => ({
        findings: [...(await backend.machine.doctor(signal ?? never()))],
      })),
    },
    logs: {
      info: contract.logs.info.handler(async () => {
        const info = await backend.logs.info()
        return { folder: info.folder, files: [...info.files] }
      }),
      tail: contract.logs.tail.handler(async ({ input }) => {
        const { lines, isCut } = await backend.logs.tail(input)
        return { lines: [...lines], isCut }
      }),
      report: contract.logs.report.handler(({ signal }) => backend.logs.report(signal ?? never())),
    },
  }
}

const never = (): AbortSignal => new AbortController().signal

/** The present snapshot, then the newest after each change, at most one per interval. */
async function* watchSnapshots(
  backend: ScreenBackend,
  clock: Clock,
  options: ScreenRouterOptions,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<ScreenSnapshot, void> {
  let isDirty = true
  let wake: (() => void) | undefined
  const unsubscribe = backend.onChange(() => {
    isDirty = true
    wake?.()
  })
  const onAbort = () => wake?.()
  signal?.addEventListener('abort', onAbort)
  try {
    while (signal?.aborted !== true) {
      if (!isDirty) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
        continue
      }
      isDirty = false
      yield backend.snapshot()
      await clock.sleep(options.snapshotIntervalMs, signal)
    }
  } finally {
    unsubscribe()
    signal?.removeEventListener('abort', onAbort)
  }
}

/** What a stream throws after it has begun no longer passes through the middleware above. */
async function* codedStream<Event>(
  events: AsyncGenerator<Event, void>,
  procedure: string,
  logger: Logger,
): AsyncGenerator<Event, void> {
  try {
    yield* events
  } catch (error) {
    throw toCodedOrpcError(error, procedure.split('.'), logger)
  }
}

/** Coded errors pass with their data, a message that its schema refuses becomes `invalid_message`, the rest `internal`. */
function toCodedOrpcError(error: unknown, path: readonly string[], logger: Logger): ORPCError<string, unknown> {
  if (error instanceof ORPCError && error.code === 'BAD_REQUEST') {
    return codedOrpcError(invalidMessage(path))
  }
  if (error instanceof CodedError) {
    return codedOrpcError(error)
  }
  if (errorCode(error) === 'aborted') {
    return codedOrpcError(new CodedError('aborted', 'aborted'))
  }
  logger.log('error', 'screen procedure failed', { procedure: path.join('.'), error: errorMessage(error) })
  return codedOrpcError(new CodedError('internal', 'internal error'))
}

function invalidMessage(path: readonly string[]): CodedError {
  return new CodedError('invalid_message', 'the message does not fit its schema', {
    fields: { procedure: path.join('.') },
  })
}

function codedOrpcError(error: CodedError): ORPCError<string, unknown> {
  return new ORPCError(CODED, { status: 400, message: error.message, data: error.toJSON() })
}
