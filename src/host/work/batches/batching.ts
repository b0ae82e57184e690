/**
 * Brings receipts to the chain. Invariant: one batch is on its way at a time, stored before it is sent; until it is found among
 * the chain's batches or refused, its receipts are in no other. So a crash, a lost answer or a transaction sent twice pays
 * nothing twice: the same root is looked up, and the same intervals are taken once. Read next: batch-plan.ts, custody.ts.
 */
import { compareBytes, toHex } from '../../../lib/bytes.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import { sumBigint } from '../../../lib/fixed-point.ts'
import type { BatchState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import type { ChainSnapshot } from '../../chain-snapshot.ts'
import { isOurDevice } from '../../joining.ts'
import { sentAtMs } from '../../network-time.ts'
import { refusalOf, submitMessage } from '../../submitting.ts'
import { forEachSnapshot } from '../../tasks.ts'
import { payerOf, priceOfJob } from '../job-book.ts'
import type { Job, OwnBatch } from '../ports.ts'
import type { WorkContext } from '../work-context.ts'
import type { PlacedJob, PlanRules } from './batch-plan.ts'
import { placesFrom, planBatch } from './batch-plan.ts'
import type { GivenUp, LaneFacts } from './lane-plan.ts'
import { givenUpIn, isExpired, isUrgent } from './lane-plan.ts'

export interface Batching {
  run(signal: AbortSignal): Promise<void>
  /** While flushing, everything that can be batched is, in every block. */
  setFlushing(isFlushing: boolean): void
  /** Receipts of this payer that were given up in the last blocks because it never countersigned them. */
  givenUp(payer: Uint8Array): number
}

const EVERY_BLOCKS = 60
const EVERY_FAST_BLOCKS = 6
const FAST_BLOCK_MS = 5_000
/** A batch of which nothing is known is sent again after so many blocks. */
const RESEND_BLOCKS = 4
/** Batches of one round. */
const MOST_BATCHES = 16
const MOST_PAYERS = 256
const MOST_PAGES = 16
const LONGEST_REST_BLOCKS = 64
const GIVEN_UP_MEMORY_BLOCKS = 400
const FORGET_EPOCHS = 3

interface Suspect {
  readonly failures: number
  /** Not batched below this height. */
  readonly restsUntil: number
}

export function createBatching(work: WorkContext): Batching {
  return new BatchingRun(work)
}

class BatchingRun implements Batching {
  readonly #work: WorkContext
  readonly #suspects = new Map<string, Suspect>()
  readonly #givenUp: { readonly payer: string; readonly height: number }[] = []
  /** Heights at which batches of this process were sent, by root. */
  readonly #sentAt = new Map<string, number>()
  #isFlushing = false
  /** Receipts of an earlier run of this program have waited long enough: one that is often restarted would never be due. */
  #hasLeftOver = false
  #lastRound: number | undefined
  /** Batches up to this id have been looked at. */
  #seen: bigint | undefined

  constructor(work: WorkContext) {
    this.#work = work
  }

  setFlushing(isFlushing: boolean): void {
    this.#isFlushing = isFlushing
  }

  givenUp(payer: Uint8Array): number {
    const name = toHex(payer)
    const since = (this.#work.host.watch.latest()?.height ?? 0) - GIVEN_UP_MEMORY_BLOCKS
    return this.#givenUp.filter((each) => each.payer === name && each.height >= since).length
  }

  run(signal: AbortSignal): Promise<void> {
    const { host, book } = this.#work
    this.#hasLeftOver = this.#receipts().length > 0
    const wants = ({ record }: ChainSnapshot) =>
      record !== undefined && isOurDevice(host, record) && (book.open().length > 0 || book.openBatches().length > 0)
    return forEachSnapshot(host, 'batching', wants, (snapshot, end) => this.#step(snapshot, end), signal)
  }

  async #step(snapshot: ChainSnapshot, signal: AbortSignal): Promise<void> {
    this.#lastRound ??= snapshot.height
    await this.#reconcile(snapshot, signal)
    for (const batch of this.#sending()) {
      await this.#resend(batch, snapshot, signal)
    }
    if (this.#sending().length > 0) {
      return
    }
    if (!this.#isDue(snapshot)) {
      return
    }
    this.#lastRound = snapshot.height
    for (let sent = 0; sent < MOST_BATCHES; sent++) {
      const isSent = await this.#sendNext(snapshot, signal)
      if (!isSent || this.#sending().length > 0) {
        return
      }
    }
  }

  #sending(): readonly OwnBatch[] {
    return this.#work.book.openBatches().filter(({ state }) => state === 'sending')
  }

  #receipts(): readonly Job[] {
    return this.#work.book.open().filter(({ receipt }) => receipt !== undefined)
  }

  #isDue({ height, params }: ChainSnapshot): boolean {
    const standard = params.blockTimeMs < FAST_BLOCK_MS ? EVERY_FAST_BLOCKS : EVERY_BLOCKS
    const every = this.#work.options.batchEveryBlocks ?? standard
    const receipts = this.#receipts()
    return (
      this.#isFlushing ||
      this.#hasLeftOver ||
      height - (this.#lastRound ?? height) >= every ||
      receipts.length >= WORK_LIMITS.leavesPerBatch ||
      receipts.some((job) => isUrgent(job, { height }))
    )
  }

  /** False where nothing can be batched now. */
  async #sendNext(snapshot: ChainSnapshot, signal: AbortSignal): Promise<boolean> {
    const { host, book } = this.#work
    const jobs = this.#receipts()
    const lanes = await this.#readLanes(jobs, snapshot.height, signal)
    const rules: PlanRules = {
      signer: host.keys.deviceAddress,
      height: snapshot.height,
      countersignBlocks: snapshot.params.serving.countersignBlocks,
      isOver: (orderHash) => !book.live.has(orderHash),
      isAnswered: (orderHash) => book.neverVouched.has(orderHash),
      isFlushing: this.#isFlushing,
    }
    await this.#dropHopeless(lanes, rules)
    const plan = planBatch(book.open(), lanes, rules)
    if (plan === undefined) {
      return false
    }
    this.#hasLeftOver = false
    const { batch, placed } = plan
    await book.putBatch(
      batch,
      placed.map(({ orderHash }) => orderHash),
      (job, index) => ({ ...job, ...placed[index], state: 'batched', root: batch.root, index }),
    )
    await this.#send(batch, snapshot, signal)
    return true
  }

  async #readLanes(jobs: readonly Job[], height: number, signal: AbortSignal): Promise<ReadonlyMap<string, LaneFacts>> {
    const { chain, store, host } = this.#work
    const payers = new Map(jobs.map((job) => [toHex(payerOf(job)), payerOf(job)]))
    const lanes = new Map<string, LaneFacts>()
    for (const [name, payer] of [...payers].slice(0, MOST_PAYERS)) {
      const suspect = this.#suspects.get(name)
      if (suspect !== undefined && suspect.restsUntil > height) {
        continue
      }
      const [accepted, escrow, reached] = await Promise.all([
        chain.lane(payer, host.keys.ownerAddress, signal),
        chain.escrow(payer, signal),
        store.reachedSequence(payer),
      ])
      const available = escrow.escrow === undefined ? 0n : escrow.available
      lanes.set(name, { accepted, available, reached, isSuspect: suspect !== undefined })
    }
    return lanes
  }

  async #send(batch: OwnBatch, snapshot: ChainSnapshot, signal: AbortSignal): Promise<void> {
    const { height } = snapshot
    this.#sentAt.set(batch.root, height)
    const message = { typeUrl: '/tailrace.v1.MsgSubmitBatch', value: batch.message } as const
    const result = await submitMessage(this.#work.host, message, 'device', signal)
    // Whatever was answered: an earlier transaction of the same batch may have been executed.
    await this.#reconcile(snapshot, signal)
    const isOpen = this.#sending().some(({ root }) => root === batch.root)
    if (!isOpen) {
      return
    }
    if (refusalOf(result) === 'try_later') {
      this.#sentAt.set(batch.root, height - RESEND_BLOCKS + 1)
    } else if (result.status === 'refused') {
      await this.#refuse(batch, height, result.outcome.log)
    }
  }

  /** What became of it is not known: the same batch again, as long as nothing in it has expired. */
  async #resend(batch: OwnBatch, snapshot: ChainSnapshot, signal: AbortSignal): Promise<void> {
    const { height } = snapshot
    const sentAt = this.#sentAt.get(batch.root)
    if (sentAt !== undefined && height - sentAt < RESEND_BLOCKS) {
      return
    }
    const jobs = await this.#work.store.jobsOfBatch(batch.root)
    if (jobs.some((job) => job.voucher === undefined && isExpired(job, height))) {
      await this.#refuse(batch, height, 'a receipt expired while it was on its way')
      return
    }
    await this.#send(batch, snapshot, signal)
  }

  /** Finds own batches among the chain's: new ones by their root, open ones by their number. */
  async #reconcile({ height, params }: ChainSnapshot, signal: AbortSignal): Promise<void> {
    const { host, chain, book, store } = this.#work
    this.#seen ??= await store.newestBatchId()
    const taken = book.openBatches().filter(({ state }) => state === 'taken')
    const oldest = taken.reduce((least, { id }) => (id !== undefined && id < least ? id : least), this.#seen + 1n)
    const missing = new Map(taken.map((batch) => [batch.id, batch]))
    let from = oldest
    for (let page = 0; page < MOST_PAGES; page++) {
      const found = await chain.batches(host.keys.ownerAddress, from, signal)
      for (const record of found) {
        missing.delete(record.id)
        await this.#meet(record)
        this.#seen = record.id > this.#seen ? record.id : this.#seen
        from = record.id + 1n
      }
      if (found.length === 0) {
        break
      }
    }
    for (const batch of missing.values()) {
      // The chain forgets a batch epochs after it was closed. Earlier, a node that does not know it is only behind.
      if ((batch.height ?? height) + FORGET_EPOCHS * params.epochLength < height) {
        await book.putBatch({ ...batch, state: 'paid' }, [], (job) => job)
      }
    }
  }

  async #meet(record: BatchState): Promise<void> {
    const { book, store, view } = this.#work
    const root = toHex(record.root)
    const own = book.openBatches().find((batch) => batch.root === root) ?? (await store.batchByRoot(root))
    if (own === undefined) {
      return
    }
    const state = record.state === 'paid' || record.state === 'refunded' ? record.state : 'taken'
    if (own.state === state || own.state === 'paid' || own.state === 'refunded') {
      return
    }
    const { id, txHash } = record
    const height = Number(record.height)
    const next: OwnBatch = { ...own, state, id, txHash, height }
    if (own.state === 'refused') {
      await this.#takeBack(next)
    } else {
      await book.putBatch(next, [], (job) => job)
    }
    if (own.state === 'sending' || own.state === 'refused') {
      this.#sentAt.delete(root)
      for (const { payer } of own.message.lanes) {
        this.#suspects.delete(toHex(payer))
      }
      const fields = { batch: String(id), sum: String(own.sum), leaves: own.leaves.length, tx: txHash }
      view.notice('info', 'batch_taken', fields)
      await this.#announce(record)
    }
    if (state === 'paid' || state === 'refunded') {
      const level = state === 'paid' ? 'info' : 'warning'
      view.notice(level, state === 'paid' ? 'batch_paid' : 'batch_refunded', {
        batch: String(id),
        sum: String(own.sum),
      })
    }
  }

  /** A batch that was thought refused has been taken after all: its receipts are in it, wherever they were put since. */
  async #takeBack(batch: OwnBatch): Promise<void> {
    const jobs: Job[] = []
    for (const orderHash of batch.leaves) {
      const job = await this.#work.book.job(orderHash)
      if (job === undefined) {
        break
      }
      jobs.push(job)
    }
    const places = placesOf(batch, jobs)
    await this.#work.book.putBatch(
      batch,
      jobs.map(({ orderHash }) => orderHash),
      (job, index) => {
        const { errorCode: _given, ...rest } = job
        return { ...rest, ...places[index], state: 'batched', root: batch.root, index }
      },
    )
  }

  async #refuse(batch: OwnBatch, height: number, log: string): Promise<void> {
    const { book, view } = this.#work
    this.#sentAt.delete(batch.root)
    view.notice('warning', 'batch_refused', { leaves: batch.leaves.length, log })
    await book.putBatch({ ...batch, state: 'refused' }, batch.leaves, (job) =>
      job.root === batch.root ? unbatched(job) : job,
    )
    const isAlone = batch.message.lanes.length === 1
    for (const { payer } of batch.message.lanes) {
      const failures = (this.#suspects.get(toHex(payer))?.failures ?? 0) + 1
      const rest = isAlone ? Math.min(LONGEST_REST_BLOCKS, 2 ** failures) : 0
      this.#suspects.set(toHex(payer), { failures, restsUntil: height + rest })
    }
  }

  async #dropHopeless(lanes: ReadonlyMap<string, LaneFacts>, rules: PlanRules): Promise<void> {
    for (const [name, facts] of lanes) {
      const own = this.#work.book.open().filter((job) => toHex(payerOf(job)) === name)
      for (const each of givenUpIn(own, facts, rules)) {
        await this.#giveUp(each, rules.height)
      }
    }
  }

  async #giveUp({ job, code }: GivenUp, height: number): Promise<void> {
    const { book, view } = this.#work
    await book.change(job.orderHash, (latest) => ({ ...latest, state: 'failed', errorCode: code }))
    this.#givenUp.push({ payer: toHex(payerOf(job)), height })
    this.#givenUp.splice(0, Math.max(0, this.#givenUp.length - WORK_LIMITS.leavesPerBatch))
    view.notice('warning', 'receipt_lost', { order: job.orderHash, price: String(priceOfJob(job)), reason: code })
  }

  async #announce(record: BatchState): Promise<void> {
    const { host, peers, keys } = this.#work
    const { id, root, sum, leaves, height, epoch } = record
    const atMs = sentAtMs(host)
    const message = { host: host.keys.ownerAddress, epoch, sentAtMs: atMs, batch: id, root, sum, leaves, height }
    try {
      await peers.publishBatch(await keys.signBatchAnnouncement(message))
    } catch (error) {
      // Who needs the batch finds it on chain as well.
      host.logger.log('debug', 'batch not announced', { code: errorCode(error) })
    }
  }
}

/** Intervals of a batch's jobs in leaf order: each lane ends where the message says. */
function placesOf(batch: OwnBatch, jobs: readonly Job[]): PlacedJob[] {
  return batch.message.lanes.flatMap(({ payer, to: end, voucher }) => {
    const own = jobs.filter((job) => compareBytes(payerOf(job), payer) === 0)
    return placesFrom(end - sumBigint(own.map(priceOfJob)), own, voucher === undefined)
  })
}

function unbatched(job: Job): Job {
  const { root: _root, index: _index, from: _from, to: _to, reached: _reached, ...rest } = job
  return { ...rest, state: job.voucher === undefined ? 'delivered' : 'countersigned' }
}
