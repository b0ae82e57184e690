import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { DISPLAY_DENOM } from '../../../protocol/params.ts'
import { formatCount } from '../../format/amounts.ts'
import { formatSpan } from '../../format/time.ts'
import type { Forecast } from './forecast.ts'
import { LEAST_RACES } from './forecast.ts'
import { aboutTail } from './signed-tail.tsx'

interface ForecastPanelProps {
  readonly snapshot: ScreenSnapshot
  /** Undefined while the earnings are read. */
  readonly forecast: Forecast | undefined
  readonly epochMs: number | undefined
}

/** What a day may bring, with its error band, and how that is known. */
export function ForecastPanel({ snapshot, forecast, epochMs }: ForecastPanelProps): ReactNode {
  const { joined } = snapshot
  return (
    <section className="panel forecast" aria-labelledby="forecast-title" data-state={forecast?.state ?? 'reading'}>
      <h2 id="forecast-title" className="panel-title">
        A day from now
      </h2>
      {forecast?.state === 'ready' ? (
        <Ready forecast={forecast} joined={joined} epochMs={epochMs ?? 1} />
      ) : (
        <p className="empty forecast-wait" data-testid="forecast">
          {forecast === undefined ? 'Reading …' : waitWords(forecast.races, joined)}
        </p>
      )}
    </section>
  )
}

function waitWords(races: number, joined: boolean): string {
  const known =
    races === 0 ? 'No closed race is known yet' : `Only ${races} closed ${races === 1 ? 'race is' : 'races are'} known`
  const next = joined ? 'They come by themselves.' : 'Join, and they come by themselves.'
  return `Not enough races yet to say. ${known}; a forecast takes ${LEAST_RACES}. ${next}`
}

interface ReadyProps {
  readonly forecast: Extract<Forecast, { state: 'ready' }>
  readonly joined: boolean
  readonly epochMs: number
}

function Ready({ forecast, joined, epochMs }: ReadyProps): ReactNode {
  const { mean, low, high, races } = forecast
  const at = high === low ? 0.5 : (mean - low) / (high - low)
  return (
    <>
      <p className="forecast-mean number" data-testid="forecast">
        ≈ {aboutTail(mean)} <span className="tail-unit">{DISPLAY_DENOM}</span>
      </p>
      <div className="forecast-band" aria-hidden="true">
        <span className="forecast-dot" style={{ left: `${100 * at}%` }} />
      </div>
      <p className="forecast-ends number" data-testid="forecast-band">
        <span className="only-for-readers">Most likely between</span> <span>{aboutTail(low)}</span>{' '}
        <span className="only-for-readers">and</span> <span>{aboutTail(high)}</span>
      </p>
      <details className="forecast-how">
        <summary>
          From {races} races; 19 of 20 days lie in the band{joined ? '' : ', if you take part'}
        </summary>
        <p>
          The mean of the last {races} closed races, times {formatCount(Math.round(86_400_000 / epochMs))} races of{' '}
          {formatSpan(epochMs)} in a day. The band comes from how much those races differ and from how few they are
          (Student’s t). It holds while nothing changes: not your machine, not how many hosts race, not the orders.
        </p>
      </details>
    </>
  )
}
