/** Paid work as the screen shows it, from what the host and the chain say. Pure; the same bounds rule as screen-snapshot.ts. */
import type { HostView } from '../../host/view.ts'
import type { BatchOfJobView, JobView, ServedModelView, WorkView } from '../../host/work/work-view.ts'
import type {
  BatchWire,
  CheckStateName,
  DoneCheckWire,
  JobWire,
  ServiceWire,
  WorkSnapshot,
} from '../../ipc/work-snapshot.ts'
import { CHECK_STATES, MAX_BATCHES, MAX_CHECKS, MAX_JOBS } from '../../ipc/work-snapshot.ts'
import { toHex } from '../../lib/bytes.ts'
import type { FollowedBatch, WorkFacts } from './work-follow.ts'

const MAX_SERVICES = 16

export interface WorkSources {
  readonly host: HostView
  readonly work: WorkView
  readonly facts: WorkFacts | undefined
  readonly checks: readonly DoneCheckWire[]
}

export function workSnapshotOf(sources: WorkSources): WorkSnapshot {
  const { work, facts } = sources
  const byOrder = checksByOrder(facts?.batches ?? [])
  const { running, unbatched, unopenable } = work.forfeits
  return {
    services: work.models.slice(0, MAX_SERVICES).map((model) => serviceOf(model, facts)),
    queue: work.queue.running + work.queue.waiting,
    jobs: work.jobs.slice(0, MAX_JOBS).map((job) => jobOf(job, byOrder)),
    batches: (facts?.batches ?? []).slice(0, MAX_BATCHES).map(batchOf),
    checks: sources.checks.slice(0, MAX_CHECKS),
    finishing: finishingOf(work.finishing),
    forfeits: { unbatched: (running + unbatched).toString(), openBatches: unopenable.toString() },
    idleReason: idleReasonOf(sources),
  }
}

function serviceOf(model: ServedModelView, facts: WorkFacts | undefined): ServiceWire {
  const record = facts?.services.find(({ service }) => service?.model === model.model)
  const service = record?.service
  const isOffered = service !== undefined && service.sinceHeight > 0n
  const { report } = model
  return {
    model: model.model.slice(0, 64),
    state: serviceState(model, isOffered, facts?.drawable.has(model.model) === true),
    numericClass: report?.numericClass ?? '',
    backend: report?.backend ?? null,
    adapter: (report?.adapter ?? '').slice(0, 128),
    tokensPerSecond: report?.tokensPerSecond ?? 0,
    reason: (model.errorCode ?? report?.choiceReason ?? '').slice(0, 128),
    reputationPpm: Number(record?.reputationPpm ?? 0n),
    checkPpm: Number(record?.checkPpm ?? 1_000_000n),
    receipts: Number(service?.receipts ?? 0n),
    checksPassed: Number(service?.checksPassed ?? 0n),
    checksFailed: Number(service?.checksFailed ?? 0n),
    withheld: Number(service?.withheld ?? 0n),
    price: (facts?.models.find(({ id }) => id === model.model)?.price ?? 0n).toString(),
  }
}

function serviceState(model: ServedModelView, isOffered: boolean, isDrawable: boolean): ServiceWire['state'] {
  if (model.state === 'loading') {
    return 'loading'
  }
  if (model.state !== 'serving') {
    return 'unavailable'
  }
  return isDrawable ? 'drawable' : isOffered ? 'registered' : 'ready'
}

function jobOf(job: JobView, checks: ReadonlyMap<string, CheckStateName>): JobWire {
  return {
    orderHash: job.orderHash,
    atMs: job.atMs,
    model: job.model.slice(0, 64),
    payer: job.payer,
    state: job.state,
    promptTokens: job.promptTokens,
    outputTokens: job.outputTokens,
    price: job.price.toString(),
    errorCode: job.errorCode ?? null,
    batch: batchIdOf(job.batch),
    check: checks.get(job.orderHash) ?? null,
  }
}

function batchIdOf(batch: BatchOfJobView | undefined): string | null {
  return batch?.id === undefined ? null : batch.id.toString()
}

function batchOf({ batch, checks }: FollowedBatch): BatchWire {
  return {
    id: batch.id.toString(),
    model: batch.model.slice(0, 64),
    epoch: Number(batch.epoch),
    height: Number(batch.height),
    txHash: batch.txHash,
    sum: batch.sum.toString(),
    leaves: batch.leaves,
    state: batch.state as BatchWire['state'],
    points: batch.points,
    openChecks: batch.openChecks,
    refunded: batch.refunded.toString(),
    checks: checks.slice(0, 64).map(({ state }) => checkStateOf(state)),
  }
}

/** Of the drawn orders: where their check stands. */
function checksByOrder(batches: readonly FollowedBatch[]): Map<string, CheckStateName> {
  const found = new Map<string, CheckStateName>()
  for (const { checks } of batches) {
    for (const { opening, state } of checks) {
      if (opening?.leaf !== undefined) {
        found.set(toHex(opening.leaf.orderHash), checkStateOf(state))
      }
    }
  }
  return found
}

function checkStateOf(state: string): CheckStateName {
  return CHECK_STATES.find((known) => known === state) ?? 'drawn'
}

function finishingOf(stage: WorkView['finishing']): WorkSnapshot['finishing'] {
  switch (stage) {
    case undefined:
      return null
    case 'ending_work':
      return 'orders'
    case 'batching':
      return 'batching'
    case 'waiting_for_draws':
      return 'draws'
    case 'done':
      return 'leaving'
  }
}

/** Why no order earns anything at present: the first thing that stands in the way, null while one is in work. */
function idleReasonOf({ host, work, facts }: WorkSources): WorkSnapshot['idleReason'] {
  const [model] = work.models
  if (!host.joined) {
    return { code: 'not_joined', fields: {} }
  }
  if (host.record?.raceVerdict === 'convicted') {
    return { code: 'convicted', fields: { code: host.record.lastFaultCode } }
  }
  if (BigInt(host.record?.weight ?? '0') === 0n) {
    return { code: 'no_weight', fields: { nextRaceBlocks: host.epoch?.blocksToNextRace ?? 0 } }
  }
  if (model === undefined || model.state === 'loading') {
    return { code: 'model_loading', fields: { model: model?.model ?? '' } }
  }
  if (model.state !== 'serving') {
    return { code: 'model_unavailable', fields: { model: model.model, error: model.errorCode ?? '' } }
  }
  if (work.queue.running + work.queue.waiting > 0) {
    return null
  }
  return marketReason(work, facts)
}

function marketReason(work: WorkView, facts: WorkFacts | undefined): WorkSnapshot['idleReason'] {
  const [model] = work.models
  const service = facts?.services.find((record) => record.service?.model === model?.model)?.service
  if (service === undefined || service.sinceHeight === 0n) {
    return { code: 'not_registered', fields: {} }
  }
  if (!facts?.drawable.has(service.model)) {
    return { code: 'not_in_roster', fields: { model: service.model } }
  }
  if (work.queue.refuses !== undefined) {
    return { code: 'busy_racing', fields: { reason: work.queue.refuses } }
  }
  const open = facts.batches.filter(({ batch }) => batch.state === 'accepted' || batch.state === 'checking')
  return open.length > 0
    ? { code: 'checks_open', fields: { batches: open.length } }
    : { code: 'no_orders', fields: { model: service.model } }
}
