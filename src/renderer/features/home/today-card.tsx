import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatTail } from '../../format/amounts.ts'
import { formatClock } from '../../format/time.ts'
import { fragmentOf } from '../../state/pages.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'
import type { Today, TodayKind } from './today.ts'
import { TODAY_KINDS } from './today.ts'
import { useToday } from './use-today.ts'

const NAMES: Readonly<Record<TodayKind, string>> = {
  races: 'Races',
  orders: 'Orders',
  checks: 'Checks',
  taken: 'Taken',
}

const NONE: Today = { amounts: { races: 0n, orders: 0n, checks: 0n, taken: 0n }, net: 0n, paidEpochs: 0 }

/** What came in since midnight, in one sum and by kind. */
export function TodayCard({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const view = useToday(snapshot)
  const today = view?.today ?? NONE
  const whole = TODAY_KINDS.reduce((sum, kind) => sum + magnitude(today.amounts[kind]), 0n)
  return (
    <section className="panel glance-card" aria-labelledby="today-title" data-known={view !== undefined}>
      <div className="panel-head">
        <h2 id="today-title" className="panel-title">
          {view === undefined || view.isWholeDay ? 'Earned today' : `Earned since ${formatClock(view.sinceMs)}`}
        </h2>
        <a className="panel-aside glance-link" href={fragmentOf('earnings')}>
          All earnings
        </a>
      </div>
      <p className="today-sum number" data-testid="today" data-zero={today.net === 0n}>
        {view === undefined ? <span className="today-unknown">—</span> : <Signed utail={today.net} />}
      </p>
      <p className="glance-note">
        {today.paidEpochs === 0
          ? 'Nothing yet. Held first, credited later.'
          : `From ${formatCount(today.paidEpochs)} ${today.paidEpochs === 1 ? 'epoch' : 'epochs'}; held first, credited later.`}
      </p>
      <div className="today-bar" aria-hidden="true">
        {whole > 0n &&
          TODAY_KINDS.filter((kind) => today.amounts[kind] !== 0n).map((kind) => (
            <span key={kind} data-kind={kind} style={{ flexGrow: share(magnitude(today.amounts[kind]), whole) }} />
          ))}
      </div>
      <dl className="today-kinds">
        {TODAY_KINDS.map((kind) => (
          <div key={kind} className="today-kind" data-kind={kind} data-zero={today.amounts[kind] === 0n}>
            <dt>{NAMES[kind]}</dt>
            <dd className="number">{view === undefined ? '—' : signText(kind, today.amounts[kind])}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Signed({ utail }: { readonly utail: bigint }): ReactNode {
  return (
    <>
      {utail < 0n ? '−' : ''}
      <TailAmount utail={magnitude(utail).toString()} />
    </>
  )
}

function signText(kind: TodayKind, amount: bigint): string {
  const isLess = kind === 'taken' ? amount > 0n : amount < 0n
  return `${isLess ? '−' : ''}${formatTail(magnitude(amount).toString())}`
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount
}

/** For a width alone: thousandths. */
function share(part: bigint, whole: bigint): number {
  return Number((part * 1_000n) / whole)
}
