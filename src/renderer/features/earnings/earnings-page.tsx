/**
 * What came in: per day, kind and machine, what a day may bring, and when held earnings are credited. Invariant: every figure is
 * summed from the why-ledger and leads to it; what the chain no longer keeps one by one is said, never guessed. Read next:
 * use-earnings.ts (how it is read), earnings-sums.ts, forecast.ts, releases.ts (what is computed).
 */
import type { ReactNode } from 'react'
import { useMemo } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useHostNow } from '../../state/use-screen.ts'
import { failureSentence } from '../words/failures.ts'
import { ByDevicePanel } from './by-device-panel.tsx'
import { BySourcePanel } from './by-source-panel.tsx'
import { EarnChartPanel } from './chart/earn-chart-panel.tsx'
import { startOfDay } from './earnings-sums.ts'
import { ExportButton } from './export-button.tsx'
import { forecastDay } from './forecast.ts'
import { ForecastPanel } from './forecast-panel.tsx'
import { HeldPanel } from './held-panel.tsx'
import { MissingNote } from './missing-note.tsx'
import { TotalsPanel } from './totals-panel.tsx'
import { useEarnings } from './use-earnings.ts'
import './earnings-page.css'

export function EarningsPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { history, isReading, failure, retry } = useEarnings()
  const todayMs = startOfDay(useHostNow())
  const forecast = useMemo(() => (history === undefined ? undefined : forecastDay(history.epochs, history)), [history])
  return (
    <>
      <header className="page-head earn-head">
        <div>
          <h1 className="page-title">Earnings</h1>
          <p className="page-text">
            Every figure here is a sum of entries on chain. <a href="#why">The reason of each</a> stands in the ledger.
          </p>
        </div>
        <ExportButton history={history} isReading={isReading} />
      </header>
      {failure !== undefined && (
        <p className="earn-failed" role="alert">
          {failureSentence(failure)}{' '}
          <button type="button" className="button button-small" onClick={retry}>
            Try again
          </button>
        </p>
      )}
      <div className="earn-top">
        <TotalsPanel snapshot={snapshot} history={history} todayMs={todayMs} isReading={isReading} />
        <ForecastPanel snapshot={snapshot} forecast={forecast} epochMs={history?.epochMs} />
      </div>
      <EarnChartPanel history={history} isReading={isReading} todayMs={todayMs} forecast={forecast} />
      <div className="earn-columns">
        <div className="column">
          <BySourcePanel history={history} todayMs={todayMs} />
          <ByDevicePanel history={history} ownDevice={snapshot.deviceAddress} />
        </div>
        <HeldPanel snapshot={snapshot} history={history} />
      </div>
      {history !== undefined && <MissingNote history={history} />}
    </>
  )
}
