import type { ReactNode } from 'react'
import { useMemo, useState } from 'react'
import { fragmentOf } from '../../state/pages.ts'
import { Segments } from '../app/segments.tsx'
import type { EarningsHistory } from './earnings-history.ts'
import type { Source, SourceSums } from './earnings-sums.ts'
import { addDays, NO_SOURCES, netOf, SOURCES, since, sumOf } from './earnings-sums.ts'
import { SignedTail } from './signed-tail.tsx'

export const SOURCE_NAMES: Readonly<Record<Source | 'taken', string>> = {
  races: 'Races',
  orders: 'Orders',
  checks: 'Checks for others',
  taken: 'Burned, fees and taken',
}

const SPANS = [
  { value: 'today', name: 'Today', days: 1 },
  { value: 'week', name: '7 days', days: 7 },
  { value: 'all', name: 'All', days: undefined },
] as const
type SpanName = (typeof SPANS)[number]['value']

interface BySourcePanelProps {
  readonly history: EarningsHistory | undefined
  readonly todayMs: number
}

/** Where it came from, and what was taken of it. */
export function BySourcePanel({ history, todayMs }: BySourcePanelProps): ReactNode {
  const [span, setSpan] = useState<SpanName>('all')
  const sums = useMemo(() => {
    const days = SPANS.find(({ value }) => value === span)?.days
    const epochs = history?.epochs ?? []
    return sumOf(days === undefined ? epochs : since(epochs, addDays(todayMs, 1 - days)))
  }, [history, todayMs, span])
  return (
    <section className="panel" aria-labelledby="by-source-title">
      <div className="panel-head">
        <h2 id="by-source-title" className="panel-title">
          Where it came from
        </h2>
        <Segments legend="Span of time" group="earn-span" segments={SPANS} value={span} onChange={setSpan} />
      </div>
      <SourceList sums={history === undefined ? NO_SOURCES : sums} />
    </section>
  )
}

function SourceList({ sums }: { readonly sums: SourceSums }): ReactNode {
  const gross = sums.races + sums.orders + sums.checks
  const most = gross > sums.taken ? gross : sums.taken
  return (
    <dl className="sources">
      {[...SOURCES, 'taken' as const].map((source) => (
        <div key={source} className="source" data-source={source}>
          <dt className="source-name">{SOURCE_NAMES[source]}</dt>
          <dd className="source-amount number" data-testid={`source-${source}`}>
            <a href={fragmentOf('why')}>
              <SignedTail utail={source === 'taken' ? -sums.taken : sums[source]} />
            </a>
          </dd>
          <dd className="source-bar" aria-hidden="true">
            <span style={{ transform: `scaleX(${shareOf(sums[source], most)})` }} />
          </dd>
        </div>
      ))}
      <div className="source source-left">
        <dt className="source-name">Left for you</dt>
        <dd className="source-amount number" data-testid="source-left">
          <SignedTail utail={netOf(sums)} />
        </dd>
      </div>
    </dl>
  )
}

function shareOf(part: bigint, most: bigint): number {
  return most === 0n ? 0 : Number((part * 10_000n) / most) / 10_000
}
