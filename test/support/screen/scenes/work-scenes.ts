/** Paid work of this host in its states. */
import type { ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import type { BatchWire, JobWire, ServiceWire, WorkSnapshot } from '../../../../src/ipc/work-snapshot.ts'
import { COMPANION_ONE, COMPANION_TWO, SAMPLE_NOW_MS } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED, entry, notice, TX } from './race-scenes.ts'

export const MODEL = 'whale-0.9m'
export const PAYER = 'tail1p4y3rs3ss10nk3yu9w7x5z3v1t8r6q4n2m0k8j6h'

export function orderHash(number: number): string {
  return number.toString(16).padStart(2, '0').repeat(32)
}

const SERVICE: ServiceWire = {
  model: MODEL,
  state: 'drawable',
  numericClass: 'fp32-webgpu',
  backend: 'webgpu',
  adapter: 'NVIDIA GeForce RTX 4070 · ada lovelace',
  tokensPerSecond: 212.4,
  reason: 'slower',
  reputationPpm: 523_809,
  checkPpm: 476_191,
  receipts: 11,
  checksPassed: 6,
  checksFailed: 0,
  withheld: 0,
  price: '400000000',
}

function job(number: number, change: Partial<JobWire>): JobWire {
  return {
    orderHash: orderHash(number),
    atMs: SAMPLE_NOW_MS - (20 - number) * 9_000,
    model: MODEL,
    payer: PAYER,
    state: 'batched',
    promptTokens: 14 + number,
    outputTokens: 64,
    price: String(27_000 + 100 * number),
    errorCode: null,
    batch: null,
    check: null,
    ...change,
  }
}

function batch(id: string, change: Partial<BatchWire>): BatchWire {
  return {
    id,
    model: MODEL,
    epoch: 5,
    height: 226,
    txHash: TX,
    sum: '83400',
    leaves: 3,
    state: 'accepted',
    points: 0,
    openChecks: 0,
    refunded: '0',
    checks: [],
    ...change,
  }
}

const PAID = batch('7', {
  epoch: 4,
  height: 190,
  state: 'paid',
  points: 2,
  checks: ['passed', 'passed'],
  sum: '138900',
  leaves: 5,
})
const PAID_NOW = batch('9', { height: 219, state: 'paid', points: 1, checks: ['passed'] })
const CHECKING = batch('12', { state: 'checking', points: 2, openChecks: 1, checks: ['passed', 'opened'] })
const FRESH = batch('13', { height: 230, sum: '27800', leaves: 1 })

const JOBS_DONE: JobWire[] = [
  job(12, { batch: '12', check: 'opened' }),
  job(11, { batch: '12' }),
  job(10, { state: 'failed', outputTokens: 0, price: '0', errorCode: 'cancelled' }),
  job(9, { batch: '9', check: 'passed' }),
  job(8, { batch: '7', check: 'passed' }),
  job(7, { batch: '7' }),
  job(3, { batch: '4' }),
]

export const WORK: WorkSnapshot = {
  services: [SERVICE],
  queue: 0,
  jobs: [],
  batches: [],
  checks: [],
  finishing: null,
  forfeits: { unbatched: '0', openBatches: '0' },
  idleReason: { code: 'no_orders', fields: { model: MODEL } },
}

const CHECKS_DONE: WorkSnapshot['checks'] = [
  {
    batch: '11',
    point: 0,
    atMs: SAMPLE_NOW_MS - 12_000,
    role: 'verifier',
    executor: COMPANION_ONE,
    verdict: 'pending',
  },
  { batch: '8', point: 1, atMs: SAMPLE_NOW_MS - 61_000, role: 'verifier', executor: COMPANION_TWO, verdict: 'pass' },
  { batch: '5', point: 0, atMs: SAMPLE_NOW_MS - 140_000, role: 'arbiter', executor: COMPANION_ONE, verdict: 'valid' },
]

const SERVING: ScreenSnapshot = { ...CREDITED, work: WORK }

const RUNNING_WORK: WorkSnapshot = {
  ...WORK,
  queue: 3,
  jobs: [
    job(16, { state: 'running', outputTokens: 23, price: '0' }),
    job(15, { state: 'running', outputTokens: 0, price: '0' }),
    job(14, { state: 'countersigned' }),
    job(13, { batch: '13' }),
    ...JOBS_DONE,
  ],
  batches: [FRESH, CHECKING, PAID_NOW, PAID],
  checks: CHECKS_DONE,
  forfeits: { unbatched: '83700', openBatches: '55600' },
  idleReason: null,
}

const CHECKING_WORK: WorkSnapshot = {
  ...RUNNING_WORK,
  queue: 0,
  jobs: JOBS_DONE,
  batches: [CHECKING, PAID_NOW, PAID],
  forfeits: { unbatched: '0', openBatches: '0' },
  idleReason: { code: 'checks_open', fields: { batches: 1 } },
}

const REFUNDED = batch('12', { state: 'refunded', points: 2, refunded: '83400', checks: ['passed', 'withheld'] })

const REFUNDED_WORK: WorkSnapshot = {
  ...CHECKING_WORK,
  jobs: [job(12, { batch: '12', check: 'withheld' }), ...JOBS_DONE.slice(1)],
  services: [{ ...SERVICE, reputationPpm: 354_838, checkPpm: 645_162, withheld: 1 }],
  batches: [REFUNDED, PAID_NOW, PAID],
  idleReason: { code: 'no_orders', fields: { model: MODEL } },
}

const REFUND_ENTRIES = [
  entry(11, 5, 'debit', '83400', 'withheld_penalty'),
  entry(10, 5, 'debit', '83400', 'opening_withheld'),
  entry(9, 5, 'hold', '83400', 'order_income'),
]

const LONG = 'm'.repeat(64)

/** Every text as long as the contract lets it be. */
const LONG_WORK: WorkSnapshot = {
  ...RUNNING_WORK,
  services: [
    {
      ...SERVICE,
      model: LONG,
      adapter: 'A'.repeat(128),
      numericClass: 'c'.repeat(32),
      price: '9'.repeat(20),
      receipts: 2 ** 52,
    },
    {
      ...SERVICE,
      model: 'second',
      state: 'unavailable',
      backend: null,
      numericClass: '',
      adapter: '',
      reason: 'r'.repeat(128),
    },
  ],
  jobs: RUNNING_WORK.jobs.map((each) => ({ ...each, model: LONG, price: '9'.repeat(18), outputTokens: 131_072 })),
  batches: RUNNING_WORK.batches.map((each) => ({ ...each, model: LONG, sum: '9'.repeat(18), leaves: 4_096 })),
  idleReason: { code: 'model_unavailable', fields: { model: LONG, error: 'x'.repeat(200) } },
}

export const WORK_SCENES: readonly Scene[] = [
  { name: '14-work-idle', page: 'work', snapshot: SERVING },
  { name: '15-work-running', page: 'work', snapshot: { ...SERVING, work: RUNNING_WORK } },
  {
    name: '16-work-checking',
    page: 'work',
    snapshot: { ...SERVING, work: CHECKING_WORK },
    act: { kind: 'open', entry: 'job' },
  },
  {
    name: '17-work-refunded',
    page: 'work',
    snapshot: {
      ...SERVING,
      work: REFUNDED_WORK,
      ledger: [...REFUND_ENTRIES, ...CREDITED.ledger],
      notices: [
        notice(9, 'batch_refunded', 'error', { batch: '12' }),
        notice(8, 'opening_missing', 'warning', { batch: '12', point: 1 }),
        ...CREDITED.notices,
      ],
    },
    act: { kind: 'open', entry: 'job' },
  },
  {
    name: '18-work-finishing',
    page: 'work',
    snapshot: { ...SERVING, work: { ...RUNNING_WORK, queue: 0, jobs: JOBS_DONE, finishing: 'draws' } },
  },
  { name: '19-work-leave-asked', page: 'work', snapshot: { ...SERVING, work: RUNNING_WORK }, act: { kind: 'leave' } },
  { name: '20-work-none', page: 'work', snapshot: { ...CREDITED, work: null } },
  {
    name: '21-work-processor',
    page: 'work',
    snapshot: {
      ...SERVING,
      work: {
        ...WORK,
        services: [
          {
            ...SERVICE,
            backend: 'wasm',
            numericClass: 'fp32-wasm',
            adapter: 'WASM, one thread',
            tokensPerSecond: 41.2,
            reason: 'canary_mismatch',
            state: 'ready',
          },
        ],
        idleReason: { code: 'not_registered', fields: {} },
      },
    },
  },
  {
    name: '22-work-long',
    page: 'work',
    snapshot: { ...SERVING, work: LONG_WORK },
    act: { kind: 'open', entry: 'job' },
  },
  { name: '23-overview-serving', snapshot: { ...SERVING, work: RUNNING_WORK } },
  { name: '24-overview-finishing', snapshot: { ...SERVING, work: { ...RUNNING_WORK, finishing: 'orders' } } },
]
