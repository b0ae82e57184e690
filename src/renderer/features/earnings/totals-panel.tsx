import type { ReactNode } from 'react'
import { useMemo } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { DISPLAY_DENOM } from '../../../protocol/params.ts'
import { fragmentOf } from '../../state/pages.ts'
import type { EarningsHistory } from './earnings-history.ts'
import { addDays, netOf, since, sumOf } from './earnings-sums.ts'
import { SignedTail } from './signed-tail.tsx'

interface TotalsPanelProps {
  readonly snapshot: ScreenSnapshot
  readonly history: EarningsHistory | undefined
  readonly todayMs: number
  readonly isReading: boolean
}

const WEEK_DAYS = 7

/** Today, seven days, all; and where all of it is now. */
export function TotalsPanel({ snapshot, history, todayMs, isReading }: TotalsPanelProps): ReactNode {
  const figures = useMemo(() => (history === undefined ? undefined : figuresOf(history, todayMs)), [history, todayMs])
  const { standing } = snapshot
  return (
    <section className="panel earn-totals" aria-labelledby="earn-totals-title">
      <h2 id="earn-totals-title" className="panel-title">
        Earned, less what was taken <span className="panel-aside">in {DISPLAY_DENOM}</span>
      </h2>
      <dl className="earn-spans">
        <Span name="Today" amount={figures?.today} testId="earned-today" isMain />
        <Span
          name="Seven days"
          amount={figures?.week}
          testId="earned-week"
          note={weekNote(history, todayMs, isReading)}
        />
        <Span name="Since you joined" amount={figures?.all} testId="earned-all" />
      </dl>
      <dl className="earn-places">
        <Place name="Held" utail={standing?.held ?? '0'} />
        <Place name="Bond" utail={standing?.bond ?? '0'} />
        <Place name="Credited" utail={standing?.credited ?? '0'} />
      </dl>
    </section>
  )
}

function figuresOf(history: EarningsHistory, todayMs: number) {
  const { held, debitedHeld, debitedBond } = history.totals
  return {
    today: netOf(sumOf(since(history.epochs, todayMs))),
    week: netOf(sumOf(since(history.epochs, addDays(todayMs, 1 - WEEK_DAYS)))),
    // Of the chain's own totals: right also where older entries are gone.
    all: BigInt(held) - BigInt(debitedHeld) - BigInt(debitedBond),
  }
}

/** What is known of the seven days, where it is not all. */
function weekNote(history: EarningsHistory | undefined, todayMs: number, isReading: boolean): string {
  if (history === undefined || isReading) {
    return ''
  }
  const firstWhole = history.epochs.findLast(({ epoch }) => epoch >= history.completeFromEpoch)
  const isShort =
    history.missing.entries !== '0' && (firstWhole?.startedAtMs ?? todayMs) > addDays(todayMs, 1 - WEEK_DAYS)
  return isShort ? 'as far back as the entries reach' : ''
}

interface SpanProps {
  readonly name: string
  /** Undefined while it is read. */
  readonly amount: bigint | undefined
  readonly testId: string
  readonly note?: string
  readonly isMain?: boolean
}

function Span({ name, amount, testId, note = '', isMain = false }: SpanProps): ReactNode {
  return (
    <div className="earn-span" data-main={isMain} data-zero={amount === undefined || amount === 0n}>
      <dt>{name}</dt>
      <dd className="earn-span-amount number" data-testid={testId}>
        {amount === undefined ? (
          <span className="earn-waiting">—</span>
        ) : (
          <a href={fragmentOf('why')}>
            <SignedTail utail={amount} />
          </a>
        )}
      </dd>
      {note !== '' && <dd className="earn-span-note">{note}</dd>}
    </div>
  )
}

function Place({ name, utail }: { readonly name: string; readonly utail: string }): ReactNode {
  return (
    <div className="earn-place">
      <dt>{name}</dt>
      <dd className="number">
        <a href={fragmentOf('why')}>
          <SignedTail utail={BigInt(utail)} />
        </a>
      </dd>
    </div>
  )
}
