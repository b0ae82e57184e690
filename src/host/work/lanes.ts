/**
 * Lanes: what one payer owes this host, as one number that only grows. A voucher names a receipt and its place in the lane.
 * Invariant: a receipt with a voucher stands in the lane where its voucher says and nowhere else; one without is laid where
 * the chain stands, after it has waited for its voucher. Read next: batches/batch-plan.ts.
 */
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { maxBigint, sumBigint } from '../../lib/fixed-point.ts'
import { addressOfPublicKey, decodeAddress, encodeAddress } from '../../protocol/address.ts'
import type { SignedVoucher } from '../../protocol/gen/tailrace/v1/work.ts'
import { receiptHash, verifyVoucher } from '../../protocol/work/receipt.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import { forEachSnapshot, withTimeLimit } from '../tasks.ts'
import type { JobBook } from './job-book.ts'
import { orderOf, payerOf, priceOfJob } from './job-book.ts'
import type { Job } from './ports.ts'
import type { WorkContext } from './work-context.ts'

/** What the payer may still owe this host: receipts in no batch that was taken, and the most that running orders may bring. */
export function unpaidOf(book: JobBook, payer: Uint8Array): bigint {
  const open = book.open().filter((job) => equalBytes(payerOf(job), payer))
  const onTheWay = book.openBatches().filter(({ state }) => state === 'sending')
  const sent = onTheWay.flatMap(({ message }) => message.lanes.filter((lane) => equalBytes(lane.payer, payer)))
  const known = sumBigint(open.map((job) => (job.state === 'running' ? orderOf(job).maxPrice : priceOfJob(job))))
  return sent.length === 0 ? known : known + sumBigint(onTheWay.map(({ sum }) => sum))
}

/** The lane cumulative as this host knows it: `accepted` by the chain, batches on their way, the furthest voucher. */
export function laneHead(book: JobBook, payer: Uint8Array, accepted: bigint): bigint {
  const sending = book.openBatches().filter(({ state }) => state === 'sending')
  const sent = sending.flatMap(({ message }) => message.lanes).filter((lane) => equalBytes(lane.payer, payer))
  const open = book.open().filter((job) => equalBytes(payerOf(job), payer))
  return [...sent.map(({ to }) => to), ...open.map(endOf)].reduce(maxBigint, accepted)
}

/** Undefined where the voucher names this receipt and is signed by its payer; else what is wrong. */
export function voucherFault(
  signed: SignedVoucher,
  job: Job,
  facts: { readonly chainId: string; readonly executor: Uint8Array; readonly sessionPublicKey: Uint8Array },
): string | undefined {
  const { voucher } = signed
  const receipt = job.receipt?.receipt
  const order = orderOf(job)
  if (voucher === undefined || receipt === undefined) {
    return 'malformed_voucher'
  }
  const conditions: readonly (readonly [boolean, string])[] = [
    [voucher.chainId === facts.chainId, 'wrong_chain'],
    [equalBytes(voucher.payer, order.payer), 'wrong_payer'],
    [equalBytes(voucher.executor, facts.executor), 'wrong_executor'],
    [equalBytes(voucher.receiptHash, receiptHash(receipt)), 'wrong_receipt'],
    [voucher.sequence >= order.sequence, 'old_sequence'],
    [voucher.total >= voucher.cumulative, 'total_too_low'],
    [addressOfPublicKey(facts.sessionPublicKey) === encodeAddress(order.payer), 'wrong_key'],
    [verifyVoucher(voucher, signed.signature, facts.sessionPublicKey), 'bad_signature'],
  ]
  return conditions.find(([holds]) => !holds)?.[1]
}

/**
 * Judges and stores a voucher; whether it follows on the lane is seen when that is laid. Resolves to what is wrong with it;
 * undefined where the receipt has its voucher now.
 */
export async function takeVoucher(
  work: WorkContext,
  orderHash: string,
  signed: SignedVoucher,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { host, chain, book } = work
  const job = await book.job(orderHash)
  if (job?.state !== 'delivered') {
    return job?.voucher === undefined ? 'unknown_receipt' : undefined
  }
  const { escrow } = await chain.escrow(orderOf(job).payer, signal)
  const facts = { chainId: host.chain.chainId, executor: decodeAddress(host.keys.ownerAddress) }
  const fault =
    escrow === undefined
      ? 'unknown_escrow'
      : voucherFault(signed, job, { ...facts, sessionPublicKey: escrow.sessionPubkey })
  if (fault === undefined) {
    await book.change(orderHash, (latest) =>
      latest.state === 'delivered' ? { ...latest, state: 'countersigned', voucher: signed } : undefined,
    )
  }
  return fault
}

export interface LaidLane {
  /** Receipts whose vouchers follow `accepted` one after the other without a gap. */
  readonly run: readonly Job[]
  /** Receipts whose vouchers lie further on: the voucher of something before them did not arrive. */
  readonly ahead: readonly Job[]
  /** Receipts whose place another receipt has taken: their vouchers are worth nothing any more. */
  readonly displaced: readonly Job[]
  /** Receipts without a voucher. */
  readonly unvouched: readonly Job[]
}

/** The receipts of one lane from where the chain stands: it opens a countersigned leaf by its own voucher. */
export function layLane(jobs: readonly Job[], accepted: bigint): LaidLane {
  const receipts = jobs.filter(({ state }) => state === 'delivered' || state === 'countersigned')
  const run: Job[] = []
  const ahead: Job[] = []
  const displaced: Job[] = []
  let position = accepted
  for (const job of receipts.filter(({ voucher }) => voucher !== undefined).sort(byEnd)) {
    if (startOf(job) === position) {
      run.push(job)
      position = endOf(job)
    } else {
      const others = startOf(job) > position ? ahead : displaced
      others.push(job)
    }
  }
  return { run, ahead, displaced, unvouched: receipts.filter(({ voucher }) => voucher === undefined) }
}

/** Where the voucher of a receipt says that its place begins. */
export function startOf(job: Job): bigint {
  return endOf(job) - priceOfJob(job)
}

function endOf(job: Job): bigint {
  return job.voucher?.voucher?.cumulative ?? 0n
}

function byEnd(a: Job, b: Job): number {
  return compareBigint(endOf(a), endOf(b))
}

export function compareBigint(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Blocks after a receipt at which its voucher is asked for again: 2, 4, 8, 16, 24 … until its gateway has answered. */
const FIRST_REQUEST_BLOCKS = 2
const LONGEST_PAUSE_BLOCKS = 8
const REQUESTS_PER_BLOCK = 8
const REQUEST_TIMEOUT_MS = 5_000

/**
 * Asks gateways for the vouchers of receipts whose stream broke. They answer with what they stored before, or that they gave none and never
 * will: that is noted in the book. While the order is open at its gateway there is no answer.
 */
export function requestVouchers(work: WorkContext, signal: AbortSignal): Promise<void> {
  const { host, book } = work
  /** Height of the next request, by order. */
  const due = new Map<string, number>()

  function missing(): Job[] {
    const isMissing = ({ state, orderHash }: Job): boolean =>
      state === 'delivered' && !book.live.has(orderHash) && !book.neverVouched.has(orderHash)
    return book.open().filter(isMissing)
  }

  async function step({ height }: ChainSnapshot, stepSignal: AbortSignal): Promise<void> {
    const jobs = missing()
    const known = new Set(jobs.map(({ orderHash }) => orderHash))
    for (const orderHash of [...due.keys()].filter((each) => !known.has(each))) {
      due.delete(orderHash)
    }
    const dueOf = (job: Job): number => due.get(job.orderHash) ?? endHeightOf(job) + FIRST_REQUEST_BLOCKS
    // Who was asked longest ago comes first: one gateway that does not answer keeps nobody from asking another.
    const wanted = jobs.filter((job) => height >= dueOf(job)).sort((a, b) => dueOf(a) - dueOf(b))
    await Promise.all(
      wanted.slice(0, REQUESTS_PER_BLOCK).map(async (job) => {
        const age = Math.max(FIRST_REQUEST_BLOCKS, height - endHeightOf(job))
        due.set(job.orderHash, height + Math.min(age, LONGEST_PAUSE_BLOCKS))
        await requestVoucher(work, job, stepSignal)
      }),
    )
  }

  return forEachSnapshot(host, 'vouchers', () => missing().length > 0, step, signal)
}

export function endHeightOf(job: Job): number {
  return Number(job.receipt?.receipt?.endHeight ?? 0n)
}

async function requestVoucher(work: WorkContext, job: Job, signal: AbortSignal): Promise<void> {
  const { host, peers, book } = work
  const { receipt } = job
  if (receipt === undefined) {
    return
  }
  const fields = { order: job.orderHash, payer: toHex(payerOf(job)) }
  try {
    const fault = await withTimeLimit(host.clock, REQUEST_TIMEOUT_MS, signal, async (end) => {
      const voucher = await peers.requestVoucher(orderOf(job).gatewayPeer, receipt, end)
      return voucher === undefined ? 'never_given' : await takeVoucher(work, job.orderHash, voucher, end)
    })
    const isWaiting = (await book.job(job.orderHash))?.state === 'delivered'
    // What is no voucher for this receipt is as good as none. That the chain does not know the escrow is its node's word alone.
    if (fault !== undefined && fault !== 'unknown_escrow' && isWaiting) {
      book.neverVouched.add(job.orderHash)
    }
    host.logger.log('debug', 'voucher asked for', { ...fields, fault: fault ?? 'none' })
  } catch (error) {
    signal.throwIfAborted()
    host.logger.log('debug', 'voucher not answered', { ...fields, code: errorCode(error) })
  }
}
