import { sumBigint } from '../../lib/fixed-point.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { Batching } from './batches/batching.ts'
import { orderOf, priceOfJob } from './job-book.ts'
import type { Executor } from './orders/executor.ts'
import type { OwnBatch } from './ports.ts'
import type { Serving } from './serving.ts'
import type { WorkContext } from './work-context.ts'
import type { FinishingStage, ForfeitView } from './work-view.ts'

export interface FinishingParts {
  readonly serving: Serving
  readonly batching: Batching
  readonly executor: Executor
}

/**
 * Finish: no new orders, the running ones to their end, everything into batches, and the draws of the last batch closed; then
 * leaving forfeits nothing. Resolves when it is so. Rejects when the signal aborts: what was closed stays closed.
 */
export async function finishWork(work: WorkContext, parts: FinishingParts, signal: AbortSignal): Promise<void> {
  const { host, book, view } = work
  closeWork(parts)
  parts.batching.setFlushing(true)
  const stage = (): FinishingStage => {
    if (!parts.executor.isIdle()) {
      return 'ending_work'
    }
    if (book.open().length > 0 || book.openBatches().some(({ state }) => state === 'sending')) {
      return 'batching'
    }
    return book.openBatches().length > 0 ? 'waiting_for_draws' : 'done'
  }
  let height = host.watch.latest()?.height ?? -1
  for (;;) {
    const now = stage()
    view.update({ finishing: now })
    if (now === 'done') {
      return
    }
    height = (await host.watch.after(height, signal)).height
  }
}

/** No new orders from now on; nothing else changes. */
export function closeWork({ executor, serving }: FinishingParts): void {
  executor.setTaking(false)
  serving.setOffering(false)
}

/** Takes orders again. */
export function openWork({ view }: WorkContext, { executor, serving, batching }: FinishingParts): void {
  batching.setFlushing(false)
  serving.setOffering(true)
  executor.setTaking(true)
  view.update({ finishing: undefined })
}

/** Keeps what leaving at once would forfeit at most in the view. */
export function watchForfeits(work: WorkContext, signal: AbortSignal): Promise<void> {
  const step = async (_snapshot: ChainSnapshot, end: AbortSignal): Promise<void> => {
    const forfeits = await forfeitsOf(work, end)
    const before = work.view.current().forfeits
    if (forfeits.total !== before.total || forfeits.unopenable !== before.unopenable) {
      work.view.update({ forfeits })
    }
  }
  return forEachSnapshot(work.host, 'forfeits', () => true, step, signal)
}

/** From the store, and from the chain where a batch has no other keeper: is any of its points still to be opened or posted? */
async function forfeitsOf(work: WorkContext, signal: AbortSignal): Promise<ForfeitView> {
  const { book } = work
  const jobs = book.open()
  const sending = book.openBatches().filter(({ state }) => state === 'sending')
  const running = sumBigint(jobs.filter(({ state }) => state === 'running').map((job) => orderOf(job).maxPrice))
  const unbatched = sumBigint([...jobs.map(priceOfJob), ...sending.map(({ sum }) => sum)])
  let unopenable = 0n
  for (const batch of book.openBatches().filter((each) => each.state === 'taken' && !each.handedToCustodian)) {
    // Not paid, and the same once more from what is held.
    unopenable += (await isAnswered(work, batch, signal)) ? 0n : 2n * batch.sum
  }
  return { running, unbatched, unopenable, total: running + unbatched + unopenable }
}

const ANSWERED: readonly string[] = ['passed', 'failed', 'void', 'unchecked', 'withheld']

/** Whether every leaf that was drawn is judged, and none can be drawn any more. */
async function isAnswered({ chain, host }: WorkContext, { id }: OwnBatch, signal: AbortSignal): Promise<boolean> {
  if (id === undefined) {
    return false
  }
  const { batch, checks } = await chain.batch(id, signal)
  const epoch = host.watch.latest()?.epoch ?? 0
  // More points may be drawn at the close of the batch's epoch.
  const isDrawn = batch !== undefined && Number(batch.epoch) < epoch
  return isDrawn && checks.every(({ state }) => ANSWERED.includes(state))
}
