import type { ReactNode } from 'react'
import { useMemo, useState } from 'react'
import { formatCount } from '../../../format/amounts.ts'
import { Segments } from '../../app/segments.tsx'
import { SOURCE_NAMES } from '../by-source-panel.tsx'
import { formatHour, formatLongDay } from '../days.ts'
import type { EarningsHistory } from '../earnings-history.ts'
import type { Slot } from '../earnings-sums.ts'
import { byDay, byEpoch, netOf, SOURCES } from '../earnings-sums.ts'
import type { Forecast } from '../forecast.ts'
import { signedTailText } from '../signed-tail.tsx'
import { EarnChart, partsOf } from './earn-chart.tsx'
import { EarnTable } from './earn-table.tsx'
import './earn-chart.css'

const SHOWN_DAYS = 30
const SHOWN_EPOCHS = 48
const DAY_MS = 86_400_000

const UNITS = [
  { value: 'day', name: 'Days' },
  { value: 'epoch', name: 'Epochs' },
] as const
type Unit = (typeof UNITS)[number]['value']

interface EarnChartPanelProps {
  readonly history: EarningsHistory | undefined
  readonly isReading: boolean
  readonly todayMs: number
  readonly forecast: Forecast | undefined
}

/** What each day came to, or each epoch where they are short; the same as a table below. */
export function EarnChartPanel({ history, isReading, todayMs, forecast }: EarnChartPanelProps): ReactNode {
  const [asked, setAsked] = useState<Unit>()
  const [pointed, setPointed] = useState<Slot>()
  const unit = asked ?? fittingUnit(history, todayMs)
  const slots = useMemo(() => slotsOf(history, unit, todayMs), [history, unit, todayMs])
  const isEmpty = history === undefined || history.epochs.every(({ lines }) => lines.length === 0)
  const shown = pointed ?? slots.at(-1)
  return (
    <section className="panel" aria-labelledby="earn-chart-title">
      <div className="panel-head earn-chart-head">
        <h2 id="earn-chart-title" className="panel-title">
          {unit === 'day' ? 'Earned each day' : 'Earned in each epoch'}
        </h2>
        <ul className="earn-legend">
          {[...SOURCES, 'taken' as const].map((source) => (
            <li key={source} data-source={source}>
              {SOURCE_NAMES[source]}
            </li>
          ))}
          {unit === 'epoch' && forecast?.state === 'ready' && <li className="earn-legend-mean">Mean of a race</li>}
        </ul>
        <Segments
          legend="Days or epochs"
          group="earn-unit"
          segments={UNITS}
          value={unit}
          onChange={(next) => {
            setPointed(undefined)
            setAsked(next)
          }}
        />
      </div>
      {isEmpty ? (
        <p className="empty bars-empty">{emptyWords(history, isReading)}</p>
      ) : (
        <>
          <p className="bars-pointed number">{shown === undefined ? '' : pointedWords(shown)}</p>
          <EarnChart
            slots={slots}
            mean={unit === 'epoch' ? meanOf(forecast, history) : undefined}
            onPoint={setPointed}
          />
          <EarnTable slots={slots} />
        </>
      )}
    </section>
  )
}

function emptyWords(history: EarningsHistory | undefined, isReading: boolean): string {
  if (isReading) {
    return 'Reading the ledger …'
  }
  return history === undefined
    ? 'The host has not told yet.'
    : 'The first bar comes with the first race that you are in to its close.'
}

/** Days once there are two of them. */
function fittingUnit(history: EarningsHistory | undefined, todayMs: number): Unit {
  const oldest = history?.epochs.at(-1)
  return oldest !== undefined && oldest.endedAtMs < todayMs ? 'day' : 'epoch'
}

function slotsOf(history: EarningsHistory | undefined, unit: Unit, todayMs: number): readonly Slot[] {
  if (history === undefined) {
    return []
  }
  const { completeFromEpoch, epochMs } = history
  return unit === 'day'
    ? byDay(history.epochs, { nowMs: todayMs, limit: SHOWN_DAYS, completeFromEpoch })
    : byEpoch(history.epochs, { limit: SHOWN_EPOCHS, completeFromEpoch, epochMs })
}

/** Of one race: a day's mean has as many of them as a day has epochs. */
function meanOf(forecast: Forecast | undefined, history: EarningsHistory): number | undefined {
  return forecast?.state === 'ready' ? (forecast.mean * history.epochMs) / DAY_MS : undefined
}

function pointedWords(slot: Slot): string {
  const name =
    slot.epoch === undefined
      ? formatLongDay(slot.startMs)
      : `Epoch ${formatCount(slot.epoch)}, to ${formatHour(slot.endMs)}`
  const state = slot.isRunning ? ' so far' : ''
  const partial = slot.isPartial ? ' (older entries are gone)' : ''
  return `${name}${state}: ${signedTailText(netOf(slot.sums))} TAIL · ${partsOf(slot)}${partial}`
}
