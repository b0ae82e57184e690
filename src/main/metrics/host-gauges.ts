/** What a host shows of itself when somebody reads its metrics: its two views, as the screen sees them. */
import type { HostPhase, HostView, Notice } from '../../host/view.ts'
import { HOST_PHASES } from '../../host/view.ts'
import type { WorkNotice, WorkView } from '../../host/work/work-view.ts'
import type { Counter, MetricsRegistry } from '../../lib/metrics.ts'

/** The part of a contributor that is looked at. */
export interface WatchedHost {
  view(): HostView
  onChange(listener: (view: HostView) => void): unknown
  readonly work: { view(): WorkView; onChange(listener: (view: WorkView) => void): unknown } | undefined
}

/** `nowMs`: the clock by which the host takes the time of its last block. */
export function watchHost(registry: MetricsRegistry, host: WatchedHost, nowMs: () => number): void {
  showHost(registry, host, nowMs)
  const notices = registry.counter('tailrace_host_notices_total', 'Notices to the owner by part, level and code.', [
    'part',
    'level',
    'code',
  ])
  const checks = registry.counter('tailrace_host_checks_total', 'Checks of other hosts’ work by verdict.', ['verdict'])
  const ofHost = createNoticeCount('host', notices)
  host.onChange((view) => ofHost(view.notices))
  if (host.work !== undefined) {
    const { work } = host
    showWork(registry, work)
    const ofWork = createNoticeCount('work', notices, ({ code, fields }) => {
      if (code === 'check_reported') {
        checks.add({ verdict: String(fields.verdict) })
      }
    })
    work.onChange((view) => ofWork(view.notices))
  }
}

/** Notices are numbered and the oldest fall out: each is counted once. */
function createNoticeCount(
  part: 'host' | 'work',
  counter: Counter,
  also: (notice: Notice | WorkNotice) => void = () => undefined,
): (notices: readonly (Notice | WorkNotice)[]) => void {
  let seen = 0
  return (notices) => {
    for (const notice of notices) {
      if (notice.sequence > seen) {
        seen = notice.sequence
        counter.add({ part, level: notice.level, code: notice.code })
        also(notice)
      }
    }
  }
}

function showHost(registry: MetricsRegistry, host: WatchedHost, nowMs: () => number): void {
  const gauge = (name: string, help: string, labels: readonly string[] = []) =>
    registry.gauge(`tailrace_host_${name}`, help, labels)
  const phase = gauge('phase', '1 for the phase that the host is in, 0 for all others.', ['phase'])
  const joined = gauge('joined', '1 while the host takes part.')
  const connected = gauge('chain_connected', '1 while the chain node answers.')
  const peers = gauge('peers', 'Connected peers.')
  const height = gauge('chain_height', 'Height of the last block that the host saw.')
  const blockAge = gauge('chain_block_age_seconds', 'Time since the host saw a new block.')
  const weight = gauge('weight_ppm', 'Share of the weight in force, parts per million.')
  const balance = gauge('balance_utail', 'Balance of the owner, in utail.')
  const faults = gauge('convictions', 'Convictions of this host on chain.')
  const attempts = gauge('race_attempts_per_second', 'Attempts a second of the race that runs.')
  const duties = gauge('duties', 'Verification duties of the epoch by what became of them.', ['state'])
  registry.onCollect(() => {
    const view = host.view()
    for (const each of HOST_PHASES satisfies readonly HostPhase[]) {
      phase.set(each === view.phase ? 1 : 0, { phase: each })
    }
    joined.set(view.joined ? 1 : 0)
    connected.set(view.connection === 'connected' ? 1 : 0)
    peers.set(view.peers)
    if (view.epoch !== undefined) {
      height.set(view.epoch.height)
      blockAge.set(Math.max(0, nowMs() - view.epoch.lastBlockAtMs) / 1_000)
    }
    if (view.record !== undefined) {
      weight.set(Number(view.record.weightPpm))
      faults.set(Number(view.record.faults))
    }
    balance.set(Number(view.balance))
    attempts.set(view.phase === 'racing' ? (view.race?.attemptsPerSecond ?? 0) : 0)
    duties.set(view.duties.drawn, { state: 'drawn' })
    duties.set(view.duties.answered, { state: 'answered' })
    duties.set(view.duties.missed, { state: 'missed' })
  })
}

function showWork(registry: MetricsRegistry, work: { view(): WorkView }): void {
  const queue = registry.gauge('tailrace_host_queued_orders', 'Orders that run and that wait.', ['state'])
  const isTaking = registry.gauge('tailrace_host_taking_orders', '1 while an order would be taken.')
  const models = registry.gauge('tailrace_host_models', 'Models by what is with them.', ['state'])
  const open = registry.gauge('tailrace_host_unpaid_utail', 'What leaving at once would forfeit at most, in utail.')
  registry.onCollect(() => {
    const view = work.view()
    queue.set(view.queue.running, { state: 'running' })
    queue.set(view.queue.waiting, { state: 'waiting' })
    isTaking.set(view.queue.refuses === undefined ? 1 : 0)
    for (const state of ['loading', 'serving', 'unavailable', 'withdrawn'] as const) {
      models.set(view.models.filter((model) => model.state === state).length, { state })
    }
    open.set(Number(view.forfeits.total))
  })
}
