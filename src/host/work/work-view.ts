/** What paid work shows of itself: one immutable value, replaced at each change, beside the host's own view. */
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { InferenceReport } from '../../protocol/inference.ts'
import type { Unsubscribe } from '../ports.ts'
import type { Job } from './ports.ts'

/** What paid work tells the owner, as codes; fields are named in brackets. */
export const WORK_NOTICE_CODES = [
  /** A model is offered on chain [model, tokensPerSecond]. */
  'model_served',
  'model_withdrawn',
  /** The model cannot be loaded at present [model, error]. */
  'model_unavailable',
  /** The network does not know it [model]. */
  'model_unknown',
  /** An order failed for a reason on this side [order, error]. */
  'order_failed',
  /** A payer used one sequence twice, or promised too much [payer]. */
  'payer_suspected',
  'batch_taken',
  /** The chain did not take a batch: its receipts go into others [log]. */
  'batch_refused',
  'batch_paid',
  'batch_refunded',
  /** A receipt that cannot be brought to the chain any more [order, price, reason]. */
  'receipt_lost',
  /** A drawn leaf of which this host has no data [batch, point]. */
  'opening_missing',
  /** Nobody else keeps the openings of this batch [batch, error]. */
  'custodian_unreachable',
  /** Too long for a transaction: the data of a check cannot be posted [batch, point]. */
  'work_not_postable',
  /** Opened for an executor that did not [batch, point]. */
  'opened_for_another',
  /** A check of another host's work [batch, point, verdict]. */
  'check_reported',
  'ruling_revealed',
  'overcommitment_proved',
] as const
export type WorkNoticeCode = (typeof WORK_NOTICE_CODES)[number]

export interface WorkNotice {
  readonly sequence: number
  readonly atMs: number
  readonly level: 'info' | 'warning' | 'error'
  readonly code: WorkNoticeCode
  readonly fields: Readonly<Record<string, string | number>>
}

export interface ServedModelView {
  readonly model: string
  readonly state: 'loading' | 'serving' | 'unavailable' | 'withdrawn'
  readonly report: InferenceReport | undefined
  /** Where it is unavailable: why. */
  readonly errorCode: string | undefined
}

export interface QueueView {
  readonly running: number
  readonly waiting: number
  /** Whether an order would be taken now; else why not, as a refusal's code. */
  readonly refuses: string | undefined
}

export interface JobView {
  /** Hex. */
  readonly orderHash: string
  /** `tail1…` of the session key that pays. */
  readonly payer: string
  readonly model: string
  readonly atMs: number
  readonly state: Job['state']
  readonly promptTokens: number
  readonly outputTokens: number
  /** utail; of the receipt, 0 before it. */
  readonly price: bigint
  readonly errorCode: string | undefined
  readonly batch: BatchOfJobView | undefined
}

export interface BatchOfJobView {
  readonly state: 'sending' | 'taken' | 'refused' | 'paid' | 'refunded'
  readonly id: bigint | undefined
  readonly txHash: string | undefined
  readonly height: number | undefined
}

/** What leaving at once would cost at most, utail. */
export interface ForfeitView {
  /** Most that the running and waiting orders would bring. */
  readonly running: bigint
  /** Receipts that are in no batch yet. */
  readonly unbatched: bigint
  /** Batches whose leaves nobody else could open: unpaid, and the same sum taken from what is held. */
  readonly unopenable: bigint
  readonly total: bigint
}

export type FinishingStage = 'ending_work' | 'batching' | 'waiting_for_draws' | 'done'

export interface WorkView {
  readonly models: readonly ServedModelView[]
  readonly queue: QueueView
  /** Newest first, at most 50. */
  readonly jobs: readonly JobView[]
  readonly forfeits: ForfeitView
  readonly finishing: FinishingStage | undefined
  readonly notices: readonly WorkNotice[]
}

export interface WorkViewStore {
  current(): WorkView
  update(change: Partial<WorkView>): void
  notice(level: WorkNotice['level'], code: WorkNoticeCode, fields?: WorkNotice['fields']): void
  onChange(listener: (view: WorkView) => void): Unsubscribe
}

export const VIEWED_JOBS = 50
const MAX_NOTICES = 100
const MAX_FIELD_CHARACTERS = 200
const LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const

export function createWorkViewStore(components: { readonly clock: Clock; readonly logger: Logger }): WorkViewStore {
  const { clock, logger } = components
  const listeners = new Set<(view: WorkView) => void>()
  let view: WorkView = {
    models: [],
    queue: { running: 0, waiting: 0, refuses: undefined },
    jobs: [],
    forfeits: { running: 0n, unbatched: 0n, unopenable: 0n, total: 0n },
    finishing: undefined,
    notices: [],
  }

  function update(change: Partial<WorkView>): void {
    view = { ...view, ...change }
    for (const listener of [...listeners]) {
      try {
        listener(view)
      } catch (error) {
        // A screen that fails must not stop the work that it looks at.
        logger.log('error', 'work view listener failed', { error: String(error) })
      }
    }
  }

  return {
    current: () => view,
    update,
    notice(level, code, fields = {}) {
      logger.log(LEVELS[level], code, fields)
      const sequence = (view.notices.at(-1)?.sequence ?? 0) + 1
      const notice = { sequence, atMs: clock.nowMs(), level, code, fields: cut(fields) }
      update({ notices: [...view.notices.slice(1 - MAX_NOTICES), notice] })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function cut(fields: WorkNotice['fields']): WorkNotice['fields'] {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, MAX_FIELD_CHARACTERS) : value,
    ]),
  )
}
