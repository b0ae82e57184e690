import type { ReactNode } from 'react'
import type { LedgerEntryWire } from '../../../ipc/snapshot.ts'
import { formatCount, formatTail } from '../../format/amounts.ts'
import { EarningsChart } from './earnings-chart.tsx'
import type { EpochSums, Source } from './ledger-sums.ts'
import { SOURCES, sumsByEpoch } from './ledger-sums.ts'

const SHOWN_EPOCHS = 32

export const SOURCE_NAMES: Readonly<Record<Source | 'taken', string>> = {
  races: 'Races',
  orders: 'Orders',
  checks: 'Checks',
  taken: 'Burned, fees and taken',
}

interface ChartPanelProps {
  readonly entries: readonly LedgerEntryWire[]
  readonly isReading: boolean
}

/** What each epoch came to, by where it came from; the same as a table below. */
export function ChartPanel({ entries, isReading }: ChartPanelProps): ReactNode {
  const sums = sumsByEpoch(entries, SHOWN_EPOCHS)
  return (
    <section className="panel" aria-labelledby="chart-title">
      <div className="panel-head">
        <h2 id="chart-title" className="panel-title">
          Earned in each epoch
        </h2>
        <ul className="legend">
          {[...SOURCES, 'taken' as const].map((source) => (
            <li key={source} data-source={source}>
              {SOURCE_NAMES[source]}
            </li>
          ))}
        </ul>
      </div>
      {sums.length === 0 ? (
        <p className="empty chart-empty">
          {isReading
            ? 'Reading the ledger …'
            : 'The first bar comes with the first epoch that you are in to its close.'}
        </p>
      ) : (
        <>
          <EarningsChart sums={sums} />
          <ChartTable sums={sums} />
        </>
      )}
    </section>
  )
}

function ChartTable({ sums }: { readonly sums: readonly EpochSums[] }): ReactNode {
  return (
    <details className="chart-table">
      <summary>The same as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="chart-scroll" aria-label="Earned in each epoch" tabIndex={0}>
        <table className="number">
          <thead>
            <tr>
              <th scope="col">Epoch</th>
              {SOURCES.map((source) => (
                <th key={source} scope="col">
                  {SOURCE_NAMES[source]}
                </th>
              ))}
              <th scope="col">Taken</th>
              <th scope="col">Left</th>
            </tr>
          </thead>
          <tbody>
            {sums.toReversed().map((sum) => (
              <tr key={sum.epoch}>
                <th scope="row">{formatCount(sum.epoch)}</th>
                {SOURCES.map((source) => (
                  <td key={source}>{formatTail(sum[source].toString())}</td>
                ))}
                <td>{formatTail(sum.taken.toString())}</td>
                <td>{formatSigned(sum.races + sum.orders + sum.checks - sum.taken)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}

function formatSigned(amount: bigint): string {
  return amount < 0n ? `−${formatTail((-amount).toString())}` : formatTail(amount.toString())
}
