/**
 * The host's end of the contract. Invariant: a handler answers with what its schema allows or with a `CODED` error; unknown
 * failures keep their text out of the screen. The backend is handed in, so the same router serves the service shell, the
 * desktop shell's message port and the tests.
 */

import type { Router } from '@orpc/server'
import { implement, ORPCError } from '@orpc/server'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import type { LeaseEvent, LeaseInput, ReplyInput, ReplyOutcome } from './compute-wire.ts'
import { screenContract } from './contract.ts'
import type { ChatEvent, ChatInput, ReceiptVerdict } from './developer-wire.ts'
import type { LedgerEntryWire, LedgerTotalsWire, ScreenSnapshot } from './snapshot.ts'

export type CommandOutcome = 'accepted' | 'already'

export interface LedgerPage {
  readonly entries: readonly LedgerEntryWire[]
  readonly totals: LedgerTotalsWire
}

export interface LogInfo {
  readonly folder: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number; readonly modifiedAtMs: number }[]
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
  logs(): Promise<LogInfo>
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
  const contract = implement(screenContract).use(async ({ next, path }) => {
    try {
      return await next()
    } catch (error) {
      throw toCodedOrpcError(error, path, logger)
    }
  })
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
        const page = await backend.ledger(input, signal ?? new AbortController().signal)
        return { entries: [...page.entries], totals: page.totals }
      }),
    },
    receipts: {
      file: contract.receipts.file.handler(async ({ input, signal }) => {
        const text = await backend.receiptFile(input.orderHash, signal ?? new AbortController().signal)
        const name = `tailrace-receipt-${input.orderHash.slice(0, 16)}.json`
        return text === undefined ? { name } : { name, text }
      }),
      verify: contract.receipts.verify.handler(({ input, signal }) =>
        backend.verifyReceipt(input.orderHash, signal ?? new AbortController().signal),
      ),
    },
    playground: {
      chat: contract.playground.chat.handler(({ input, signal }) =>
        codedStream(backend.chat(input, signal ?? new AbortController().signal), 'playground.chat', logger),
      ),
    },
    logs: {
      info: contract.logs.info.handler(async () => {
        const info = await backend.logs()
        return { folder: info.folder, files: [...info.files] }
      }),
    },
    compute: {
      lease: contract.compute.lease.handler(({ input, signal }) => compute.lease(input, signal)),
      reply: contract.compute.reply.handler(async ({ input }) => ({ outcome: await compute.reply(input) })),
    },
  })
}

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
    const data = new CodedError('invalid_message', 'the message does not fit its schema', {
      fields: { procedure: path.join('.') },
    })
    return codedOrpcError(data)
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

function codedOrpcError(error: CodedError): ORPCError<string, unknown> {
  return new ORPCError(CODED, { status: 400, message: error.message, data: error.toJSON() })
}
