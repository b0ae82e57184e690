/**
 * Keeps the openings of others' batches as their custodian, and answers in their place. Invariant: only what was verified is
 * kept (the leaf stands under the root that the chain took, the receipt is signed by the executor's key, the data is what the
 * receipt stands for), and only whom the chain drew for a check is shown anything of it.
 */
import { equalBytes, toHex } from '../../../lib/bytes.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import type { SumNode } from '../../../lib/merkle-sum.ts'
import { decodeAddress, encodeAddress } from '../../../protocol/address.ts'
import type { OpeningHeader, OpeningItem, WorkRequest } from '../../../protocol/gen/tailrace/v1/peer.ts'
import type { BatchState, CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { PointOpening } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { ReceiptOpening, WorkData } from '../../../protocol/gen/tailrace/v1/work.ts'
import type { Params } from '../../../protocol/params.ts'
import { verifyBatchLeaf } from '../../../protocol/work/batch.ts'
import { workDataMismatch } from '../../../protocol/work/judge.ts'
import { orderHash } from '../../../protocol/work/order.ts'
import { receiptHash, verifyReceipt } from '../../../protocol/work/receipt.ts'
import type { ChainSnapshot } from '../../chain-snapshot.ts'
import { forEachSnapshot } from '../../tasks.ts'
import type { KeptBatch } from '../ports.ts'
import type { WorkContext } from '../work-context.ts'
import { submitOpenings, submitWork } from './openings.ts'

/** Hand-overs that are verified at once: a signature each item, a millisecond. */
const MOST_TAKING = 4
const WATCHED_BATCHES = 64
const CLOSED: readonly string[] = ['paid', 'refunded']

/** Takes hand-overs and answers requests until the signal aborts. */
export async function serveKept(work: WorkContext, signal: AbortSignal): Promise<void> {
  const { peers } = work
  let taking = 0
  const unsubscribes = [
    peers.onOpening(async (from, header, items) => {
      if (taking >= MOST_TAKING) {
        return 0
      }
      taking += 1
      try {
        return await takeOpenings(work, from, header, items, signal)
      } finally {
        taking -= 1
      }
    }),
    peers.onWorkRequest((from, request) => answerWork(work, from, request, signal)),
  ]
  const stopped = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => stopped.resolve(), { once: true })
  if (!signal.aborted) {
    await stopped.promise
  }
  for (const unsubscribe of unsubscribes) {
    unsubscribe()
  }
}

/** Opens and posts for executors that have not done so in half of their time. */
export function answerForOthers(work: WorkContext, signal: AbortSignal): Promise<void> {
  const { store, host } = work
  let looksAt = 0

  async function step({ height, params }: ChainSnapshot, end: AbortSignal): Promise<void> {
    looksAt = height + Math.max(1, Math.floor(params.serving.openingBlocks / 4))
    for (const kept of await store.keptBatches(WATCHED_BATCHES)) {
      try {
        await answerFor(work, kept, { height, params }, end)
      } catch (error) {
        end.throwIfAborted()
        host.logger.log('warn', 'kept batch not looked after', { batch: kept.batch, code: errorCode(error) })
      }
    }
  }

  return forEachSnapshot(host, 'keeping', ({ height }) => height >= looksAt, step, signal)
}

/** The opening's leaf, order and receipt are one, the receipt is signed by `devicePublicKey`, the data is the receipt's. */
export function keepingFault(
  { opening, data }: OpeningItem,
  root: SumNode,
  leaves: number,
  devicePublicKey: Uint8Array,
): string | undefined {
  const leaf = opening?.leaf
  const order = opening?.order?.order
  const receipt = opening?.receipt?.receipt
  if (
    opening === undefined ||
    leaf === undefined ||
    order === undefined ||
    receipt === undefined ||
    data === undefined
  ) {
    return 'incomplete'
  }
  const conditions: readonly (readonly [() => boolean, string])[] = [
    [() => equalBytes(leaf.orderHash, orderHash(order)) && equalBytes(leaf.payer, order.payer), 'order'],
    [() => equalBytes(leaf.receiptHash, receiptHash(receipt)), 'receipt'],
    [() => verifyBatchLeaf(root, leaves, opening) !== undefined, 'path'],
    [() => workDataMismatch({ order, receipt }, data, 'work_and_scores') === undefined, 'data'],
    [() => verifyReceipt(receipt, opening.receipt?.signature ?? new Uint8Array(0), devicePublicKey), 'signature'],
  ]
  return conditions.find(([holds]) => !holds())?.[1]
}

async function takeOpenings(
  work: WorkContext,
  from: string,
  header: OpeningHeader,
  items: AsyncIterable<OpeningItem>,
  signal: AbortSignal,
): Promise<number> {
  const { chain, host, store } = work
  const [{ batch }, executor] = await Promise.all([
    chain.batch(header.batch, signal),
    host.chain.host(header.executor, signal),
  ])
  const isEntrusted =
    batch !== undefined &&
    isHeaderOf(header, batch) &&
    executor?.peerId === from &&
    equalBytes(batch.custodian, decodeAddress(host.keys.ownerAddress))
  if (!isEntrusted) {
    return 0
  }
  const root = { hash: batch.root, sum: batch.sum }
  let kept = 0
  for await (const item of items) {
    const fault = keepingFault(item, root, batch.leaves, batch.devicePubkey)
    const { opening, data } = item
    if (fault !== undefined || opening === undefined || data === undefined || kept >= batch.leaves) {
      host.logger.log('info', 'opening not kept', { batch: batch.id, fault: fault ?? 'too_many' })
      break
    }
    if (!(await store.keepOpening({ header, opening, data }))) {
      break
    }
    kept += 1
  }
  return kept
}

function isHeaderOf(header: OpeningHeader, batch: BatchState): boolean {
  return (
    header.executor === encodeAddress(batch.executor) &&
    equalBytes(header.root, batch.root) &&
    header.sum === batch.sum &&
    header.leaves === batch.leaves
  )
}

/** To whom the chain drew for this check: what was ordered and made; the executor's scores once the asker has committed to its own. */
async function answerWork(
  work: WorkContext,
  from: string,
  request: WorkRequest,
  signal: AbortSignal,
): Promise<WorkData | undefined> {
  const { chain } = work
  const data = await dataOf(work, toHex(request.orderHash), request.batch)
  if (data === undefined) {
    return undefined
  }
  const { checks } = await chain.batch(request.batch, signal)
  const check = checks.find(({ point }) => point === request.point)
  if (check === undefined || !equalBytes(check.opening?.leaf?.orderHash ?? new Uint8Array(0), request.orderHash)) {
    return undefined
  }
  const rights = await rightsOf(work, from, check, signal)
  if (rights === 'none') {
    return undefined
  }
  return request.withScores && rights === 'with_scores' ? data : { ...data, scores: new Uint8Array(0) }
}

/** This host's own work, or what it keeps of another's. */
async function dataOf({ store }: WorkContext, name: string, batch: bigint): Promise<WorkData | undefined> {
  const job = await store.job(name)
  const own = job?.root === undefined ? undefined : await store.batchByRoot(job.root)
  if (own !== undefined && own.id === batch) {
    return store.workData(name)
  }
  return (await store.keptOpening(name, batch))?.data
}

/** An arbiter judges what the executor claims, so it sees the scores at once; it commits to a ruling, not to a pass of its own. */
async function rightsOf(
  { host }: WorkContext,
  from: string,
  { checkers, arbiters }: CheckState,
  signal: AbortSignal,
): Promise<'none' | 'without_scores' | 'with_scores'> {
  for (const { host: arbiter } of arbiters) {
    if ((await host.chain.host(encodeAddress(arbiter), signal))?.peerId === from) {
      return 'with_scores'
    }
  }
  for (const { host: checker, commit } of checkers) {
    if ((await host.chain.host(encodeAddress(checker), signal))?.peerId === from) {
      return commit.length > 0 ? 'with_scores' : 'without_scores'
    }
  }
  return 'none'
}

async function answerFor(
  work: WorkContext,
  { executor, batch: id }: KeptBatch,
  { height, params }: { readonly height: number; readonly params: Params },
  signal: AbortSignal,
): Promise<void> {
  const { chain, store, view } = work
  const { batch, checks } = await chain.batch(id, signal)
  if (batch === undefined || CLOSED.includes(batch.state)) {
    await store.forgetKept(executor, id)
    return
  }
  const { openingBlocks, postBlocks } = params.serving
  const isLate = ({ deadlineHeight }: CheckState, blocks: number) => height >= Number(deadlineHeight) - blocks / 2
  const drawn = checks.filter((check) => check.state === 'drawn' && isLate(check, openingBlocks))
  const demanded = checks.filter((check) => check.state === 'demanded' && isLate(check, postBlocks))
  if (drawn.length > 0) {
    const kept = await store.keptOfBatch(executor, id)
    const root = { hash: batch.root, sum: batch.sum }
    const openings = drawn.flatMap(({ point, offset }): PointOpening[] => {
      const opening = kept.find((each) => covers(each.opening, root, batch.leaves, offset))?.opening
      return opening === undefined ? [] : [{ point, opening }]
    })
    await submitOpenings(work, id, openings, signal)
    for (const { point } of openings) {
      view.notice('info', 'opened_for_another', { batch: String(id), point })
    }
  }
  for (const check of demanded) {
    const kept = await store.keptOpening(toHex(check.opening?.leaf?.orderHash ?? new Uint8Array(0)), id)
    if (kept !== undefined) {
      await submitWork(work, check, kept.data, signal)
    }
  }
}

function covers(opening: ReceiptOpening, root: SumNode, leaves: number, offset: bigint): boolean {
  const interval = verifyBatchLeaf(root, leaves, opening)
  return interval !== undefined && interval.start <= offset && offset < interval.end
}
