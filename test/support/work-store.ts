/** A WorkStore in memory: what it holds outlives the host that writes to it, as a disk does. */
import type { Job, KeptOpening, OwnBatch, WorkStore } from '../../src/host/work/ports.ts'
import { equalBytes, toHex } from '../../src/lib/bytes.ts'
import type { SignedOrder, SignedRefusal, WorkData } from '../../src/protocol/gen/tailrace/v1/work.ts'
import { orderHash } from '../../src/protocol/work/order.ts'

const COMMITMENTS = 256

export interface MemoryWorkStoreLimits {
  readonly keptRows: number
}

export function createMemoryWorkStore(limits: MemoryWorkStoreLimits = { keptRows: 100_000 }): WorkStore {
  return new MemoryWorkStore(limits)
}

class MemoryWorkStore implements WorkStore {
  readonly #limits: MemoryWorkStoreLimits
  readonly #jobs = new Map<string, Job>()
  readonly #data = new Map<string, WorkData>()
  readonly #batches = new Map<string, OwnBatch>()
  readonly #refusals = new Map<string, SignedRefusal>()
  readonly #noted = new Map<string, SignedOrder>()
  readonly #kept = new Map<string, KeptOpening>()
  readonly #commitments = new Map<string, Uint8Array>()

  constructor(limits: MemoryWorkStoreLimits) {
    this.#limits = limits
  }

  async putJob(job: Job, data?: WorkData) {
    this.#jobs.set(job.orderHash, job)
    if (data !== undefined) {
      this.#data.set(job.orderHash, data)
    }
  }

  async job(name: string) {
    return this.#jobs.get(name)
  }

  async workData(name: string) {
    return this.#data.get(name)
  }

  async jobs(limit: number) {
    return [...this.#jobs.values()].reverse().slice(0, limit)
  }

  async openJobs(limit: number) {
    const open = [...this.#jobs.values()].filter(({ state }) => state !== 'batched' && state !== 'failed')
    return open.slice(0, limit)
  }

  async jobsOfBatch(root: string) {
    const found = [...this.#jobs.values()].filter((job) => job.root === root)
    return found.sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
  }

  async reachedSequence(payer: Uint8Array) {
    const batched = this.#ofPayer(payer).filter(({ state }) => state === 'batched')
    const named = batched.flatMap(({ order, voucher, reached }) =>
      reached === undefined ? [order.order?.sequence, voucher?.voucher?.sequence] : [reached],
    )
    return named.reduce<bigint>((most, sequence = 0n) => (sequence > most ? sequence : most), 0n)
  }

  async putBatch(batch: OwnBatch, jobs: readonly Job[]) {
    this.#batches.set(batch.root, batch)
    for (const job of jobs) {
      this.#jobs.set(job.orderHash, job)
    }
  }

  async batchByRoot(root: string) {
    return this.#batches.get(root)
  }

  async batchById(id: bigint) {
    return [...this.#batches.values()].find((batch) => batch.id === id)
  }

  async openBatches(limit: number) {
    const open = [...this.#batches.values()].filter(({ state }) => state === 'sending' || state === 'taken')
    return open.slice(0, limit)
  }

  async unhandedBatches(limit: number) {
    const late = [...this.#batches.values()].filter(
      ({ state, handedToGateways }) => state === 'paid' && !handedToGateways,
    )
    return late.reverse().slice(0, limit)
  }

  async newestBatchId() {
    return [...this.#batches.values()].reduce((most, { id = 0n }) => (id > most ? id : most), 0n)
  }

  async putRefusal(signed: SignedRefusal) {
    this.#refusals.set(toHex(signed.refusal?.orderHash ?? new Uint8Array(0)), signed)
  }

  async refusal(name: string) {
    return this.#refusals.get(name)
  }

  async keepOpening(kept: KeptOpening) {
    const key = `${toHex(kept.data.orderHash)}/${kept.header.executor}/${kept.header.batch}`
    if (!this.#kept.has(key) && this.#kept.size >= this.#limits.keptRows) {
      return false
    }
    this.#kept.set(key, kept)
    return true
  }

  async keptOpening(name: string, batch?: bigint) {
    return [...this.#kept.values()]
      .reverse()
      .find(({ header, data }) => toHex(data.orderHash) === name && (batch === undefined || header.batch === batch))
  }

  async keptOfBatch(executor: string, batch: bigint) {
    const found = [...this.#kept.values()].filter(
      ({ header }) => header.executor === executor && header.batch === batch,
    )
    return found.sort((a, b) => a.opening.index - b.opening.index)
  }

  async keptBatches(limit: number) {
    const names = new Map(
      [...this.#kept.values()].reverse().map(({ header: { executor, batch } }) => {
        return [`${executor}/${batch}`, { executor, batch }] as const
      }),
    )
    return [...names.values()].slice(0, limit)
  }

  async forgetKept(executor: string, batch: bigint) {
    for (const [key, { header }] of this.#kept) {
      if (header.executor === executor && header.batch === batch) {
        this.#kept.delete(key)
      }
    }
  }

  async noteOrder(signed: SignedOrder) {
    const { order } = signed
    if (order === undefined) {
      return undefined
    }
    const key = `${toHex(order.payer)}/${order.sequence}`
    const before = this.#noted.get(key)
    if (before?.order === undefined) {
      this.#noted.set(key, signed)
      return undefined
    }
    return equalBytes(orderHash(before.order), orderHash(order)) ? undefined : before
  }

  async putCommitment(name: string, bytes: Uint8Array) {
    this.#commitments.delete(name)
    this.#commitments.set(name, bytes)
    for (const oldest of [...this.#commitments.keys()].slice(0, -COMMITMENTS)) {
      this.#commitments.delete(oldest)
    }
  }

  async commitment(name: string) {
    return this.#commitments.get(name)
  }

  async forgetCommitment(name: string) {
    this.#commitments.delete(name)
  }

  async prune(belowHeight: number) {
    const isOld = (order: SignedOrder | undefined) => Number(order?.order?.expiryHeight ?? 0n) < belowHeight
    const isClosed = ({ root = '' }: Job) => ['paid', 'refunded'].includes(this.#batches.get(root)?.state ?? '')
    for (const [name, job] of this.#jobs) {
      if (isOld(job.order) && (job.state === 'failed' || (job.state === 'batched' && isClosed(job)))) {
        this.#jobs.delete(name)
        this.#data.delete(name)
      }
    }
    for (const [key, signed] of this.#noted) {
      if (isOld(signed)) {
        this.#noted.delete(key)
      }
    }
    for (const [name, { refusal }] of this.#refusals) {
      if (Number(refusal?.height ?? 0n) < belowHeight) {
        this.#refusals.delete(name)
      }
    }
    for (const [key, { opening }] of this.#kept) {
      if (isOld(opening.order)) {
        this.#kept.delete(key)
      }
    }
  }

  #ofPayer(payer: Uint8Array): Job[] {
    return [...this.#jobs.values()].filter(({ order }) => equalBytes(order.order?.payer ?? new Uint8Array(0), payer))
  }
}
