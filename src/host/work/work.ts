/**
 * Paid work of one host: serves models, takes orders, brings receipts to the chain, answers what is drawn of them, keeps what
 * others entrust to it, checks others. A small composer: each part below is told of the others by constructor arguments alone.
 *
 * Invariant: a signature of this host stands in the store before it leaves the machine, and money moves by chain and store, never
 * by what is in memory; so the process may end at any moment.
 *
 * Read next: ports.ts, serving.ts, orders/executor.ts (an order), batches/batching.ts (its receipt), batches/keeping.ts, checking.ts,
 * finishing.ts.
 */
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { ReceiptBundle } from '../../protocol/gen/tailrace/v1/work.ts'
import type { HostContext } from '../context.ts'
import type { Unsubscribe } from '../ports.ts'
import { forEachSnapshot } from '../tasks.ts'
import { createBatching } from './batches/batching.ts'
import { handOver } from './batches/custody.ts'
import { answerForOthers, serveKept } from './batches/keeping.ts'
import { answerDraws } from './batches/openings.ts'
import { ownReceipt } from './batches/own-receipt.ts'
import type { DoneCheck } from './check-log.ts'
import { createChecking } from './checking.ts'
import { closeWork, finishWork, openWork, watchForfeits } from './finishing.ts'
import { createJobBook } from './job-book.ts'
import { requestVouchers } from './lanes.ts'
import { createExecutor } from './orders/executor.ts'
import { createServing } from './serving.ts'
import type { WorkComponents, WorkContext, WorkOptions } from './work-context.ts'
import { createSuspicions } from './work-context.ts'
import type { WorkView } from './work-view.ts'
import { createWorkViewStore } from './work-view.ts'

export type WorkTasks = Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>

export interface Work {
  /** Reads the store; once, before the tasks run. */
  load(): Promise<void>
  readonly tasks: WorkTasks
  view(): WorkView
  onChange(listener: (view: WorkView) => void): Unsubscribe
  /** Checks of other hosts' work since the start, newest first. */
  checks(): readonly DoneCheck[]
  /** The proof of one of this host's own receipts; undefined while it is not on chain, or is not this host's. */
  receipt(orderHash: string, signal: AbortSignalLike): Promise<ReceiptBundle | undefined>
  /** Takes orders, as soon as this host takes part. So it is from the start. */
  open(): void
  /** Ends at once: running orders are cancelled, their receipts stand. */
  close(): void
  /** Resolves when leaving forfeits nothing any more. Rejects when the signal aborts. */
  finish(signal: AbortSignal): Promise<void>
}

/** The store forgets once in so many blocks what is so many epochs old. */
const PRUNE_EVERY_BLOCKS = 50
const KEPT_EPOCHS = 3
/** A host on a short-lived network keeps its jobs for as long as an order may live, at least. */
const KEPT_BLOCKS = 1_200

export function createWork(host: HostContext, components: WorkComponents, options: WorkOptions): Work {
  const view = createWorkViewStore({ clock: host.clock, logger: host.logger })
  const book = createJobBook(components.store, view)
  const work: WorkContext = { ...components, host, options, view, book, suspicions: createSuspicions() }
  const serving = createServing(work)
  const batching = createBatching(work)
  const executor = createExecutor(work, { serving, batching })
  const checking = createChecking(host, work)
  const parts = { serving, batching, executor }
  return {
    load: () => book.load(),
    tasks: {
      serving: (end) => serving.run(end),
      orders: (end) => executor.run(end),
      vouchers: (end) => requestVouchers(work, end),
      batching: (end) => batching.run(end),
      openings: (end) => answerDraws(work, end),
      custody: (end) => handOver(work, end),
      kept_openings: (end) => serveKept(work, end),
      keeping: (end) => answerForOthers(work, end),
      forfeits: (end) => watchForfeits(work, end),
      pruning: (end) => pruneStore(work, end),
      abandoned: (end) => writeAbandoned(work, end),
      ...checking.tasks,
    },
    view: () => view.current(),
    onChange: (listener) => view.onChange(listener),
    checks: () => checking.log(),
    receipt: (orderHash, signal) => ownReceipt(work, orderHash, signal),
    open: () => openWork(work, parts),
    close: () => {
      closeWork(parts)
      executor.cancelAll()
    },
    finish: (signal) => finishWork(work, parts, signal),
  }
}

/** What failed while the store took nothing is written as soon as it does. */
function writeAbandoned({ host, book }: WorkContext, signal: AbortSignal): Promise<void> {
  return forEachSnapshot(
    host,
    'abandoned',
    () => book.hasAbandoned(),
    () => book.writeAbandoned(),
    signal,
  )
}

function pruneStore({ host, store }: WorkContext, signal: AbortSignal): Promise<void> {
  let nextHeight = 0
  return forEachSnapshot(
    host,
    'pruning',
    ({ height }) => height >= nextHeight,
    async ({ height, params }) => {
      nextHeight = height + PRUNE_EVERY_BLOCKS
      await store.prune(height - Math.max(KEPT_BLOCKS, KEPT_EPOCHS * params.epochLength))
    },
    signal,
  )
}
