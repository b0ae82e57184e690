import { CodedError } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { WorkData } from '../../protocol/gen/tailrace/v1/work.ts'
import type { Job, OwnBatch, WorkStore } from './ports.ts'
import type { BatchOfJobView, JobView, WorkViewStore } from './work-view.ts'
import { VIEWED_JOBS } from './work-view.ts'

/**
 * The jobs and batches that still matter, in memory, over the durable store. Invariant: one change after the other, in the store
 * before it is seen here; so what is read here is on disk, and no change is lost to another that began earlier.
 */
export interface JobBook {
  /** Once, before anything else: what an earlier process left running has failed. */
  load(): Promise<void>
  begin(job: Job, data: WorkData): Promise<void>
  /** `change` sees the newest job and answers its successor, or undefined to leave it. Resolves to the job as it stands then. */
  change(orderHash: string, change: (job: Job) => Job | undefined, data?: WorkData): Promise<Job | undefined>
  /** A running job has failed. Never rejects: where the store takes nothing it waits for `writeAbandoned`. */
  abandon(orderHash: string, errorCode: string): Promise<void>
  /** Whether failures wait for the store. */
  hasAbandoned(): boolean
  /** Tries again. */
  writeAbandoned(): Promise<void>
  /** In one transaction: the batch as `changeBatch` answers it, and the jobs as `change` answers them. */
  putBatch(batch: OwnBatch, orders: readonly string[], change: (job: Job, index: number) => Job): Promise<void>
  job(orderHash: string): Promise<Job | undefined>
  /** Running, delivered or countersigned, the oldest first. */
  open(): readonly Job[]
  /** Sending or taken, the oldest first. */
  openBatches(): readonly OwnBatch[]
  /** Paid, but its gateways have not got their openings: a developer could not prove what it paid for. */
  unhanded(): readonly OwnBatch[]
  /** Orders whose stream is open: their voucher may come any moment. */
  readonly live: Set<string>
  /** Open receipts of which their gateway said that it gave no voucher, and never will. Asked for again after a restart. */
  readonly neverVouched: Set<string>
}

const MOST_OPEN_JOBS = 65_536
const MOST_OPEN_BATCHES = 4_096
const MOST_UNHANDED = 256

export function createJobBook(store: WorkStore, view: WorkViewStore): JobBook {
  return new StoredJobBook(store, view)
}

export function priceOfJob(job: Job): bigint {
  return job.receipt?.receipt?.price ?? 0n
}

export function payerOf(job: Job): Uint8Array {
  return orderOf(job).payer
}

/** @throws CodedError `internal_fault` for a job without its order: none is ever begun. */
export function orderOf(job: Job): NonNullable<Job['order']['order']> {
  const { order } = job.order
  if (order === undefined) {
    throw new CodedError('internal_fault', 'a job without its order')
  }
  return order
}

class StoredJobBook implements JobBook {
  readonly live = new Set<string>()
  readonly neverVouched = new Set<string>()
  readonly #store: WorkStore
  readonly #view: WorkViewStore
  readonly #open = new Map<string, Job>()
  readonly #openBatches = new Map<string, OwnBatch>()
  readonly #unhanded = new Map<string, OwnBatch>()
  /** Newest last. */
  readonly #recent = new Map<string, Job>()
  /** Of the recent jobs, by root. */
  readonly #recentBatches = new Map<string, OwnBatch>()
  #lastChange: Promise<unknown> = Promise.resolve()
  /** Failures that the store does not know yet: order → code. */
  readonly #abandoned = new Map<string, string>()

  constructor(store: WorkStore, view: WorkViewStore) {
    this.#store = store
    this.#view = view
  }

  async load(): Promise<void> {
    const store = this.#store
    for (const job of await store.openJobs(MOST_OPEN_JOBS)) {
      if (job.state === 'running') {
        await store.putJob({ ...job, state: 'failed', errorCode: 'executor_restarted' })
      } else {
        this.#open.set(job.orderHash, job)
      }
    }
    for (const batch of await store.openBatches(MOST_OPEN_BATCHES)) {
      this.#openBatches.set(batch.root, batch)
    }
    for (const batch of await store.unhandedBatches(MOST_UNHANDED)) {
      this.#unhanded.set(batch.root, batch)
    }
    for (const job of [...(await store.jobs(VIEWED_JOBS))].reverse()) {
      this.#recent.set(job.orderHash, job)
      const batch = job.root === undefined ? undefined : await store.batchByRoot(job.root)
      if (batch !== undefined) {
        this.#recentBatches.set(batch.root, batch)
      }
    }
    this.#show()
  }

  begin(job: Job, data: WorkData): Promise<void> {
    return this.#inTurn(async () => {
      await this.#store.putJob(job, data)
      this.#see(job)
      this.#show()
    })
  }

  change(orderHash: string, change: (job: Job) => Job | undefined, data?: WorkData): Promise<Job | undefined> {
    return this.#inTurn(async () => {
      const before = await this.job(orderHash)
      const after = before === undefined ? undefined : change(before)
      if (after === undefined) {
        return before
      }
      await this.#store.putJob(after, data)
      this.#see(after)
      this.#show()
      return after
    })
  }

  putBatch(batch: OwnBatch, orders: readonly string[], change: (job: Job, index: number) => Job): Promise<void> {
    return this.#inTurn(async () => {
      const jobs: Job[] = []
      for (const [index, orderHash] of orders.entries()) {
        const job = await this.job(orderHash)
        if (job === undefined) {
          throw new CodedError('internal_fault', 'a batch without one of its jobs')
        }
        jobs.push(change(job, index))
      }
      await this.#store.putBatch(batch, jobs)
      if (batch.state === 'sending' || batch.state === 'taken') {
        this.#openBatches.set(batch.root, batch)
      } else {
        this.#openBatches.delete(batch.root)
      }
      if (batch.state === 'paid' && !batch.handedToGateways && this.#unhanded.size < MOST_UNHANDED) {
        this.#unhanded.set(batch.root, batch)
      } else {
        this.#unhanded.delete(batch.root)
      }
      this.#recentBatches.set(batch.root, batch)
      for (const job of jobs) {
        this.#see(job)
      }
      this.#show()
    })
  }

  async abandon(orderHash: string, errorCode: string): Promise<void> {
    this.#abandoned.set(orderHash, errorCode)
    await this.writeAbandoned().catch(() => {
      // The store takes nothing: it waits for its turn.
    })
  }

  hasAbandoned(): boolean {
    return this.#abandoned.size > 0
  }

  writeAbandoned(): Promise<void> {
    return this.#inTurn(() => this.#writeAbandoned())
  }

  async job(orderHash: string): Promise<Job | undefined> {
    return this.#open.get(orderHash) ?? (await this.#store.job(orderHash))
  }

  open(): readonly Job[] {
    return [...this.#open.values()]
  }

  openBatches(): readonly OwnBatch[] {
    return [...this.#openBatches.values()]
  }

  unhanded(): readonly OwnBatch[] {
    return [...this.#unhanded.values()]
  }

  /** After the last change, whether that failed or not. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#lastChange.then(action, action)
    this.#lastChange = turn.catch(() => undefined)
    return turn
  }

  async #writeAbandoned(): Promise<void> {
    for (const [orderHash, errorCode] of this.#abandoned) {
      const job = await this.job(orderHash)
      if (job?.state === 'running') {
        const failed: Job = { ...job, state: 'failed', errorCode }
        await this.#store.putJob(failed)
        this.#see(failed)
        this.#show()
      }
      this.#abandoned.delete(orderHash)
    }
  }

  #see(job: Job): void {
    if (job.state === 'batched' || job.state === 'failed') {
      this.#open.delete(job.orderHash)
      this.neverVouched.delete(job.orderHash)
    } else {
      this.#open.set(job.orderHash, job)
    }
    if (job.state === 'running' || this.#recent.has(job.orderHash)) {
      this.#recent.set(job.orderHash, job)
    }
    for (const oldest of [...this.#recent.keys()].slice(0, Math.max(0, this.#recent.size - VIEWED_JOBS))) {
      this.#recent.delete(oldest)
    }
  }

  #show(): void {
    const jobs = [...this.#recent.values()].reverse()
    const roots = new Set(jobs.map(({ root }) => root))
    for (const root of [...this.#recentBatches.keys()].filter((known) => !roots.has(known))) {
      this.#recentBatches.delete(root)
    }
    this.#view.update({ jobs: jobs.map((job) => this.#viewOf(job)) })
  }

  #viewOf(job: Job): JobView {
    const order = orderOf(job)
    const batch = job.root === undefined ? undefined : this.#recentBatches.get(job.root)
    return {
      orderHash: job.orderHash,
      payer: encodeAddress(order.payer),
      model: order.model,
      atMs: job.acceptedAtMs,
      state: job.state,
      promptTokens: order.promptTokens,
      outputTokens: job.receipt?.receipt?.outputTokens ?? 0,
      price: priceOfJob(job),
      errorCode: job.errorCode,
      batch: batch === undefined ? undefined : batchViewOf(batch),
    }
  }
}

function batchViewOf({ state, id, txHash, height }: OwnBatch): BatchOfJobView {
  return { state, id, txHash, height }
}
