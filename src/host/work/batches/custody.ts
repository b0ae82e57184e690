/**
 * Hands the openings of this host's batches to those who can answer in its place: each gateway its own receipts, the drawn
 * custodian everything. Invariant: a batch counts as handed over only when the receiver said that it kept all of it.
 * The other side, keeping what others hand over, is keeping.ts.
 */
import { fromHex } from '../../../lib/bytes.ts'
import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import type { SumTree } from '../../../lib/merkle-sum.ts'
import { encodeAddress } from '../../../protocol/address.ts'
import type { OpeningHeader, OpeningItem } from '../../../protocol/gen/tailrace/v1/peer.ts'
import type { ChainSnapshot } from '../../chain-snapshot.ts'
import { forEachSnapshot, withTimeLimit } from '../../tasks.ts'
import { orderOf } from '../job-book.ts'
import type { Job, OwnBatch } from '../ports.ts'
import type { WorkContext } from '../work-context.ts'
import { leavesOf, openingOf, treeOf } from './batch-plan.ts'

/** Receipts of one push, and about how many bytes: what is in memory at once. */
const PUSHED_ITEMS = 64
const PUSHED_BYTES = 8 * 1024 * 1024
const PUSH_TIMEOUT_MS = 30_000
const BATCHES_PER_BLOCK = 4
const LONGEST_PAUSE_BLOCKS = 16
/** Of a batch that is paid already: its gateway may be gone for good. */
const LATE_ATTEMPTS = 12
/** Attempts before the owner is told that nobody else keeps a batch. */
const PATIENCE = 4
/** The chain names the custodian with the randomness of the block after the batch. */
const CUSTODIAN_BLOCKS = 3

interface Handing {
  /** Peers that kept everything of theirs. */
  readonly done: Set<string>
  attempts: number
  nextHeight: number
}

export function handOver(work: WorkContext, signal: AbortSignal): Promise<void> {
  const { host, book } = work
  const handings = new Map<string, Handing>()

  function waiting(height: number): readonly OwnBatch[] {
    const open = book.openBatches().filter(({ state, handedToCustodian, handedToGateways }) => {
      return state === 'taken' && !(handedToCustodian && handedToGateways)
    })
    const late = book.unhanded().filter(({ root }) => (handings.get(root)?.attempts ?? 0) < LATE_ATTEMPTS)
    return [...open, ...late].filter(({ root }) => height >= (handings.get(root)?.nextHeight ?? 0))
  }

  async function step({ height }: ChainSnapshot, end: AbortSignal): Promise<void> {
    const open = new Set([...book.openBatches(), ...book.unhanded()].map(({ root }) => root))
    for (const root of [...handings.keys()].filter((each) => !open.has(each))) {
      handings.delete(root)
    }
    await Promise.all(
      waiting(height)
        .slice(0, BATCHES_PER_BLOCK)
        .map(async (batch) => {
          const handing = handings.get(batch.root) ?? { done: new Set(), attempts: 0, nextHeight: 0 }
          handings.set(batch.root, handing)
          handing.attempts += 1
          handing.nextHeight = height + Math.min(LONGEST_PAUSE_BLOCKS, 2 ** (handing.attempts - 1))
          await handBatch(work, batch, handing, height, end)
        }),
    )
  }

  return forEachSnapshot(host, 'custody', ({ height }) => waiting(height).length > 0, step, signal)
}

async function handBatch(
  work: WorkContext,
  batch: OwnBatch,
  handing: Handing,
  height: number,
  signal: AbortSignal,
): Promise<void> {
  const { store, book } = work
  const jobs = await store.jobsOfBatch(batch.root)
  const tree = treeOf(leavesOf(jobs))
  const gateways = Map.groupBy(jobs, (job) => orderOf(job).gatewayPeer)
  const push = (peerId: string, own: readonly Job[]) =>
    pushAll(work, batch, { peerId, jobs: own, tree }, handing, signal)
  const taken = await Promise.all([...gateways].map(([peerId, own]) => push(peerId, own)))
  const isWithGateways = taken.every(Boolean)
  if (batch.state === 'paid') {
    // Nobody can be asked for it any more; what is left is the payer's proof.
    if (isWithGateways) {
      await putHanded(work, batch.root, true, batch.handedToCustodian)
    }
    return
  }
  const custodian = await custodianOf(work, batch, height, signal)
  const isWithCustodian = custodian !== undefined && (await push(custodian, jobs))
  if (isWithGateways !== batch.handedToGateways || isWithCustodian !== batch.handedToCustodian) {
    await putHanded(work, batch.root, isWithGateways, isWithCustodian)
  }
  const isLeft = !isWithCustodian && book.openBatches().some(({ root }) => root === batch.root)
  if (isLeft && handing.attempts === PATIENCE) {
    work.view.notice('warning', 'custodian_unreachable', { batch: String(batch.id ?? '') })
  }
}

/** Onto the batch as it is now: it may have been closed since. */
async function putHanded(
  { book }: WorkContext,
  root: string,
  handedToGateways: boolean,
  handedToCustodian: boolean,
): Promise<void> {
  const latest = [...book.openBatches(), ...book.unhanded()].find((batch) => batch.root === root)
  if (latest !== undefined) {
    await book.putBatch({ ...latest, handedToGateways, handedToCustodian }, [], (job) => job)
  }
}

/** Peer id of the drawn custodian; undefined where there is none, or not yet. */
async function custodianOf(
  { chain, host }: WorkContext,
  { id, height: takenAt }: OwnBatch,
  height: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (id === undefined) {
    return undefined
  }
  const { batch } = await chain.batch(id, signal)
  if (batch === undefined || batch.custodian.length === 0) {
    const isDrawn = height >= (takenAt ?? height) + CUSTODIAN_BLOCKS
    host.logger.log('debug', 'no custodian', { batch: id, drawn: isDrawn })
    return undefined
  }
  const record = await host.chain.host(encodeAddress(batch.custodian), signal)
  return record?.peerId === '' ? undefined : record?.peerId
}

interface Parcel {
  readonly peerId: string
  readonly jobs: readonly Job[]
  readonly tree: SumTree
}

/** True when the peer kept all of it, now or at an earlier attempt. */
async function pushAll(
  work: WorkContext,
  batch: OwnBatch,
  { peerId, jobs, tree }: Parcel,
  handing: Handing,
  signal: AbortSignal,
): Promise<boolean> {
  const name = `${peerId}/${jobs.length}`
  if (handing.done.has(name)) {
    return true
  }
  const { host, peers } = work
  try {
    for (let at = 0; at < jobs.length; ) {
      const items = await nextItems(work, jobs.slice(at), tree)
      const header = headerOf(work, batch)
      const kept = await withTimeLimit(host.clock, PUSH_TIMEOUT_MS, signal, (end) =>
        peers.pushOpenings(peerId, header, items, end),
      )
      if (kept < items.length) {
        host.logger.log('info', 'openings not kept', { batch: batch.id, peer: peerId, kept, sent: items.length })
        return false
      }
      at += items.length
    }
    handing.done.add(name)
    return true
  } catch (error) {
    signal.throwIfAborted()
    host.logger.log('info', 'openings not handed over', { batch: batch.id, peer: peerId, code: errorCode(error) })
    return false
  }
}

/** The first of these jobs, as many as one push holds. */
async function nextItems(work: WorkContext, jobs: readonly Job[], tree: SumTree): Promise<OpeningItem[]> {
  const items: OpeningItem[] = []
  let bytes = 0
  for (const job of jobs.slice(0, PUSHED_ITEMS)) {
    const data = await work.store.workData(job.orderHash)
    if (data === undefined) {
      throw new CodedError('internal_fault', 'the data of a batched job is missing')
    }
    bytes += data.scores.length + 8 * (data.prompt.length + data.output.length)
    if (items.length > 0 && bytes > PUSHED_BYTES) {
      break
    }
    items.push({ opening: openingOf(job, tree), data })
  }
  return items
}

function headerOf({ host }: WorkContext, { id, root, sum, leaves, txHash }: OwnBatch): OpeningHeader {
  return {
    executor: host.keys.ownerAddress,
    batch: id ?? 0n,
    root: fromHex(root),
    sum,
    leaves: leaves.length,
    txHash: txHash ?? '',
  }
}
