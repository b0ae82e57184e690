import { toHex } from '../../../lib/bytes.ts'
import type { SumTree } from '../../../lib/merkle-sum.ts'
import type { CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { PointOpening } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgOpenReceipts, MsgPostWork } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { WorkData } from '../../../protocol/gen/tailrace/v1/work.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import type { ChainSnapshot } from '../../chain-snapshot.ts'
import { isOurDevice } from '../../joining.ts'
import { submitMessage } from '../../submitting.ts'
import { forEachSnapshot } from '../../tasks.ts'
import { priceOfJob } from '../job-book.ts'
import type { Job } from '../ports.ts'
import type { WorkContext } from '../work-context.ts'
import { leavesOf, openingOf, treeOf } from './batch-plan.ts'

const MOST_TOLD = 1_024

/**
 * Answers what is drawn of this host's own batches: opens the leaf that covers the point, posts the data of a check that a
 * verifier found nowhere. What the chain lists as due decides, so a restart needs no memory.
 */
export function answerDraws(work: WorkContext, signal: AbortSignal): Promise<void> {
  const { host, chain, book } = work
  const told = new Set<string>()

  function wants({ record }: ChainSnapshot): boolean {
    const hasOpen = book.openBatches().some(({ state }) => state === 'taken')
    return record !== undefined && isOurDevice(host, record) && hasOpen
  }

  async function step(_snapshot: ChainSnapshot, end: AbortSignal): Promise<void> {
    const { openings, demands } = await chain.workDuties(host.keys.ownerAddress, end)
    for (const [batch, checks] of groupByBatch(openings)) {
      await openPoints(work, batch, checks, told, end)
    }
    for (const check of demands) {
      await postDemanded(work, check, told, end)
    }
  }

  return forEachSnapshot(host, 'openings', wants, step, signal)
}

/** Submits openings of one batch, in as many transactions as they need. */
export async function submitOpenings(
  work: WorkContext,
  batch: bigint,
  openings: readonly PointOpening[],
  signal: AbortSignal,
): Promise<void> {
  const { host } = work
  const sorted = [...openings].sort((a, b) => a.point - b.point)
  for (let at = 0; at < sorted.length; at += WORK_LIMITS.openingsPerTransaction) {
    const value = MsgOpenReceipts.fromPartial({
      signer: host.keys.deviceAddress,
      batch,
      openings: sorted.slice(at, at + WORK_LIMITS.openingsPerTransaction),
    })
    await submitMessage(host, { typeUrl: '/tailrace.v1.MsgOpenReceipts', value }, 'device', signal)
  }
}

/** False where the data is too long for a transaction. */
export async function submitWork(
  work: WorkContext,
  { batch, point }: CheckState,
  data: WorkData,
  signal: AbortSignal,
): Promise<boolean> {
  if (WorkData.encode(data).finish().length > WORK_LIMITS.postedBytes) {
    return false
  }
  const value = MsgPostWork.fromPartial({ signer: work.host.keys.deviceAddress, batch, point, data })
  await submitMessage(work.host, { typeUrl: '/tailrace.v1.MsgPostWork', value }, 'device', signal)
  return true
}

async function openPoints(
  work: WorkContext,
  id: bigint,
  checks: readonly CheckState[],
  told: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const batch = await work.store.batchById(id)
  const jobs = batch === undefined ? [] : await work.store.jobsOfBatch(batch.root)
  if (batch === undefined || jobs.length !== batch.leaves.length) {
    tellOnce(work, told, 'opening_missing', { batch: String(id), point: checks[0]?.point ?? 0 })
    return
  }
  const tree: SumTree = treeOf(leavesOf(jobs))
  const openings = checks.flatMap(({ point, offset }) => {
    const job = jobAt(jobs, offset)
    return job === undefined ? [] : [{ point, opening: openingOf(job, tree) }]
  })
  await submitOpenings(work, id, openings, signal)
}

/** The job whose leaf covers this unit of the root's sum. */
function jobAt(jobs: readonly Job[], offset: bigint): Job | undefined {
  let end = 0n
  return jobs.find((job) => {
    end += priceOfJob(job)
    return offset < end
  })
}

async function postDemanded(
  work: WorkContext,
  check: CheckState,
  told: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const { store } = work
  const orderHash = check.opening?.leaf?.orderHash
  const fields = { batch: String(check.batch), point: check.point }
  const data = orderHash === undefined ? undefined : await store.workData(toHex(orderHash))
  if (data === undefined) {
    tellOnce(work, told, 'opening_missing', fields)
    return
  }
  if (!(await submitWork(work, check, data, signal))) {
    tellOnce(work, told, 'work_not_postable', fields)
  }
}

/** A notice for what cannot be helped, not one in every block. */
function tellOnce(
  { view }: WorkContext,
  told: Set<string>,
  code: 'opening_missing' | 'work_not_postable',
  fields: { readonly batch: string; readonly point: number },
): void {
  const name = `${code}/${fields.batch}/${fields.point}`
  if (!told.has(name) && told.size < MOST_TOLD) {
    told.add(name)
    view.notice('error', code, fields)
  }
}

function groupByBatch(checks: readonly CheckState[]): ReadonlyMap<bigint, readonly CheckState[]> {
  const groups = new Map<bigint, CheckState[]>()
  for (const check of checks) {
    groups.set(check.batch, [...(groups.get(check.batch) ?? []), check])
  }
  return groups
}
