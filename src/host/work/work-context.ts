import type { SignedOrder } from '../../protocol/gen/tailrace/v1/work.ts'
import type { InferencePort } from '../../protocol/inference.ts'
import type { HostContext } from '../context.ts'
import type { Unsubscribe } from '../ports.ts'
import type { JobBook } from './job-book.ts'
import type { WorkChainPort, WorkKeysPort, WorkPeersPort, WorkStore } from './ports.ts'
import type { WorkViewStore } from './work-view.ts'

export interface WorkComponents {
  readonly inference: InferencePort
  readonly peers: WorkPeersPort
  readonly keys: WorkKeysPort
  readonly chain: WorkChainPort
  readonly store: WorkStore
}

export interface WorkOptions {
  /** Models that this host serves while it takes part. */
  readonly models: readonly string[]
  /** Blocks between batches, where there is something to batch. Default 60, and 6 where blocks come faster than 5 s. */
  readonly batchEveryBlocks?: number
  /** Orders that may wait for the device, beside those that run. Default 8. */
  readonly queueLimit?: number
  /** Orders that run at once. Default 1: one device makes one after the other as fast as all together. */
  readonly slots?: number
  /** Whether orders are refused as `busy` while the device races. Default true. */
  readonly busyWhileRacing?: boolean
  /** Receipts that may wait for a batch before orders are refused. Default 8,192. */
  readonly mostUnbatched?: number
  /** How long a voucher is waited for on the stream that brought the receipt. Default 10 s. */
  readonly voucherTimeoutMs?: number
  /** How long all questions about one order may take together. Default 5 s. */
  readonly judgeTimeoutMs?: number
}

/** Orders of one payer that contradict each other, or one that promises more than there is. */
export interface Suspicion {
  readonly first: SignedOrder
  readonly second?: SignedOrder
}

export interface Suspicions {
  report(suspicion: Suspicion): void
  onReport(listener: (suspicion: Suspicion) => void): Unsubscribe
}

/** What every part of paid work works with. */
export interface WorkContext extends WorkComponents {
  readonly host: HostContext
  readonly options: WorkOptions
  readonly view: WorkViewStore
  /** Every change of a job or a batch goes through it. */
  readonly book: JobBook
  readonly suspicions: Suspicions
}

export function createSuspicions(): Suspicions {
  const listeners = new Set<(suspicion: Suspicion) => void>()
  return {
    report(suspicion) {
      for (const listener of [...listeners]) {
        listener(suspicion)
      }
    },
    onReport(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
