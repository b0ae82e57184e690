import type { AbortSignalLike } from '../../../lib/runtime.ts'
import type { ReceiptBundle } from '../../../protocol/gen/tailrace/v1/work.ts'
import { voucherOfLeaf } from '../../../protocol/work/bundle.ts'
import { orderOf } from '../job-book.ts'
import type { WorkContext } from '../work-context.ts'
import { leavesOf, openingOf, treeOf } from './batch-plan.ts'

/**
 * The executor's proof of one receipt, from its own store: what anybody can verify without asking it (protocol/work/bundle.ts).
 * Undefined where the order is not this host's, or its batch is not on chain yet.
 */
export async function ownReceipt(
  { store, chain, host }: WorkContext,
  orderHash: string,
  signal: AbortSignalLike,
): Promise<ReceiptBundle | undefined> {
  const job = await store.job(orderHash)
  const batch = job?.root === undefined ? undefined : await store.batchByRoot(job.root)
  if (job === undefined || batch?.id === undefined || batch.txHash === undefined) {
    return undefined
  }
  const jobs = await store.jobsOfBatch(batch.root)
  const placed = jobs.find((candidate) => candidate.orderHash === orderHash)
  const [{ escrow }, data] = await Promise.all([chain.escrow(orderOf(job).payer, signal), store.workData(orderHash)])
  if (placed === undefined || escrow === undefined) {
    return undefined
  }
  const tree = treeOf(leavesOf(jobs))
  return {
    chainId: host.chain.chainId,
    sessionPubkey: escrow.sessionPubkey,
    devicePubkey: host.keys.devicePublicKey,
    opening: openingOf(placed, tree),
    voucher: voucherOfLeaf(placed.voucher, placed.to ?? 0n),
    batch: batch.id,
    root: tree.root.hash,
    sum: tree.root.sum,
    leaves: jobs.length,
    height: BigInt(batch.height ?? 0),
    txHash: batch.txHash,
    data: data && { ...data, scores: new Uint8Array(0) },
  }
}
