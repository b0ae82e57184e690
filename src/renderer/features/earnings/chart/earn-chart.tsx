import type { ReactNode } from 'react'
import { formatCount } from '../../../format/amounts.ts'
import { SOURCE_NAMES } from '../by-source-panel.tsx'
import { formatDay } from '../days.ts'
import type { Slot, Source } from '../earnings-sums.ts'
import { netOf, SOURCES } from '../earnings-sums.ts'
import { aboutTail, signedTailText } from '../signed-tail.tsx'
import { chartScale, labelledSlots } from './chart-scale.ts'

const HEIGHT = 1_000
const WIDTH = 100
const BAR = 64
/** A sum that is there is seen, however small beside the others. */
const LEAST = 6
/** A few bars are no walls. */
const LEAST_SLOTS = 14
const MOST_LABELS = 7

interface EarnChartProps {
  readonly slots: readonly Slot[]
  /** Mean of a race in utail, drawn as a line; absent where the slots are days. */
  readonly mean?: number | undefined
  readonly onPoint: (slot: Slot | undefined) => void
}

/** Stacked bars: what came in above the line, what was taken below. The picture has no text; HTML sets it around. */
export function EarnChart({ slots, mean, onPoint }: EarnChartProps): ReactNode {
  const scale = chartScale(slots)
  const width = Math.max(LEAST_SLOTS, slots.length)
  const labelled = labelledSlots(slots.length, MOST_LABELS)
  return (
    <figure className="bars" data-testid="earn-chart">
      <div className="bars-plot" onPointerLeave={() => onPoint(undefined)}>
        {scale.ticks.map((tick) => (
          <span key={tick} className="bars-tick number" style={{ top: `${100 * scale.at(tick)}%` }} aria-hidden="true">
            <span className="bars-tick-name">{aboutTail(tick)}</span>
          </span>
        ))}
        <svg
          viewBox={`0 0 ${width * WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="bars-picture"
          role="img"
          aria-label={describe(slots)}
        >
          {slots.map((slot, index) => (
            <Bar key={slot.key} slot={slot} x={index * WIDTH} at={scale.at} onPoint={onPoint} />
          ))}
          {mean !== undefined && (
            <line
              className="bars-mean"
              x1={0}
              x2={width * WIDTH}
              y1={HEIGHT * scale.at(mean)}
              y2={HEIGHT * scale.at(mean)}
              vectorEffect="non-scaling-stroke"
            />
          )}
        </svg>
      </div>
      <figcaption className="bars-labels number" aria-hidden="true">
        {labelled.map((index) => (
          <span key={slots[index]?.key} style={{ left: `${(100 * (index + 0.5)) / width}%` }}>
            {labelOf(slots[index])}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

interface BarProps {
  readonly slot: Slot
  readonly x: number
  readonly at: (utail: number) => number
  readonly onPoint: (slot: Slot) => void
}

function Bar({ slot, x, at, onPoint }: BarProps): ReactNode {
  const left = x + (WIDTH - BAR) / 2
  const line = HEIGHT * at(0)
  return (
    <g
      className="bars-slot"
      data-running={slot.isRunning}
      data-partial={slot.isPartial}
      onPointerEnter={() => onPoint(slot)}
    >
      <rect className="bars-ground" x={x} y={0} width={WIDTH} height={HEIGHT} />
      {stack(slot, at).map(({ source, top, height }) => (
        <rect key={source} data-source={source} x={left} y={top} width={BAR} height={height} />
      ))}
      {slot.sums.taken > 0n && (
        <rect
          data-source="taken"
          x={left}
          y={line}
          width={BAR}
          height={Math.max(LEAST, HEIGHT * at(-Number(slot.sums.taken)) - line)}
        />
      )}
    </g>
  )
}

interface Part {
  readonly source: Source
  readonly top: number
  readonly height: number
}

function stack({ sums }: Slot, at: (utail: number) => number): readonly Part[] {
  let base = HEIGHT * at(0)
  const parts: Part[] = []
  for (const source of SOURCES.filter((each) => sums[each] > 0n)) {
    const height = Math.max(LEAST, HEIGHT * (at(0) - at(Number(sums[source]))))
    base -= height
    parts.push({ source, top: base, height })
  }
  return parts
}

export function labelOf(slot: Slot | undefined): string {
  if (slot === undefined) {
    return ''
  }
  return slot.epoch === undefined ? formatDay(slot.startMs) : formatCount(slot.epoch)
}

/** What the sums of one slot are, in words. */
export function partsOf({ sums }: Slot): string {
  const parts = [...SOURCES, 'taken' as const].filter((source) => sums[source] > 0n)
  return parts.length === 0
    ? 'nothing'
    : parts
        .map(
          (source) =>
            `${SOURCE_NAMES[source].toLowerCase()} ${signedTailText(source === 'taken' ? -sums.taken : sums[source])}`,
        )
        .join(', ')
}

function describe(slots: readonly Slot[]): string {
  const first = slots[0]
  const net = slots.reduce((sum, { sums }) => sum + netOf(sums), 0n)
  const kind = first?.epoch === undefined ? 'days' : 'epochs'
  return `Bars for ${slots.length} ${kind}, ${labelOf(first)} to ${labelOf(slots.at(-1))}. Together ${signedTailText(net)} TAIL. The table below has each.`
}
